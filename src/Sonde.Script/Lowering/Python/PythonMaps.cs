using Sonde.Bpf;
using Sonde.Script.Binding;

namespace Sonde.Script.Lowering.Python;

/// <summary>The maps behind what a script asks of Python.</summary>
/// <remarks>
/// <see cref="Codes"/>, of Python probes: key {code object, process}, value {identity (8), which patterns match (8, one bit each), then for each name of a
/// variable 2 bytes: its slot, with <see cref="InCell"/> if it is in a cell, or <see cref="NoVariable"/>}.
/// The others are there when stacks are walked: <see cref="PythonStackCode"/> says how.
/// </remarks>
sealed class PythonMaps
{
    public const int CodeKeySize = 16;
    public const int CodeIdentity = 0;
    public const int CodeMatches = 8;
    public const int CodeVariables = 16;
    public const int NoVariable = 0xffff;
    public const int InCell = 0x8000;

    /// <summary>The most variables a function is searched for names.</summary>
    public const int MostVariables = 64;

    /// <summary>The most names a script can ask for.</summary>
    public const int MostNames = 32;

    /// <summary>The most interpreters that are told apart.</summary>
    public const int MostImages = 256;

    /// <summary>How many programs can walk on a processor at the same time, one interrupting the other.</summary>
    public const int Walks = 3;

    // A value of Walk. What is not explained is a number that the walk of a stack or the search of a thread has to remember.
    public const int WalkInUse = 0;
    public const int WalkFrameAddress = 8;
    public const int WalkHash = 16;
    public const int WalkProcess = 24;
    public const int WalkImage = 32;
    public const int WalkLimit = 40;
    public const int WalkThread = 48;
    public const int WalkInterpreter = 56;
    public const int WalkThreadPointer = 64;
    public const int WalkMemory = 72;
    public const int WalkFound = 80;
    public const int WalkTold = 88;

    /// <summary>8 bytes that something is read to.</summary>
    public const int WalkWord = 96;

    /// <summary>The two pointers between which a thread state hangs.</summary>
    public const int WalkLinks = 104;
    public const int WalkHead = 120;

    /// <summary>What a search through a line table remembers.</summary>
    public const int WalkLines = 128;
    public const int WalkFrame = WalkLines + 64;
    public const int WalkCode = WalkFrame + PythonImageRow.MostBytes + 8;

    /// <summary>A record as <see cref="PythonStackRecord"/> has it.</summary>
    public const int WalkStack = WalkCode + PythonImageRow.MostBytes + 8;

    // A value of Processes.
    public const int ProcessState = 0;
    public const int ProcessImage = 4;
    public const int ProcessHead = 8;
    public const int ProcessMemory = 16;
    public const int ProcessUntil = 24;
    public const int ProcessSize = 32;

    // A key and a value of Lines.
    public const int LineKeySize = 24;
    public const int LineIdentity = 0;
    public const int LineNumber = 8;
    public const int LineSize = 16;

    // A value of Threads.
    public const int ThreadAddress = 0;
    public const int ThreadPointer = 8;
    public const int ThreadMemory = 16;
    public const int ThreadUntil = 24;
    public const int ThreadSearches = 32;
    public const int ThreadSize = 40;

    /// <summary>Creates the specifications.</summary>
    /// <param name="names">Names of the variables the script reads.</param>
    /// <param name="stackDepth">The most frames of a stack that are asked for; 0 when no stack is walked.</param>
    public PythonMaps(IReadOnlyList<string> names, int stackDepth)
    {
        Names = names;
        StackDepth = stackDepth;
        Codes = new MapSpec { Type = MapType.LruHash, Name = "py_codes", KeySize = CodeKeySize, ValueSize = CodeValueSize, MaxEntries = 65536 };
        if (stackDepth > 0)
        {
            var bytes = WalkStack + PythonStackRecord.Frames + (PythonStackRecord.FrameSize * stackDepth);
            Walk = new MapSpec { Type = MapType.PerCpuArray, Name = "py_walk", KeySize = 4, ValueSize = bytes, MaxEntries = Walks };
            Images = new MapSpec { Type = MapType.Array, Name = "py_images", KeySize = 4, ValueSize = PythonImageRow.Size, MaxEntries = MostImages };
            Processes = new MapSpec { Type = MapType.LruHash, Name = "py_processes", KeySize = 8, ValueSize = ProcessSize, MaxEntries = 16384 };
            Threads = new MapSpec { Type = MapType.LruHash, Name = "py_threads", KeySize = 8, ValueSize = ThreadSize, MaxEntries = 32768 };
            Known = new MapSpec { Type = MapType.LruHash, Name = "py_known", KeySize = 8, ValueSize = 8, MaxEntries = 65536 };
            Lines = new MapSpec { Type = MapType.LruHash, Name = "py_lines", KeySize = LineKeySize, ValueSize = LineSize, MaxEntries = 65536 };
            Told = new MapSpec { Type = MapType.LruHash, Name = "py_told", KeySize = CodeKeySize, ValueSize = 8, MaxEntries = 65536 };
        }
    }

    /// <summary>Names of the variables the script reads.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>All patterns of the script; a bit of a code object's matches for each.</summary>
    public required IReadOnlyList<PythonPattern> Patterns { get; init; }

    /// <summary>The most frames of a stack; 0 when none is walked.</summary>
    public int StackDepth { get; }

    /// <summary>Code objects that Python probes met.</summary>
    public MapSpec Codes { get; }

    /// <summary>Memory to walk in.</summary>
    public MapSpec? Walk { get; }

    /// <summary>The interpreters, by number: a <see cref="PythonImageRow"/> each.</summary>
    public MapSpec? Images { get; }

    /// <summary>
    /// Processes by number: {<see cref="PythonProcessState"/> (4), interpreter's number (4), address of the pointer to the first interpreter state (8), the
    /// memory it had (<c>task_struct.mm</c>; 8, 0 to be filled in), when to ask again (8)}.
    /// </summary>
    public MapSpec? Processes { get; }

    /// <summary>Threads by number: {thread state, 0 when it has none (8), thread pointer (8), memory (8), when to look again if it has none (8), how often it was looked for (8)}.</summary>
    public MapSpec? Threads { get; }

    /// <summary>Hashes of stacks already sent, with how many frames they have.</summary>
    public MapSpec? Known { get; }

    /// <summary>Lines found: key {code object, instruction, process}, value {the code object's identity, line}.</summary>
    public MapSpec? Lines { get; }

    /// <summary>Code objects whose names were sent for stacks, {code object, process}, with their identity.</summary>
    public MapSpec? Told { get; }

    /// <summary>Bytes of a value of <see cref="Codes"/>.</summary>
    public int CodeValueSize => (CodeVariables + (2 * Names.Count) + 7) & ~7;

    public IEnumerable<MapSpec> All => new[] { Codes, Walk, Images, Processes, Threads, Known, Lines, Told }.OfType<MapSpec>();
}

/// <summary>What is known of a process.</summary>
enum PythonProcessState
{
    /// <summary>User space was asked.</summary>
    Asked,

    /// <summary>It runs no Python, or none that can be read.</summary>
    Other,

    /// <summary>It runs Python.</summary>
    Python,
}
