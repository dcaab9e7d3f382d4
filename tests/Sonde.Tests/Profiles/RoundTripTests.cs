using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Profiles;

/// <summary>Random profiles are written, recognized by their content, and read again.</summary>
public sealed class RoundTripTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 25)];

    [Theory, MemberData(nameof(Seeds))]
    public void Jsonl_keeps_everything(int seed)
    {
        foreach (var unit in Enum.GetValues<ProfileUnit>())
        {
            var profile = RandomProfile.Make(seed, timeline: seed % 2 == 0, unit);
            Assert.Equal(RandomProfile.Describe(profile), RandomProfile.Describe(Pass(profile, "jsonl")));
        }
    }

    [Theory, InlineData("raw"), InlineData("jsonl"), InlineData("pprof"), InlineData("speedscope"), InlineData("chrome"), InlineData("gecko"), InlineData("perfetto")]
    public void Lone_surrogates_are_the_same_text_in_every_format(string format)
    {
        var profile = new Profile(keepsTimeline: true) { Info = new ProfileInfo { IntervalNs = 1000 } };
        profile.Processes.Add(new ProfileProcess(1, 0, "python \ud83d\ude00\udc00"));
        profile.Threads.Add(new ProfileThread(0, 1, "\ud800"));
        int stack = profile.Stacks.Intern(StackTable.Empty, profile.Frames.Intern(new Frame(FrameKind.Python, "f\ud83d\ude00\ud83d", "/srv/caf\udce9.py", 3)));
        Assert.Equal(stack, profile.Stacks.Intern(StackTable.Empty, profile.Frames.Intern(new Frame(FrameKind.Python, "f\ud83d\ude00\ud83d", "/srv/caf\udce9.py", 3))));
        profile.Add(new Sample(1000, 0, stack, 1000, ThreadState.Running, false));

        var read = Pass(profile, format);

        var frame = read.Frames[read.Stacks.Innermost(read.Timeline is [var sample, ..] ? sample.Stack : read.Entries.Single().Stack)];
        Assert.Equal(("f\ud83d\ude00\\ud83d", "/srv/caf\\udce9.py", 3), (frame.Function, frame.File, frame.Line));
        Assert.Equal("\\ud800", profile.Threads[0].Name);
        Assert.Equal("python \ud83d\ude00\\udc00", profile.Processes[0].CommandLine);
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Raw_keeps_stacks_and_counts(int seed)
    {
        var profile = RandomProfile.Make(seed, timeline: seed % 2 == 0);
        var read = Pass(profile, "raw");
        static Frame Keep(Frame frame) => frame with { FirstLine = 0, File = frame.Kind == FrameKind.Kernel ? "" : frame.File };
        Assert.Equal(
            RandomProfile.Sums(profile, entry => RandomProfile.Stack(profile, entry.Stack, Keep), entry => entry.Samples),
            RandomProfile.Sums(read, entry => RandomProfile.Stack(read, entry.Stack), entry => entry.Samples));
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Raw_keeps_threads_and_processes_that_are_frames(int seed)
    {
        var profile = new ProfileView { ThreadsAsFrames = true, ProcessesAsFrames = true }.Apply(RandomProfile.Make(seed));
        var read = Pass(profile, "raw");
        string Owner(Profile of, ProfileEntry entry) => RandomProfile.Thread(of, entry.Thread);
        Assert.Equal(RandomProfile.Sums(profile, entry => Owner(profile, entry), entry => entry.Samples), RandomProfile.Sums(read, entry => Owner(read, entry), entry => entry.Samples));
        Assert.Equal(Write(profile, "raw"), Write(read, "raw"));
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Speedscope_keeps_threads_stacks_weights_and_times(int seed)
    {
        foreach (var unit in Enum.GetValues<ProfileUnit>())
        {
            var profile = RandomProfile.Make(seed, timeline: seed % 2 == 0, unit);
            var read = Pass(profile, "speedscope");
            static Frame Keep(Frame frame) => frame with { FirstLine = 0, Kind = FrameLabel.KindOf(frame.Function, frame.File, frame.Line) };
            Assert.Equal(
                RandomProfile.Sums(profile, entry => RandomProfile.Thread(profile, entry.Thread) + RandomProfile.Stack(profile, entry.Stack, Keep), entry => entry.Weight),
                RandomProfile.Sums(read, entry => RandomProfile.Thread(read, entry.Thread) + RandomProfile.Stack(read, entry.Stack), entry => entry.Weight));
            if (profile.KeepsTimeline && unit == ProfileUnit.Nanoseconds)
            {
                AssertTimes(profile, read);
            }
        }
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Pprof_keeps_everything_but_times(int seed)
    {
        foreach (var unit in Enum.GetValues<ProfileUnit>())
        {
            var profile = RandomProfile.Make(seed, timeline: seed % 2 == 0, unit);
            var read = Pass(profile, "pprof");
            Assert.Equal(profile.Info with { Mode = read.Info.Mode }, read.Info);
            Assert.Equal(profile.Processes, read.Processes);
            Assert.Equal(profile.Losses.Causes, read.Losses.Causes);
            Assert.Equal(profile.Losses.Functions, read.Losses.Functions);
            static string Key(Profile of, ProfileEntry entry) => $"{RandomProfile.Thread(of, entry.Thread)} {entry.State} {entry.HoldsGil} {RandomProfile.Stack(of, entry.Stack)}";
            Assert.Equal(RandomProfile.Sums(profile, entry => Key(profile, entry), entry => entry.Samples), RandomProfile.Sums(read, entry => Key(read, entry), entry => entry.Samples));
            if (unit != ProfileUnit.Samples)
            {
                Assert.Equal(RandomProfile.Sums(profile, entry => Key(profile, entry), entry => entry.Weight), RandomProfile.Sums(read, entry => Key(read, entry), entry => entry.Weight));
            }
        }
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Gecko_keeps_samples_states_and_what_was_lost(int seed)
    {
        foreach (var unit in Enum.GetValues<ProfileUnit>())
        {
            var profile = RandomProfile.Make(seed, timeline: true, unit);
            var read = Pass(profile, "gecko");
            Assert.Equal(profile.Info, read.Info);
            Assert.Equal(profile.Losses.Causes, read.Losses.Causes);
            Assert.Equal(Samples(profile, frame => frame), Samples(read, frame => frame));
        }
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Gecko_keeps_sums_but_their_counts(int seed)
    {
        var profile = RandomProfile.Make(seed, timeline: false);
        var read = Pass(profile, "gecko");
        Assert.Equal(
            RandomProfile.Sums(profile, entry => RandomProfile.Thread(profile, entry.Thread) + RandomProfile.Stack(profile, entry.Stack), entry => entry.Weight),
            RandomProfile.Sums(read, entry => RandomProfile.Thread(read, entry.Thread) + RandomProfile.Stack(read, entry.Stack), entry => entry.Weight));
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Perfetto_keeps_samples_and_states(int seed)
    {
        var profile = RandomProfile.Make(seed);
        var read = Pass(profile, "perfetto");
        Assert.Equal(profile.Info with { Title = "", DurationNs = read.Info.DurationNs }, read.Info);
        Assert.Equal(profile.Losses.Total, read.Losses.Total);
        Assert.Equal(profile.Processes, read.Processes);
        Assert.Equal(Samples(profile, frame => frame with { FirstLine = 0 }), Samples(read, frame => frame));
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Perfetto_keeps_sums_as_samples_and_memory_as_a_heap(int seed)
    {
        static Frame Keep(Frame frame) => frame with { FirstLine = 0 };
        var profile = RandomProfile.Make(seed, timeline: false);
        var read = Pass(profile, "perfetto");
        Assert.Equal(profile.SampleCount, read.SampleCount);
        Assert.Equal(
            RandomProfile.Sums(profile, entry => $"{RandomProfile.Thread(profile, entry.Thread)} {entry.State} {RandomProfile.Stack(profile, entry.Stack, Keep)}", entry => entry.Weight),
            RandomProfile.Sums(read, entry => $"{RandomProfile.Thread(read, entry.Thread)} {entry.State} {RandomProfile.Stack(read, entry.Stack)}", entry => entry.Weight));

        var memory = RandomProfile.Make(seed, timeline: false, ProfileUnit.Bytes);
        var heap = Pass(memory, "perfetto");
        Assert.Equal(ProfileUnit.Bytes, heap.Info.Unit);
        Assert.Equal(
            RandomProfile.Sums(memory, entry => RandomProfile.Stack(memory, entry.Stack, Keep), entry => entry.Weight),
            RandomProfile.Sums(heap, entry => RandomProfile.Stack(heap, entry.Stack), entry => entry.Weight));
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Chrome_keeps_threads_and_the_time_of_each_stack(int seed)
    {
        static Frame Keep(Frame frame) => frame with { FirstLine = 0 };
        foreach (var unit in Enum.GetValues<ProfileUnit>())
        {
            var profile = RandomProfile.Make(seed, timeline: false, unit);
            var read = Pass(profile, "chrome");
            Assert.Equal(profile.Info with { Start = default, DurationNs = read.Info.DurationNs }, read.Info);
            Assert.Equal(profile.Losses.Total, read.Losses.Total);
            Assert.Equal(
                RandomProfile.Sums(profile, entry => RandomProfile.Thread(profile, entry.Thread) + RandomProfile.Stack(profile, entry.Stack, Keep), entry => entry.Weight),
                RandomProfile.Sums(read, entry => RandomProfile.Thread(read, entry.Thread) + RandomProfile.Stack(read, entry.Stack), entry => entry.Weight));
        }
    }

    [Fact]
    public void Chrome_draws_a_frame_once_while_it_is_sampled_and_closes_it_where_nothing_was()
    {
        var profile = new Profile(keepsTimeline: true) { Info = new ProfileInfo { IntervalNs = 10_000_000 } };
        profile.Processes.Add(new ProfileProcess(1, 0, ""));
        profile.Threads.Add(new ProfileThread(0, 1, ""));
        int main = profile.Stacks.Intern(StackTable.Empty, profile.Frames.Intern(new Frame(FrameKind.Python, "main", "a.py", 1)));
        int callee = profile.Stacks.Intern(main, profile.Frames.Intern(new Frame(FrameKind.Python, "f", "a.py", 2)));
        foreach (var (milliseconds, stack) in new[] { (0, main), (11, callee), (20, callee), (31, main), (90, main) })
        {
            profile.Add(new Sample(milliseconds * 1_000_000, 0, stack, 10_000_000, ThreadState.Running, HoldsGil: false));
        }

        var events = System.Text.Json.JsonDocument.Parse(Write(profile, "chrome")).RootElement.GetProperty("traceEvents").EnumerateArray()
            .Select(e => $"{e.GetProperty("ph")} {e.GetProperty("ts")} {(e.TryGetProperty("name", out var name) ? name.GetString() : "")}".Trim());
        Assert.Equal(["B 0 main", "B 10000 f", "E 30000", "E 40000", "B 90000 main", "E 100000"], events);
    }

    [Theory, InlineData("chrome"), InlineData("speedscope")]
    public void A_thread_that_runs_all_the_time_does_so_on_the_axis_whenever_in_their_intervals_its_samples_were_taken(string format)
    {
        const int samples = 1000, interval = 1_000_000;
        var profile = new Profile(keepsTimeline: true) { Info = new ProfileInfo { IntervalNs = interval, DurationNs = (long)samples * interval } };
        profile.Processes.Add(new ProfileProcess(1, 0, ""));
        profile.Threads.Add(new ProfileThread(0, 1, ""));
        int main = profile.Stacks.Intern(StackTable.Empty, profile.Frames.Intern(new Frame(FrameKind.Python, "main", "a.py", 1)));
        var random = new Random(3);
        for (int i = 0; i < samples; i++)
        {
            profile.Add(new Sample(((long)i * interval) + random.Next(interval), 0, main, interval, ThreadState.Running, HoldsGil: false));
        }

        var read = Pass(profile, format);
        Assert.Equal((long)samples * interval, read.Entries.Sum(static entry => entry.Weight));
        long end = read.Timeline.Max(static sample => sample.TimeNs + sample.Weight);
        Assert.InRange(end, (long)samples * interval, (samples + 2L) * interval);
    }

    static string Samples(Profile profile, Func<Frame, Frame> keep) => string.Join('\n', profile.Timeline
        .Select(sample => $"{RandomProfile.Thread(profile, sample.Thread)} {sample.TimeNs:d12} {sample.Weight} {sample.State} {sample.HoldsGil} {RandomProfile.Stack(profile, sample.Stack, keep)}")
        .Order(StringComparer.Ordinal));

    /// <summary>The samples of each thread follow each other as they did, their times true to an interval.</summary>
    static void AssertTimes(Profile profile, Profile read)
    {
        for (int thread = 0; thread < profile.Threads.Count; thread++)
        {
            var before = profile.Timeline.Where(sample => sample.Thread == thread).ToList();
            int number = read.Threads.FindIndex(candidate => candidate.Tid == profile.Threads[thread].Tid);
            var after = read.Timeline.Where(sample => sample.Thread == number).ToList();
            Assert.Equal(before.Select(sample => sample.Weight), after.Select(sample => sample.Weight));
            Assert.All(before.Zip(after), pair => Assert.InRange(pair.First.TimeNs - pair.Second.TimeNs, 0, profile.Info.IntervalNs));
        }
    }

    internal static Profile Pass(Profile profile, string format)
    {
        using var file = new MemoryStream(Write(profile, format));
        Assert.Equal(format, FileContent.Recognize(FileContent.Unpack(file)).Name);
        file.Position = 0;
        return ProfileFormats.Read(file);
    }

    internal static byte[] Write(Profile profile, string format)
    {
        using var file = new MemoryStream();
        ProfileFormats.ByName(format).Write(profile, file);
        return file.ToArray();
    }
}
