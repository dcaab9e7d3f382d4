using System.Buffers.Binary;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Layouts;

/// <summary>The table of structure offsets that CPython 3.13 and later carry at the start of <c>_PyRuntime</c> for tools like this one.</summary>
/// <remarks>
/// <c>struct _Py_DebugOffsets</c>, Include/internal/pycore_debug_offsets.h (3.14; pycore_runtime.h in 3.13). It is statically initialised,
/// so the file on disk holds it. The table itself changes with the minor version, never with the patch release.
/// </remarks>
public sealed class DebugOffsets
{
    /// <summary>Byte positions of the entries inside the table.</summary>
    readonly record struct Positions(
        int CurrentFrame, int Exception, int Previous, int Executable, int Instruction, int Owner,
        int File, int QualifiedName, int LineTable, int FirstLine, int ObjectType, int TextState, int TextLength, int AsciiSize,
        int GeneratorFrame, int GeneratorState);

    /// <summary>Byte positions of the entries about interpreters and threads.</summary>
    readonly record struct RuntimePositions(
        int Finalizing, int InterpretersHead, int InterpreterId, int InterpreterNext, int ThreadsHead, int Gc, int Modules, int Gil, int OwnGil, int GilLocked, int GilHolder,
        int ThreadNext, int ThreadInterpreter, int ThreadId, int NativeThreadId, int StackChunk, int FrameLocals, int Instructions, int VariableNames,
        int TypeName, int GcCollecting, int EvalBreaker);

    static readonly Positions _positions13 = new(184, 0, 232, 240, 248, 264, 280, 296, 304, 312, 360, 544, 552, 560, 0, 0);
    static readonly Positions _positions14 = new(208, 0, 256, 264, 272, 288, 320, 336, 344, 352, 408, 624, 632, 640, 680, 688);
    static readonly Positions _positions15 = new(208, 288, 320, 328, 336, 352, 384, 400, 408, 416, 472, 720, 728, 736, 808, 816);

    static readonly RuntimePositions _runtime13 = new(32, 40, 56, 64, 72, 80, 88, 112, 120, 136, 144, 168, 176, 192, 200, 208, 256, 344, 328, 376, 576, 0);
    static readonly RuntimePositions _runtime14 = new(32, 40, 56, 64, 72, 88, 96, 120, 128, 144, 152, 192, 200, 216, 224, 232, 280, 384, 368, 424, 656, 712);
    static readonly RuntimePositions _runtime15 = new(32, 40, 56, 64, 72, 88, 96, 120, 128, 144, 152, 192, 200, 240, 248, 256, 344, 448, 432, 488, 760, 840);

    /// <summary>Where the entries of <c>debugger_support</c> begin (3.14 and later): evaluation breaker, support structure, switch, and within the structure the request, the path, its room.</summary>
    const int Debugger14 = 712, Debugger15 = 840;

    /// <summary>Large enough for every entry above.</summary>
    const int TableBytes = 888;

    readonly byte[] _table;
    readonly Positions _position;
    readonly RuntimePositions _runtime;
    readonly string _image;

    DebugOffsets(byte[] table, int minor, string image)
    {
        _table = table;
        (_position, _runtime) = minor switch
        {
            13 => (_positions13, _runtime13),
            14 => (_positions14, _runtime14),
            _ => (_positions15, _runtime15),
        };
        _image = image;
    }

    /// <summary>The cookie in front of the table: "xdebugpy".</summary>
    public static ReadOnlySpan<byte> Cookie => "xdebugpy"u8;

    /// <summary>Reads the table of an image.</summary>
    /// <exception cref="LayoutException">There is no table, or it is of another version.</exception>
    public static DebugOffsets Read(ElfFile image, PythonVersion version)
    {
        if (!TryFindRuntime(image, out var address))
        {
            throw new LayoutException($"{image.Name} has no _PyRuntime symbol and no .PyRuntime section, where CPython {version} keeps its structure offsets");
        }

        if (!image.TryRead(address, TableBytes, out var table) || !table.StartsWith(Cookie))
        {
            throw new LayoutException($"{image.Name} has no debug offsets at _PyRuntime (0x{address:x}), where CPython {version} keeps them");
        }

        var hex = BinaryPrimitives.ReadUInt64LittleEndian(table[8..]);
        if (hex >> 24 != 3 || (int)(hex >> 16 & 0xff) != version.Minor)
        {
            throw new LayoutException($"{image.Name} calls itself CPython {version}, but its debug offsets are of version 0x{hex:x8}");
        }

        if (BinaryPrimitives.ReadUInt64LittleEndian(table[16..]) != 0)
        {
            throw new LayoutException($"{image.Name} is a free-threaded build of CPython {version}, whose objects are laid out differently; only builds with the global interpreter lock can be traced");
        }

        return new DebugOffsets(table.ToArray(), version.Minor, image.Name);
    }

    /// <summary>Where <c>_PyRuntime</c> lies in an image: its symbol, or the section made for it.</summary>
    internal static bool TryFindRuntime(ElfFile image, out ulong address)
    {
        if (image.TryFindSymbol("_PyRuntime", out var symbol))
        {
            address = symbol.Value;
            return true;
        }

        var found = image.TryGetSection(".PyRuntime", out var section);
        address = found ? section.Address : 0;
        return found;
    }

