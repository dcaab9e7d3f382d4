using Sonde.Engine.Profiles;

namespace Sonde.Engine.Recording;

/// <summary>Copies profiles, leaving out what has no samples.</summary>
static class ProfileCopy
{
    /// <summary>A profile with the same samples and losses; processes, threads, frames and stacks without a sample are not in it.</summary>
    public static Profile Of(Profile profile) => new Copying(profile).Run();

    sealed class Copying(Profile from)
    {
        readonly Profile _to = new(from.KeepsTimeline) { HasGivenUpTimes = from.HasGivenUpTimes, Info = from.Info };
        readonly Dictionary<int, int> _processes = [];
        readonly Dictionary<int, int> _threads = [];
        readonly Dictionary<int, int> _frames = [];
        readonly Dictionary<int, int> _stacks = new() { [StackTable.Empty] = StackTable.Empty };
        readonly Stack<int> _pending = [];

        public Profile Run()
        {
            foreach (var sample in from.Timeline)
            {
                _to.Add(sample with { Thread = Thread(sample.Thread), Stack = Stack(sample.Stack) });
            }

            // What the timeline had no room for is in the sums alone.
            var timed = _to.Entries.ToDictionary(static entry => (entry.Thread, entry.Stack, entry.State, entry.HoldsGil), static entry => (entry.Samples, entry.Weight));
            foreach (var entry in from.Entries)
            {
                var copied = entry with { Thread = Thread(entry.Thread), Stack = Stack(entry.Stack) };
                var (samples, weight) = timed.GetValueOrDefault((copied.Thread, copied.Stack, copied.State, copied.HoldsGil));
                if (copied.Samples > samples || copied.Weight != weight)
                {
                    _to.Add(copied with { Samples = copied.Samples - samples, Weight = copied.Weight - weight });
                }
            }

            _to.Losses.Add(from.Losses);
            return _to;
        }

        int Thread(int number) => Mapped(_threads, number, static (copying, number) =>
        {
            var thread = copying.From.Threads[number];
            copying._to.Threads.Add(thread with { Process = copying.Process(thread.Process) });
            return copying._to.Threads.Count - 1;
        });

        int Process(int number) => Mapped(_processes, number, static (copying, number) =>
        {
            copying._to.Processes.Add(copying.From.Processes[number]);
            return copying._to.Processes.Count - 1;
        });

        int Frame(int number) => Mapped(_frames, number, static (copying, number) => copying._to.Frames.Intern(copying.From.Frames[number]));

        /// <summary>Not by recursion: stacks may be deep.</summary>
        int Stack(int number)
        {
            var stack = number;
            int copied;
            while (!_stacks.TryGetValue(stack, out copied))
            {
                _pending.Push(stack);
                stack = from.Stacks.Caller(stack);
            }

            while (_pending.TryPop(out stack))
            {
                copied = _to.Stacks.Intern(copied, Frame(from.Stacks.Innermost(stack)));
                _stacks.Add(stack, copied);
            }

            return copied;
        }

        Profile From => from;

        int Mapped(Dictionary<int, int> map, int number, Func<Copying, int, int> copy)
        {
            if (!map.TryGetValue(number, out var copied))
            {
                map.Add(number, copied = copy(this, number));
            }

            return copied;
        }
    }
}
