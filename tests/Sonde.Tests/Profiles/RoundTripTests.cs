using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Xunit;

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