    /// <summary>The base layout with what the table tells put in.</summary>
    internal CallLayout Describe(CallLayout layout) => layout with
    {
        ThreadFrame = Offset(_position.CurrentFrame, layout.ThreadFrame),
        ThreadException = Offset(_position.Exception, layout.ThreadException),
        FramePrevious = Offset(_position.Previous, layout.FramePrevious),
        FrameCode = Offset(_position.Executable, layout.FrameCode),
        FrameInstruction = Offset(_position.Instruction, layout.FrameInstruction),
        FrameOwner = Offset(_position.Owner, layout.FrameOwner!.Value),
        CodeFile = Offset(_position.File, layout.CodeFile),
        CodeName = Offset(_position.QualifiedName, layout.CodeName),
        CodeLineTable = Offset(_position.LineTable, layout.CodeLineTable),
        CodeFirstLine = Offset(_position.FirstLine, layout.CodeFirstLine),
        ObjectType = Offset(_position.ObjectType, layout.ObjectType),
        TextState = Offset(_position.TextState, layout.TextState),
        TextLength = Offset(_position.TextLength, layout.TextLength),
        TextAscii = Offset(_position.AsciiSize, layout.TextAscii),
        GeneratorStateBeforeFrame = Offset(_position.GeneratorFrame, layout.GeneratorStateBeforeFrame!.Value) - Offset(_position.GeneratorState, 0),
    };

    /// <summary>The base layout with what the table tells put in.</summary>
    internal RuntimeLayout Describe(RuntimeLayout layout) => layout with
    {
        RuntimeFinalizing = LargeOffset(_runtime.Finalizing),
        RuntimeInterpreters = LargeOffset(_runtime.InterpretersHead),
        InterpreterId = LargeOffset(_runtime.InterpreterId),
        InterpreterNext = LargeOffset(_runtime.InterpreterNext),
        InterpreterThreads = LargeOffset(_runtime.ThreadsHead),
        InterpreterModules = LargeOffset(_runtime.Modules),
        InterpreterGil = LargeOffset(_runtime.Gil),
        // These are given as fields of the interpreter's own lock, which lies inside of it.
        GilLocked = InLock(_runtime.GilLocked),
        GilHolder = InLock(_runtime.GilHolder),
        InterpreterCollecting = LargeOffset(_runtime.Gc) + Offset(_runtime.GcCollecting, 0),
        ThreadNext = Offset(_runtime.ThreadNext, layout.ThreadNext),
        ThreadInterpreter = Offset(_runtime.ThreadInterpreter, layout.ThreadInterpreter),
        ThreadPthreadId = Offset(_runtime.ThreadId, layout.ThreadPthreadId),
        ThreadNativeId = Offset(_runtime.NativeThreadId, 0),
        ThreadStackChunk = Offset(_runtime.StackChunk, 0),
        ThreadHandledException = Offset(_position.Exception, layout.ThreadHandledException!.Value - 8) + 8,
        ThreadEvalBreaker = Offset(_runtime.EvalBreaker, layout.ThreadEvalBreaker!.Value),
        FrameLocals = Offset(_runtime.FrameLocals, layout.FrameLocals),
        CodeInstructions = Offset(_runtime.Instructions, layout.CodeInstructions),
        CodeVariableNames = Offset(_runtime.VariableNames, layout.CodeVariableNames),
        TypeName = Offset(_runtime.TypeName, layout.TypeName),
    };

    /// <summary>How a script is handed to a thread for it to run; null before 3.14, where there is no such way.</summary>
    internal RemoteDebuggerLayout? DescribeDebugger(int minor)
    {
        if (minor < 14)
        {
            return null;
        }

        var first = minor == 14 ? Debugger14 : Debugger15;
        return new RemoteDebuggerLayout(
            ThreadEvalBreaker: Offset(first, 0), ThreadSupport: Offset(first + 8, 0), InterpreterEnabled: LargeOffset(first + 16),
            SupportPending: Offset(first + 24, 0), SupportPath: Offset(first + 32, 0), PathBytes: Offset(first + 40, 0));
    }

    /// <summary>An entry about the runtime or an interpreter, structures of hundreds of kilobytes.</summary>
    int LargeOffset(int position)
    {
        const int largest = 1 << 24;
        var value = BinaryPrimitives.ReadUInt64LittleEndian(_table.AsSpan(position));
        return value < largest
            ? (int)value
            : throw new LayoutException($"{_image} gives a structure offset of {value}, more than any of CPython's structures is long; its debug offsets are damaged");
    }

    /// <summary>An entry about the lock of an interpreter, from the beginning of the lock.</summary>
    int InLock(int position)
    {
        const int largest = 4096 - sizeof(ulong);
        var offset = LargeOffset(position) - LargeOffset(_runtime.OwnGil);
        return offset is >= 0 and <= largest
            ? offset
            : throw new LayoutException($"{_image} gives an offset of {offset} in the interpreter lock, which is no longer than {largest}; its debug offsets are damaged");
    }

    /// <summary>The entry at a position of the table, or the known value for entries the version's table lacks (position 0 is the cookie, never an entry).</summary>
    int Offset(int position, int known)
    {
        if (position == 0)
        {
            return known;
        }

        var value = BinaryPrimitives.ReadUInt64LittleEndian(_table.AsSpan(position));
        return value < 4096
            ? (int)value
            : throw new LayoutException($"{_image} gives a structure offset of {value}, more than any of CPython's structures is long; its debug offsets are damaged");
    }
}
