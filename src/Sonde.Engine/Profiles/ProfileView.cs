using System.Text.RegularExpressions;
using Sonde.Engine.Profiles.Formats;

namespace Sonde.Engine.Profiles;

/// <summary>Another view of a profile: some of its samples, some of its frames, in another order. What was lost stays shown.</summary>
public sealed record ProfileView
{
    /// <summary>Functions instead of lines: a frame's line becomes the one where its function begins, as far as that is known.</summary>
    public bool ByFunction { get; init; }

    /// <summary>No lines at all; functions of one name in one file become one.</summary>
    public bool NoLines { get; init; }

    /// <summary>Under a frame for its thread, <c>thread (4711): worker</c>.</summary>
    public bool ThreadsAsFrames { get; init; }

    /// <summary>Under frames for its process and that one's recorded ancestors, <c>process 4710:"python app.py"</c>.</summary>
    public bool ProcessesAsFrames { get; init; }

    /// <summary>Only samples in which the thread held the global interpreter lock.</summary>
    public bool GilOnly { get; init; }

    /// <summary>Without samples in which the thread was idle (<see cref="IsIdle"/>).</summary>
    public bool WithoutIdle { get; init; }

    /// <summary>Only samples in one of these states; all when empty.</summary>
    public IReadOnlyList<ThreadState> States { get; init; } = [];

    /// <summary>Only samples with a frame of which this matches some part, as it is labelled with its whole path; all when null.</summary>
    public Regex? Function { get; init; }

    /// <summary>Innermost frames outermost: who calls, instead of who is called.</summary>
    public bool Inverted { get; init; }

    /// <summary>Files with their whole paths, where only their ends would be shown.</summary>
    public bool FullFileNames { get; init; }

    /// <summary>Whether a thread in this state has nothing to do or cannot go on, as opposed to one that runs or would with a free processor.</summary>
    public static bool IsIdle(ThreadState state) =>
        state is ThreadState.Sleeping or ThreadState.WaitingForGil or ThreadState.WaitingForLock or ThreadState.WaitingForIo or ThreadState.Stopped;

    /// <summary>Whether a profile would come out as it is.</summary>
    public bool ChangesNothing =>
        !(ByFunction || NoLines || ThreadsAsFrames || ProcessesAsFrames || GilOnly || WithoutIdle || Inverted || FullFileNames || States.Count > 0 || Function is not null);

    /// <summary>The profile seen this way: a new one, or the very same when nothing changes.</summary>
    /// <exception cref="UserErrorException">The expression took longer on a name than it was given.</exception>
    public Profile Apply(Profile profile)
    {
        try
        {
            return ChangesNothing ? profile : new Application(this, profile).Result();
        }
        catch (RegexMatchTimeoutException)
        {
            throw new UserErrorException($"the expression '{Function}' takes too long on a name in the profile; repetitions within repetitions, such as (a*)*, do that");
        }
    }

    bool Includes(ThreadState state, bool holdsGil) =>
        (!GilOnly || holdsGil) && (!WithoutIdle || !IsIdle(state)) && (States.Count == 0 || States.Contains(state));

    Frame Change(in Frame frame) =>
        NoLines ? frame with { Line = 0, FirstLine = 0 }
        : ByFunction ? frame with { Line = frame.FirstLine }
        : frame;

    /// <summary>One profile, seen through one view.</summary>
    sealed class Application(ProfileView view, Profile profile)
    {
        const int Excluded = -1;

        readonly Profile _result = new(profile.KeepsTimeline) { HasGivenUpTimes = profile.HasGivenUpTimes, Info = view.FullFileNames ? profile.Info with { FullFileNames = true } : profile.Info };
        readonly int[] _frames = new int[profile.Frames.Count];
        readonly bool[] _matches = new bool[profile.Frames.Count];

        // With frames for threads, a stack is another one in each thread.
        readonly Dictionary<(int Root, int Stack), int> _stacks = [];
        readonly List<int> _path = [];
        readonly int[] _roots = new int[profile.Threads.Count];

        public Profile Result()
        {
            _result.Processes.AddRange(profile.Processes);
            _result.Threads.AddRange(profile.Threads);
            for (int number = 0; number < _frames.Length; number++)
            {
                var frame = profile.Frames[number];
                _frames[number] = _result.Frames.Intern(view.Change(frame));
                _matches[number] = view.Function?.IsMatch(FrameLabel.Full(frame)) ?? true;
            }

            for (int thread = 0; thread < _roots.Length; thread++)
            {
                _roots[thread] = Root(thread);
            }

            if (profile.KeepsTimeline && profile.Timeline.Count == profile.SampleCount)
            {
                foreach (var sample in profile.Timeline)
                {
                    if (view.Includes(sample.State, sample.HoldsGil) && Stack(sample.Thread, sample.Stack) is var stack && stack >= 0)
                    {
                        _result.Add(sample with { Stack = stack });
                    }
                }
            }
            else
            {
                foreach (var entry in profile.Entries)
                {
                    if (view.Includes(entry.State, entry.HoldsGil) && Stack(entry.Thread, entry.Stack) is var stack && stack >= 0)
                    {
                        _result.Add(entry with { Stack = stack });
                    }
                }
            }

            _result.Losses.Add(profile.Losses);
            return _result;
        }

        int Root(int thread)
        {
            int stack = StackTable.Empty;
            var owner = profile.Threads[thread];
            foreach (var process in view.ProcessesAsFrames ? Ancestors(profile.Processes[owner.Process]) : [])
            {
                stack = Push(stack, ThreadLabel.Root(process));
            }

            return view.ThreadsAsFrames ? Push(stack, ThreadLabel.Root(owner)) : stack;
        }

        int Push(int stack, string text) => _result.Stacks.Intern(stack, _result.Frames.Intern(new Frame(FrameKind.Marker, text, "", 0)));

        /// <summary>The process and those it descends from, the eldest first. A number used again must not lead in a circle.</summary>
        List<ProfileProcess> Ancestors(ProfileProcess process)
        {
            var line = new List<ProfileProcess> { process };
            while (profile.Processes.FirstOrDefault(candidate => candidate.Pid == line[^1].ParentPid) is { } parent && !line.Contains(parent))
            {
                line.Add(parent);
            }

            line.Reverse();
            return line;
        }

        int Stack(int thread, int stack)
        {
            var key = (_roots[thread], stack);
            if (!_stacks.TryGetValue(key, out int result))
            {
                result = view.Inverted ? Invert(_roots[thread], stack) : Follow(_roots[thread], stack);
                _stacks.Add(key, result);
            }

            return result;
        }

        int Follow(int root, int stack)
        {
            bool matches = Collect(stack);
            for (int i = _path.Count - 1; matches && i >= 0; i--)
            {
                root = _result.Stacks.Intern(root, _frames[_path[i]]);
            }

            return matches ? root : Excluded;
        }

        int Invert(int root, int stack)
        {
            bool matches = Collect(stack);
            for (int i = 0; matches && i < _path.Count; i++)
            {
                root = _result.Stacks.Intern(root, _frames[_path[i]]);
            }

            return matches ? root : Excluded;
        }

        /// <summary>The stack's frames, innermost first; false when the expression matches none of them.</summary>
        bool Collect(int stack)
        {
            _path.Clear();
            bool matches = view.Function is null;
            for (; stack != StackTable.Empty; stack = profile.Stacks.Caller(stack))
            {
                _path.Add(profile.Stacks.Innermost(stack));
                matches |= _matches[_path[^1]];
            }

            return matches;
        }
    }
}
