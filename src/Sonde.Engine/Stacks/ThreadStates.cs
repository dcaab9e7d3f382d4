using System.Runtime.InteropServices;
using Sonde.Python.Stacks;

namespace Sonde.Engine.Stacks;

/// <summary>A thread of the kernel's, and what the interpreters know of it.</summary>
/// <param name="Tid">The kernel's number of it; 0 when it cannot be told.</param>
/// <param name="States">Its thread states, those of the oldest interpreter first.</param>
readonly record struct StatesOfThread(int Tid, IReadOnlyList<ThreadRecord> States)
{
    /// <summary>The state of the interpreter that it began in.</summary>
    public ThreadRecord Own => States[0];
}

/// <summary>Puts together the thread states that are of one thread. Not safe for concurrent use.</summary>
/// <remarks>
/// A thread that calls into a sub-interpreter has a state in each of the two. From 3.13 on such a state is made by the thread that uses it, and knows its number. Before, an interpreter's first
/// state is the one that each call into it uses (<c>_run_script_in_interpreter</c>, Modules/_xxsubinterpretersmodule.c) and it has the numbers of the thread that made the interpreter, whichever
/// thread uses it: that is told by where on the machine's stacks it runs.
/// </remarks>
sealed class ThreadStates(StackReader reader, int pid, MachineStacks stacks, bool knowsThreads)
{
    /// <summary>Learns what must be known of some thread states before they are grouped; again when they are others.</summary>
    /// <param name="records">The states.</param>
    /// <param name="tids">The kernel's numbers of their threads, as the interpreters know them.</param>
    public void Learn(IReadOnlyList<ThreadRecord> records, IReadOnlyList<int> tids)
    {
        if (!knowsThreads && AreNested(records))
        {
            stacks.Learn(records, tids);
        }
    }

    /// <summary>The threads that some thread states are of at this moment.</summary>
    /// <param name="records">The states, by interpreters.</param>
    /// <param name="tids">The kernel's numbers of their threads, as the interpreters know them.</param>
    public IReadOnlyList<StatesOfThread> Group(IReadOnlyList<ThreadRecord> records, IReadOnlyList<int> tids)
    {
        if (!AreNested(records))
        {
            return [.. records.Select((record, i) => new StatesOfThread(tids[i], [record]))];
        }

        List<(int Tid, List<ThreadRecord> States)> groups = [];
        Dictionary<(int Tid, ulong Other), int> known = [];
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            var isMain = record.InterpreterId == 0;
            var hasFrames = reader.HasFrames(record, out var frame, out var place);
            var tid = tids[i];
            if (!isMain && !knowsThreads)
            {
                tid = !hasFrames || pid == 0 ? 0 : place != 0 ? stacks.ThreadAt(place) : stacks.ThreadWith(frame);
                // The numbers it has are those of another thread.
                record = tid != 0 && tid == tids[i] ? record : record with { PthreadId = 0, NativeId = 0 };
            }

            ref var group = ref CollectionsMarshal.GetValueRefOrAddDefault(known, (tid, tid != 0 ? 0 : record.PthreadId != 0 ? record.PthreadId : record.Address), out var isKnown);
            if (isKnown && group >= 0)
            {
                groups[group].States.Add(record);
            }
            else if (isMain || hasFrames)
            {
                group = groups.Count;
                groups.Add((tid, [record]));
            }
            else
            {
                group = -1;
            }
        }

        return [.. groups.Select(static group => new StatesOfThread(group.Tid, [.. group.States.OrderBy(static record => record.InterpreterId)]))];
    }

    /// <summary>Whether there are states of several interpreters, so that some can be of one thread.</summary>
    public static bool AreNested(IReadOnlyList<ThreadRecord> records)
    {
        for (var i = 1; i < records.Count; i++)
        {
            if (records[i].Interpreter != records[0].Interpreter)
            {
                return true;
            }
        }

        return false;
    }
}
