using Sonde.Engine.Profiles;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Profiles;

/// <summary>Profiles with everything a profile can hold, made from a seed, and how much of them each format keeps.</summary>
static class RandomProfile
{
    static readonly string[] _functions =
        ["main", "Server.handle", "<module>", "f.<locals>.<lambda>", "a;b", "quote\"d", "back\\slash", "line\nbreak", "naïve", "日本語", "😀", "operator() (int)", "tab\t", "\\x3b", "C:\\users", "_PyEval_EvalFrameDefault", ""];

    static readonly string[] _files = ["/srv/app.py", "/usr/lib/python3.13/json/decoder.py", "<string>", "/usr/lib/libc.so.6", "", "/odd (1)/x:7.py", "/semi;colon.py"];

    public static Profile Make(int seed, bool timeline = true, ProfileUnit unit = ProfileUnit.Nanoseconds)
    {
        var random = new Random(seed);
        var profile = new Profile(timeline)
        {
            Info = new ProfileInfo
            {
                Title = "sonde record -p 1; \"x\"",
                Mode = unit == ProfileUnit.Bytes ? "memory" : "wall",
                Unit = unit,
                Start = DateTimeOffset.UnixEpoch.AddMicroseconds(1_700_000_000_000_000 + random.Next()),
                DurationNs = 5_000_000_000,
                IntervalNs = 10_000_000,
            },
        };
        profile.Processes.Add(new ProfileProcess(10, 1, "python app.py"));
        profile.Processes.Add(new ProfileProcess(20, 10, "python -c \"import x\""));
        profile.Threads.Add(new ProfileThread(0, 10, "MainThread"));
        profile.Threads.Add(new ProfileThread(0, 11, "worker \"1\""));
        profile.Threads.Add(new ProfileThread(1, 20, ""));
        var stacks = new List<int>();
        for (int i = 0; i < 40; i++)
        {
            int caller = stacks.Count > 0 && random.Next(4) > 0 ? stacks[random.Next(stacks.Count)] : StackTable.Empty;
            stacks.Add(profile.Stacks.Intern(caller, profile.Frames.Intern(MakeFrame(random))));
        }

        long[] time = [0, 3_000_000, 5_000_000];
        for (int i = 0; i < 300; i++)
        {
            int thread = random.Next(3);
            var sample = new Sample(
                time[thread], thread, stacks[random.Next(stacks.Count)], random.Next(1, 20_000_000), (ThreadState)random.Next(8), random.Next(4) == 0);
            time[thread] += sample.Weight + (random.Next(5) == 0 ? random.Next(60_000_000) : 0);
            if (timeline)
            {
                profile.Add(sample);
            }
            else
            {
                profile.Add(new ProfileEntry(sample.Thread, sample.Stack, sample.State, sample.HoldsGil, random.Next(1, 9), sample.Weight));
            }
        }

        profile.Losses.Add("the stack changed while it was read", "Server.handle", 3);
        profile.Losses.Add("the thread ended", count: 2);
        return profile;
    }

    static Frame MakeFrame(Random random)
    {
        string function = _functions[random.Next(_functions.Length)];
        switch (random.Next(8))
        {
            case 0:
                return new Frame(FrameKind.Native, function, "/usr/lib/libc.so.6", 0);
            case 1:
                return new Frame(FrameKind.Kernel, "do_syscall_64", "", 0);
            case 2:
                return new Frame(FrameKind.Marker, "<garbage collection>", "", 0);
            default:
                int first = random.Next(1, 90);
                string file = _files[random.Next(3)];
                return new Frame(FrameKind.Python, function, file, first + random.Next(10), first);
        }
    }

    /// <summary>The whole profile as text: what two profiles have in common when no part of it is looked at in particular.</summary>
    public static string Describe(Profile profile)
    {
        var lines = new List<string>
        {
            profile.Info.ToString(),
            string.Join(',', profile.Processes),
            string.Join(',', profile.Threads),
            string.Join(',', profile.Losses.Causes),
            string.Join(',', profile.Losses.Functions.OrderBy(function => function.Key, StringComparer.Ordinal)),
        };
        lines.AddRange(profile.Timeline.Select(sample => $"{sample.TimeNs} {Thread(profile, sample.Thread)} {Stack(profile, sample.Stack)} {sample.Weight} {sample.State} {sample.HoldsGil}"));
        lines.AddRange(profile.Entries
            .Select(entry => $"{Thread(profile, entry.Thread)} {Stack(profile, entry.Stack)} {entry.State} {entry.HoldsGil} {entry.Samples} {entry.Weight}")
            .Order(StringComparer.Ordinal));
        return string.Join('\n', lines);
    }

    /// <summary>Sums by what a format keeps, in an order of their own.</summary>
    public static string Sums(Profile profile, Func<ProfileEntry, string> key, Func<ProfileEntry, long> value) => string.Join(
        '\n',
        profile.Entries.GroupBy(key).Select(group => $"{group.Key} = {group.Sum(value)}").Order(StringComparer.Ordinal));

    public static string Thread(Profile profile, int thread) => $"{profile.Processes[profile.Threads[thread].Process].Pid}/{profile.Threads[thread].Tid} {profile.Threads[thread].Name}";

    public static string Stack(Profile profile, int stack, Func<Frame, Frame>? keep = null)
    {
        var frames = new List<string>();
        for (; stack != StackTable.Empty; stack = profile.Stacks.Caller(stack))
        {
            var frame = profile.Frames[profile.Stacks.Innermost(stack)];
            frames.Add((keep is null ? frame : keep(frame)).ToString());
        }

        frames.Reverse();
        return string.Join(" > ", frames);
    }
}
