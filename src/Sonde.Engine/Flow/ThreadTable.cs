using Sonde.Engine.Output;

namespace Sonde.Engine.Flow;

/// <summary>The threads of a flow, each with its name. A name is read when the thread is first seen.</summary>
sealed class ThreadTable(Func<int, int, string?> readName, Func<FlowThread, bool> wanted)
{
    readonly Dictionary<long, CallStack> _stacks = [];

    /// <summary>The call stacks of all threads.</summary>
    public IEnumerable<CallStack> Stacks => _stacks.Values;

    /// <summary>Lets go of the threads of processes that have ended.</summary>
    /// <returns>How many of their activations had not.</returns>
    public int Forget(IReadOnlySet<int> pids)
    {
        var open = 0;
        foreach (var (key, stack) in _stacks)
        {
            if (pids.Contains(stack.Thread.Pid))
            {
                open += stack.Activations.Length;
                _stacks.Remove(key);
            }
        }

        return open;
    }

    /// <summary>The call stack of a thread.</summary>
    public CallStack Find(int pid, int tid)
    {
        var key = (long)pid << 32 | (uint)tid;
        if (!_stacks.TryGetValue(key, out var stack))
        {
            var thread = new FlowThread { Pid = pid, Tid = tid, Name = Escape.Text(readName(pid, tid) ?? "?") };
            stack = new CallStack(thread, wanted(thread));
            _stacks.Add(key, stack);
        }

        return stack;
    }
}
