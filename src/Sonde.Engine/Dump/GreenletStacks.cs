using Sonde.Engine.Stacks;
using Sonde.Linux;
using Sonde.Python.Tasks;

namespace Sonde.Engine.Dump;

/// <summary>The greenlets of a process, by the threads they belong to.</summary>
/// <remarks>A greenlet is its thread's whose machine stack it uses. That of a thread made by the C library has the thread's own structure at its end; that of the first is named by the kernel.</remarks>
sealed class GreenletStacks
{
    readonly ThreadSnapshot[] _threads;
    readonly (ulong Start, ulong End)[] _stacks;

    GreenletStacks(IReadOnlyList<ThreadSnapshot> threads, IReadOnlyList<ProcMapping> mappings, int pid)
    {
        _threads = [.. threads];
        _stacks = [.. threads.Select(thread => mappings.FirstOrDefault(mapping => thread.Tid == pid
            ? mapping.Path == "[stack]"
            : thread.Record.PthreadId >= mapping.Start && thread.Record.PthreadId < mapping.End)).Select(static mapping => (mapping.Start, mapping.End))];
    }

    /// <summary>The stacks of a process's threads; null when it has not loaded the module <c>greenlet</c>.</summary>
    public static GreenletStacks? Of(IReadOnlyList<ThreadSnapshot> threads, IReadOnlyList<ProcMapping> mappings, int pid) =>
        mappings.Any(static mapping => Path.GetFileName(mapping.Path.AsSpan()) is var name && (name.StartsWith("_greenlet.") || name.StartsWith("greenlet."))) ? new(threads, mappings, pid) : null;

    /// <summary>Of how many threads it is not known where their stacks lie; in a core file, whose mappings are those of files, of all.</summary>
    public int Unknown => _stacks.Count(static stack => stack.End == 0);

    /// <summary>Whether an address is in one of them.</summary>
    public bool Contains(ulong address) => IndexOf(address) >= 0;

    /// <summary>The thread that a greenlet belongs to; null when that cannot be told.</summary>
    public ThreadSnapshot? ThreadOf(PythonGreenlet greenlet) => IndexOf(greenlet.StackAddress) is >= 0 and var index ? _threads[index] : null;

    int IndexOf(ulong address) => Array.FindIndex(_stacks, stack => address >= stack.Start && address < stack.End);
}
