using System.Buffers.Binary;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Tasks;

/// <summary>The structure offsets that the <c>_asyncio</c> module of CPython 3.14 and later carries for tools like this one.</summary>
/// <remarks><c>Py_AsyncioModuleDebugOffsets</c>, Modules/_asynciomodule.c (3.14): a section of its own in the module's file, or the interpreter's where it is built in.</remarks>
/// <param name="TaskNode">Task: its node in the list of tasks.</param>
/// <param name="TaskAwaitedBy">Task: the task that awaits it, or a set of several; NULL for none.</param>
/// <param name="TaskAwaitedByIsSet">Task: a byte, not 0 where that is a set.</param>
/// <param name="InterpreterTasks">Interpreter: the list of tasks whose thread has ended.</param>
/// <param name="ThreadTasks">Thread: the list of its tasks.</param>
public sealed record AsyncioOffsets(int TaskNode, int TaskAwaitedBy, int TaskAwaitedByIsSet, int InterpreterTasks, int ThreadTasks)
{
    const int AwaitedBy = 2, IsSet = 4, Node = 6, Interpreter = 8, Thread = 12, Words = 13;

    /// <summary>Larger than any of the structures, the interpreter's among them.</summary>
    const ulong MaximumOffset = 1 << 24;

    /// <summary>Reads the offsets of a module or interpreter; null when it has none.</summary>
    public static AsyncioOffsets? Read(ElfFile image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (!image.TryGetSection(".AsyncioDebug", out var section) || !image.TryRead(section.Address, 8 * Words, out var table))
        {
            return null;
        }

        Span<int> offsets = stackalloc int[Words];
        for (var i = 0; i < Words; i++)
        {
            var value = BinaryPrimitives.ReadUInt64LittleEndian(table[(8 * i)..]);
            if (value > MaximumOffset)
            {
                return null;
            }

            offsets[i] = (int)value;
        }

        return new AsyncioOffsets(offsets[Node], offsets[AwaitedBy], offsets[IsSet], offsets[Interpreter], offsets[Thread]);
    }
}
