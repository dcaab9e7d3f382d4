using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Kernel.Tests.Targets;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Kernel.Tests.Profiles;

/// <summary>Go's own pprof reads what Sonde writes (tests/setup/pprof).</summary>
public sealed class PprofTests : IDisposable
{
    readonly string _file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pb.gz");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Go_shows_the_functions_with_the_times_of_the_profile()
    {
        Write(ProfileUnit.Nanoseconds);
        var top = Run("-top", "-unit=ms");
        Assert.Contains("Type: wall", top, StringComparison.Ordinal);
        Assert.Contains("Duration: 2s, Total samples = 100ms", top, StringComparison.Ordinal);
        Assert.Contains(Lines(top), line => line is ["70ms", _, _, "90ms", _, "Server.handle"]);
        Assert.Contains(Lines(top), line => line is ["20ms", _, _, "20ms", _, "memcpy"]);
        Assert.Contains(Lines(top), line => line is ["10ms", _, _, "100ms", _, "<module>"]);
    }

    [Fact]
    public void Go_shows_labels_comments_and_the_period()
    {
        Write(ProfileUnit.Nanoseconds);
        var raw = Run("-raw");
        Assert.Contains("PeriodType: wall nanoseconds", raw, StringComparison.Ordinal);
        Assert.Contains("Period: 10000000", raw, StringComparison.Ordinal);
        Assert.Contains("samples/count wall/nanoseconds[dflt]", raw, StringComparison.Ordinal);
        Assert.Contains("gil:[held]", raw, StringComparison.Ordinal);
        Assert.Contains("state:[waiting for io]", raw, StringComparison.Ordinal);
        Assert.Contains("thread:[worker]", raw, StringComparison.Ordinal);
        Assert.Contains("/srv/app.py:12", raw, StringComparison.Ordinal);
        var comments = Run("-comments");
        Assert.Contains("process 10 (parent 1): python app.py", comments, StringComparison.Ordinal);
        Assert.Contains("lost 3: the stack changed while it was read", comments, StringComparison.Ordinal);
    }

    [Fact]
    public void Go_shows_memory_in_bytes_and_counts_alone()
    {
        Write(ProfileUnit.Bytes);
        Assert.Contains("Type: space", Run("-top"), StringComparison.Ordinal);
        Write(ProfileUnit.Samples);
        Assert.Contains("Type: samples", Run("-top"), StringComparison.Ordinal);
    }

    void Write(ProfileUnit unit)
    {
        var profile = new Profile(keepsTimeline: false)
        {
            Info = new ProfileInfo { Title = "sonde record", Unit = unit, Start = DateTimeOffset.UnixEpoch.AddYears(50), DurationNs = 2_000_000_000, IntervalNs = 10_000_000 },
        };
        profile.Processes.Add(new ProfileProcess(10, 1, "python app.py"));
        profile.Threads.Add(new ProfileThread(0, 10, "MainThread"));
        profile.Threads.Add(new ProfileThread(0, 11, "worker"));
        int module = Stack(StackTable.Empty, new Frame(FrameKind.Python, "<module>", "/srv/app.py", 90, 80));
        int handle = Stack(module, new Frame(FrameKind.Python, "Server.handle", "/srv/app.py", 12, 10));
        int copy = Stack(handle, new Frame(FrameKind.Native, "memcpy", "/usr/lib/libc.so.6", 0));
        profile.Add(new ProfileEntry(0, module, ThreadState.Running, HoldsGil: true, 1, 10_000_000));
        profile.Add(new ProfileEntry(1, handle, ThreadState.WaitingForIo, HoldsGil: false, 7, 70_000_000));
        profile.Add(new ProfileEntry(1, copy, ThreadState.Running, HoldsGil: false, 2, 20_000_000));
        profile.Losses.Add("the stack changed while it was read", count: 3);
        ProfileFormats.WriteFile(profile, ProfileFormats.ByName("pprof"), _file);

        int Stack(int caller, Frame frame) => profile.Stacks.Intern(caller, profile.Frames.Intern(frame));
    }

    static IEnumerable<string[]> Lines(string text) => text.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    string Run(params string[] arguments)
    {
        string table = Path.Combine(Repository.Artifacts, "pprof.tsv");
        string program = File.Exists(table) ? File.ReadAllText(table).Trim().Split('\t')[1] : "-";
        Requires.That(program != "-", "needs Go's pprof: run tests/setup/pprof");
        using var pprof = Target.Start(program, [.. arguments, _file]);
        string output = pprof.ReadToEnd();
        Assert.Equal(0, pprof.WaitForExit());
        return output;
    }
}
