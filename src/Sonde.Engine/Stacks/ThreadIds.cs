using System.Buffers.Binary;
using Sonde.Linux;
using Sonde.Python.Stacks;
using Sonde.Symbols;

namespace Sonde.Engine.Stacks;

/// <summary>Tells which thread of the kernel's a thread of an interpreter is. Not safe for concurrent use.</summary>
/// <remarks>
/// From 3.11 on the interpreter knows its thread's number, in the target's own pid namespace. Before, it only knows <c>pthread_self()</c>, the address of the C library's
/// <c>struct pthread</c>, which has the number in a field whose place is the library's secret. It is looked for: it must hold a different number
/// of a thread of the process for each of the interpreter's threads. glibc has had it at 720 on x86-64 since 2.4 (nptl/descr.h).
/// </remarks>
sealed class ThreadIds(int pid, IMemory memory)
{
    const int GlibcField = 720, SearchBytes = 1536;

    readonly Dictionary<int, int> _outside = [];
    int? _field;

    /// <summary>How many threads the process had when last asked.</summary>
    public int Count { get; private set; }

    /// <summary>The number of each thread as seen from here; 0 where it cannot be told.</summary>
    public int[] Find(IReadOnlyList<ThreadRecord> threads)
    {
        var found = new int[threads.Count];
        ListTasks();
        for (var i = 0; i < found.Length; i++)
        {
            var inside = threads[i].NativeId != 0 ? threads[i].NativeId : _field is { } field ? ReadField(threads[i], field) : 0;
            _outside.TryGetValue(inside, out found[i]);
        }

        // What was found once can be wrong for threads that came since.
        if (found.Contains(0) && threads.All(static thread => thread.NativeId == 0) && FindField(threads) is { } proven)
        {
            _field = proven;
            for (var i = 0; i < found.Length; i++)
            {
                _outside.TryGetValue(ReadField(threads[i], proven), out found[i]);
            }
        }

        return found;
    }

    int? FindField(IReadOnlyList<ThreadRecord> threads)
    {
        if (IsField(threads, GlibcField))
        {
            return GlibcField;
        }

        const int step = 4;
        for (var field = 0; field < SearchBytes; field += step)
        {
            if (IsField(threads, field))
            {
                return field;
            }
        }

        return null;
    }

    bool IsField(IReadOnlyList<ThreadRecord> threads, int field)
    {
        Dictionary<int, ulong> owners = [];
        foreach (var thread in threads)
        {
            // A thread that has not begun to run has no pthread yet, and one that runs in several interpreters is known to each.
            if (thread.PthreadId == 0)
            {
                continue;
            }

            var number = ReadField(thread, field);
            if (!_outside.ContainsKey(number) || (!owners.TryAdd(number, thread.PthreadId) && owners[number] != thread.PthreadId))
            {
                return false;
            }
        }

        return owners.Count > 0;
    }

    int ReadField(in ThreadRecord thread, int field)
    {
        Span<byte> word = stackalloc byte[4];
        return thread.PthreadId != 0 && memory.TryRead(unchecked(thread.PthreadId + (ulong)field), word) ? BinaryPrimitives.ReadInt32LittleEndian(word) : 0;
    }

    /// <summary>The threads of the process: their numbers in its own namespace, and here.</summary>
    void ListTasks()
    {
        _outside.Clear();
        var isElsewhere = ProcFs.TryReadStatus(pid, out var status) && status.NamespacePids.Length > 1;
        foreach (var tid in ProcFs.Tasks(pid))
        {
            var inside = isElsewhere && ProcFs.TryReadStatus(tid, out var task) && task.NamespacePids is [.., var own] ? own : tid;
            _outside[inside] = tid;
        }

        Count = _outside.Count;
    }
}
