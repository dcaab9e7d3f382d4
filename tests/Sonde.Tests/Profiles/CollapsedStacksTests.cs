using System.Text;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Profiles;

/// <summary>Collapsed stacks as the profilers that write them do.</summary>
public sealed class CollapsedStacksTests
{
    [Fact]
    public void Py_spys_threads_and_processes_are_known_and_stay_frames()
    {
        var profile = Read("process 12:\"python app.py\";process 15:\"python -c x\";thread (16): worker 1;<module> (app.py:3);spin (lib/t.py:6) 7\n");
        Assert.Equal([new ProfileProcess(12, 0, "python app.py"), new ProfileProcess(15, 12, "python -c x")], profile.Processes);
        Assert.Equal(new ProfileThread(1, 16, "worker 1"), Assert.Single(profile.Threads));
        Assert.Equal(5, profile.Stacks.Depth(Assert.Single(profile.Entries).Stack));
        Assert.Equal(new Frame(FrameKind.Python, "spin", "lib/t.py", 6), profile.Frames[4]);
        Assert.Equal(FrameKind.Marker, profile.Frames[0].Kind);
        Assert.Equal((ProfileUnit.Samples, 7L), (profile.Info.Unit, profile.SampleCount));
    }

    [Fact]
    public void Austins_lines_are_samples_with_times()
    {
        var profile = Read("""
            # austin: 3.7.0
            # interval: 1000
            # mode: wall

            P8;T0:9;/srv/app.py:<module>:10;/srv/app.py:spin:6 1050
            P8;T0:9;/srv/app.py:<module>:10;:INVALID: 1000
            P8;T0:9;/srv/app.py:<module>:11 950
            # duration: 3000
            """);
        Assert.Equal(new ProfileThread(0, 9, ""), Assert.Single(profile.Threads));
        Assert.Equal([(0L, 1_050_000L), (1_050_000, 950_000)], profile.Timeline.Select(sample => (sample.TimeNs, sample.Weight)));
        Assert.Equal(new Frame(FrameKind.Python, "spin", "/srv/app.py", 6), profile.Frames[1]);
        Assert.Equal(1_000_000, profile.Info.IntervalNs);
        Assert.Equal(1, profile.Losses.Total);
    }

    [Fact]
    public void Austins_full_mode_tells_who_was_idle()
    {
        var profile = Read("# austin: 3.7.0\n# mode: full\nP8;T9;a.py:f:1 100,1,0\nP8;T9;a.py:f:1 100,0,0\n");
        Assert.Equal([ThreadState.Sleeping, ThreadState.Unknown], profile.Timeline.Select(sample => sample.State));
    }

    [Fact]
    public void CPythons_own_profiler_names_the_thread_first()
    {
        var profile = Read("tid:4711;app.py:main:3;app.py:Server.handle:40 12\n");
        Assert.Equal(4711, Assert.Single(profile.Threads).Tid);
        Assert.Equal(new Frame(FrameKind.Python, "Server.handle", "app.py", 40), profile.Frames[1]);
        Assert.Equal(2, profile.Stacks.Depth(Assert.Single(profile.Entries).Stack));
    }

    [Fact]
    public void Perfs_stacks_are_machine_code()
    {
        var profile = Read("python3;[libc.so.6];std::vector<int>::push_back(int);do_syscall_64_[k] 3\nopaque 1\n");
        Assert.Equal(
            [FrameKind.Native, FrameKind.Native, FrameKind.Native, FrameKind.Kernel, FrameKind.Native],
            Enumerable.Range(0, profile.Frames.Count).Select(number => profile.Frames[number].Kind));
        Assert.Equal("do_syscall_64", profile.Frames[3].Function);
    }

    [Theory]
    [InlineData("name (file.py:12)", FrameKind.Python, "name", "file.py", 12)]
    [InlineData("operator() (int) (/lib/libx.so)", FrameKind.Native, "operator() (int)", "/lib/libx.so", 0)]
    [InlineData("f (odd (1)/x.py:3)", FrameKind.Python, "f", "odd (1)/x.py", 3)]
    [InlineData("f (<string>)", FrameKind.Python, "f", "<string>", 0)]
    [InlineData("call(int)", FrameKind.Native, "call(int)", "", 0)]
    [InlineData("main (main.c:3)", FrameKind.Native, "main", "main.c", 3)]
    [InlineData("<garbage collection>", FrameKind.Marker, "<garbage collection>", "", 0)]
    [InlineData("a:b:c:7", FrameKind.Python, "c", "a:b", 7)]
    [InlineData("12", FrameKind.Native, "12", "", 0)]
    public void Labels_are_taken_apart(string label, FrameKind kind, string function, string file, int line) =>
        Assert.Equal(new Frame(kind, function, file, line), FrameLabel.Parse(label));

    [Theory]
    [InlineData("a;b")]
    [InlineData("line\nbreak\r")]
    [InlineData("\\x3b \\u1234 \\Uffffffff \\n \\")]
    [InlineData("\u202e\ud800")]
    public void Whatever_a_name_holds_comes_back(string name)
    {
        string encoded = RawFormat.Encode(name);
        Assert.DoesNotContain(encoded, character => character is ';' or '\n' or '\r' or '\u202e');
        Assert.Equal(name, RawFormat.Decode(encoded));
    }

    static Profile Read(string text) => ProfileFormats.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)));
}
