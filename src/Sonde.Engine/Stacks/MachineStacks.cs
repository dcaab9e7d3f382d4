using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Sonde.Linux;
using Sonde.Python.Stacks;
using Sonde.Symbols;

namespace Sonde.Engine.Stacks;

/// <summary>Tells which thread's machine stack an address lies on.</summary>
/// <remarks>
/// The C library keeps its <c>struct pthread</c>, whose address is what pthreads call the thread, at the upper end of the stack it made (glibc nptl/allocatestack.c); the first thread's stack is named
/// by the kernel. Not safe for concurrent use.
/// </remarks>
sealed class MachineStacks(int pid, IMemory memory)
{
    /// <summary>How much of a stack is searched: a call into another interpreter is seldom made far from where the thread began.</summary>
    const int MostSearched = 1 << 18;

    const int MostFound = 1 << 10;

    readonly List<(ulong Start, ulong End, ulong Lowest, int Tid)> _stacks = [];
    readonly Dictionary<ulong, (ulong Place, int Tid)> _found = [];
    byte[] _copy = [];

    /// <summary>Learns where the stacks of some threads lie.</summary>
    /// <param name="threads">The threads.</param>
    /// <param name="tids">The kernel's numbers of them.</param>
    public void Learn(IReadOnlyList<ThreadRecord> threads, IReadOnlyList<int> tids)
    {
        _stacks.Clear();
        var mappings = pid != 0 && ProcFs.TryReadMaps(pid, out var read) ? read : [];
        for (var i = 0; i < threads.Count; i++)
        {
            var (end, tid) = (threads[i].PthreadId, tids[i]);
            var isMain = tid == pid;
            var at = mappings.FindIndex(isMain ? static mapping => mapping.Path == "[stack]" : mapping => end >= mapping.Start && end < mapping.End);
            if (tid != 0 && at >= 0)
            {
                // That of the main thread grows down as it is used, at most to what lies below.
                _stacks.Add((mappings[at].Start, isMain ? mappings[at].End : end, !isMain ? mappings[at].Start : at > 0 ? mappings[at - 1].End : 0, tid));
            }
        }
    }

    /// <summary>The thread on whose stack an address lies; 0 when it is on none that is known.</summary>
    public int ThreadAt(ulong address)
    {
        var (found, lowest) = (0, ulong.MaxValue);
        foreach (var (_, end, start, tid) in _stacks)
        {
            // Stacks without guard pages lie in one mapping: the nearest end above is the one's own.
            if (address >= start && address < end && end < lowest)
            {
                (found, lowest) = (tid, end);
            }
        }

        return found;
    }

    /// <summary>The thread on whose stack a pointer lies, most often if it lies on several; 0 when it was found on none.</summary>
    /// <param name="pointer">The pointer, such as one to a frame that a thread evaluates.</param>
    public int ThreadWith(ulong pointer)
    {
        if (_found.TryGetValue(pointer, out var known) && IsAt(known.Place, pointer) && ThreadAt(known.Place) == known.Tid)
        {
            return known.Tid;
        }

        var (best, most) = ((Place: 0UL, Tid: 0), 0);
        foreach (var (start, end, _, tid) in _stacks)
        {
            var count = Count(pointer, start, end, tid, out var place);
            if (count > most)
            {
                (best, most) = ((place, tid), count);
            }
        }

        if (_found.Count >= MostFound)
        {
            _found.Clear();
        }

        _found[pointer] = best;
        return best.Tid;
    }

    bool IsAt(ulong place, ulong pointer)
    {
        Span<byte> word = stackalloc byte[8];
        return memory.TryRead(place, word) && BinaryPrimitives.ReadUInt64LittleEndian(word) == pointer;
    }

    int Count(ulong pointer, ulong start, ulong end, int tid, out ulong place)
    {
        place = 0;
        var from = Math.Max(start, end < MostSearched ? 0 : end - MostSearched) & ~7UL;
        using (var files = new ThreadFiles(pid, tid))
        {
            // What lies below the stack pointer is of calls that have ended.
            if (files.TryReadCall(out var call) && !call.IsRunning && call.StackPointer > from && call.StackPointer < end)
            {
                from = call.StackPointer & ~7UL;
            }
        }

        var length = (int)Math.Min(end - from, MostSearched) & ~7;
        if (_copy.Length < length)
        {
            _copy = new byte[MostSearched];
        }

        if (!memory.TryRead(from, _copy.AsSpan(0, length)))
        {
            return 0;
        }

        var count = 0;
        var words = MemoryMarshal.Cast<byte, ulong>(_copy.AsSpan(0, length));
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i] == pointer)
            {
                place = from + (8 * (ulong)i);
                count++;
            }
        }

        return count;
    }
}
