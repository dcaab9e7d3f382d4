using System.IO.Pipes;
using Sonde.Engine;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Engine.Recording;
using Sonde.Engine.Recording.Sessions;
using Sonde.Linux;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Recording;

public sealed class OutputNameTests
{
    static readonly DateTimeOffset _time = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    [Theory]
    [InlineData("out.svg", "out.svg")]
    [InlineData("%p-%t-%n.svg", "42-20260304T050607-3.svg")]
    [InlineData("100%%.svg", "100%.svg")]
    public void Patterns_are_filled_in(string pattern, string name) => Assert.Equal(name, OutputName.Expand(pattern, 42, _time, 3));

    [Theory]
    [InlineData("%x.svg")]
    [InlineData("100%")]
    public void Other_letters_are_refused(string pattern) => Assert.Throws<UsageException>(() => OutputName.Expand(pattern, 42, _time, 3));

    [Theory]
    [InlineData("a.svg", false)]
    [InlineData("a-%p.svg", false)]
    [InlineData("a-%n.svg", true)]
    [InlineData("a-%t.svg", true)]
    [InlineData("a-%%n.svg", false)]
    public void What_varies_is_known(string pattern, bool varies) => Assert.Equal(varies, OutputName.Varies(pattern));

    [Fact]
    public void A_name_that_would_be_the_same_every_time_gets_a_number() => Assert.Equal("dir/a-%n.svg", OutputName.WithNumber("dir/a.svg"));

    [Fact]
    public void A_recording_without_a_name_is_called_after_the_program_and_the_time() =>
        Assert.Equal("my_app.py-20260304T050607.svg", OutputName.Default("/srv/my app.py", _time, ".svg"));

    [Fact]
    public void A_profile_that_finds_no_room_is_kept_elsewhere()
    {
        WrittenProfile written = ProfileFile.Write(new Profile(false), ProfileFormats.ByName("raw"), "/nowhere/at/all/a.raw");
        try
        {
            Assert.NotEqual("/nowhere/at/all/a.raw", written.Path);
            Assert.True(File.Exists(written.Path));
            Assert.Contains("the directory does not exist", written.Problem, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(written.Path);
        }
    }

    [Fact]
    public void What_is_kept_elsewhere_is_for_the_user_alone_and_takes_the_place_of_nothing()
    {
        string first = ProfileFile.Write(new Profile(false), ProfileFormats.ByName("raw"), "/nowhere/at/all/planted.raw").Path;
        File.Delete(first);
        string victim = Path.GetTempFileName();
        File.CreateSymbolicLink(first, victim);
        string second = ProfileFile.Write(new Profile(false), ProfileFormats.ByName("jsonl"), "/nowhere/at/all/planted.raw").Path;
        try
        {
            Assert.NotEqual(first, second);
            Assert.Equal("", File.ReadAllText(victim));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(second));
        }
        finally
        {
            File.Delete(first);
            File.Delete(second);
            File.Delete(victim);
        }
    }

    [Fact]
    public void A_directory_that_there_is_not_is_refused_before_anything_is_recorded()
    {
        Assert.Contains("the directory '/nowhere' does not exist", Assert.Throws<UserErrorException>(() => OutputName.CheckDirectory("/nowhere/a.svg")).Message, StringComparison.Ordinal);
        Assert.Contains("is a directory", Assert.Throws<UserErrorException>(() => OutputName.CheckDirectory("/tmp")).Message, StringComparison.Ordinal);
        OutputName.CheckDirectory("a.svg");
        OutputName.CheckDirectory("/tmp/a.svg");
        OutputName.CheckDirectory("/tmp/%t/a.svg");
    }

    [Fact]
    public void A_file_is_replaced_whole_and_nothing_else_is_left_beside_it()
    {
        string directory = Directory.CreateTempSubdirectory("sonde-").FullName;
        string path = Path.Combine(directory, "a.raw");
        File.WriteAllText(path, "before");

        ProfileFile.Write(new Profile(false), ProfileFormats.ByName("raw"), path);

        Assert.Equal([path], Directory.GetFiles(directory));
        Assert.NotEqual("before", File.ReadAllText(path));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void Pipes_and_devices_are_written_to_and_stay()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        string path = $"/proc/self/fd/{pipe.GetClientHandleAsString()}";

        Assert.Null(ProfileFile.Write(new Profile(false), ProfileFormats.ByName("jsonl"), path).Problem);

        Assert.NotEqual(-1, pipe.ReadByte());
        Assert.True(FileStatus.TryRead(path, followsLinks: true, out FileStatus status) && !status.IsRegularFile);
    }

    [Fact]
    public void What_nobody_reads_to_its_end_is_kept_nowhere_else()
    {
        // More than a pipe holds, so that the writer waits for the reader, who leaves.
        var profile = new Profile(false);
        profile.Processes.Add(new ProfileProcess(1, 0, new string('x', 1 << 20)));
        profile.Threads.Add(new ProfileThread(0, 1, ""));
        profile.Add(new ProfileEntry(0, StackTable.Empty, ThreadState.Running, false, 1, 1));
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        string path = $"/proc/self/fd/{pipe.GetClientHandleAsString()}";
        var reader = new Thread(() =>
        {
            pipe.ReadByte();
            pipe.SafePipeHandle.Dispose();
        });
        reader.Start();

        WrittenProfile written = ProfileFile.Write(profile, ProfileFormats.ByName("jsonl"), path);

        reader.Join();
        Assert.Equal(new WrittenProfile(path, $"writing '{path}' ended early: nobody reads it any more"), written);
    }

    [Fact]
    public void Of_a_link_only_what_it_leads_to_is_replaced()
    {
        string directory = Directory.CreateTempSubdirectory("sonde-").FullName;
        string path = Path.Combine(directory, "a.raw"), link = Path.Combine(directory, "link.raw");
        File.WriteAllText(path, "before");
        File.CreateSymbolicLink(link, path);

        ProfileFile.Write(new Profile(false), ProfileFormats.ByName("raw"), link);

        Assert.Equal(path, new FileInfo(link).LinkTarget);
        Assert.NotEqual("before", File.ReadAllText(path));
        Directory.Delete(directory, recursive: true);
    }

    [Theory]
    [InlineData("Snapshot", null)]
    [InlineData("Stop", null)]
    public void A_request_without_a_path_is_read_back(string line, string? path)
    {
        Assert.True(SessionRequest.TryParse(line, out SessionRequest request));
        Assert.Equal((line, path), (request.Line, request.Path));
    }

    [Fact]
    public void A_request_with_any_path_is_one_line()
    {
        var request = new SessionRequest(SessionWord.Snapshot, "/tmp/a b\n\"ü.svg");
        Assert.DoesNotContain('\n', request.Line);
        Assert.True(SessionRequest.TryParse(request.Line, out SessionRequest again));
        Assert.Equal(request, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Shutdown")]
    [InlineData("Snapshot !")]
    public void What_is_no_request_is_refused(string line) => Assert.False(SessionRequest.TryParse(line, out _));
}
