using Sonde.Bpf;

namespace Sonde.Script.Lowering.Native;

/// <summary>The maps by which programs unwind stacks of machine code, and how they are laid out.</summary>
/// <remarks>
/// <see cref="Processes"/>: key a process (4), value {how many mappings (8), then <see cref="MostMappings"/> times a mapping of <see cref="MappingSize"/> bytes, in order of address}. A mapping is {start (8), end (8),
/// what to take from an address to get one of the file's table (8), its first row (4), how many rows (4)}. Under the key 0 is a process without mappings, always.
/// <see cref="Rows"/>: the rows of all files, one after the other, as <c>CompactUnwindRow</c> lays them out: {start (4), frame address offset (4), frame pointer offset (4), frame address rule (2),
/// frame pointer rule (2)}.
/// <see cref="Wanted"/>: key a process (4) whose tables, or some of them, were missing.
/// <see cref="Walk"/>: where a walk stands; see the constants.
/// </remarks>
sealed class UnwindMaps
{
    /// <summary>A power of two; more of a process are not known.</summary>
    public const int MostMappings = 512;

    public const int MappingSize = 32;
    public const int MappingStart = 0;
    public const int MappingEnd = 8;
    public const int MappingBias = 16;
    public const int MappingFirstRow = 24;
    public const int MappingRows = 28;

    /// <summary>Where the mappings begin in a value of <see cref="Processes"/>.</summary>
    public const int Mappings = 8;

    public const int RowSize = 16;
    public const int RowStart = 0;
    public const int RowFrameAddressOffset = 4;
    public const int RowFramePointerOffset = 8;
    public const int RowFrameAddress = 12;
    public const int RowFramePointer = 14;

    /// <summary>Not 0 while the walk's memory is in use.</summary>
    public const int WalkInUse = 0;

    public const int WalkPc = 8;
    public const int WalkSp = 16;
    public const int WalkBp = 24;

    /// <summary>A hash of the addresses.</summary>
    public const int WalkHash = 32;

    /// <summary>Why it ended: <see cref="UnwindEnd"/>.</summary>
    public const int WalkEnd = 40;

    /// <summary>1 when the instruction pointer is where the frame runs, 0 when it returns there.</summary>
    public const int WalkExact = 48;

    public const int WalkLow = 56;
    public const int WalkHigh = 64;
    public const int WalkTarget = 72;
    public const int WalkProcess = 80;

    /// <summary>What is read of the stack: 56 bytes.</summary>
    public const int WalkWords = 88;

    /// <summary>How many addresses there are (8), then the addresses, innermost first.</summary>
    public const int WalkStack = 144;

    /// <summary>The most frames, as many as the kernel itself takes (<c>kernel.perf_event_max_stack</c>).</summary>
    public const int MostFrames = 127;

    /// <param name="rows">Room for rows: 16 bytes each, allocated from the start. A C library has about 25,000, an interpreter 60,000.</param>
    public UnwindMaps(int rows = 1 << 20)
    {
        Processes = new MapSpec { Type = MapType.Hash, Name = "uw_processes", KeySize = 4, ValueSize = Mappings + (MostMappings * MappingSize), MaxEntries = 4096, Flags = MapFlags.NoPreallocation };
        Rows = new MapSpec { Type = MapType.Array, Name = "uw_rows", KeySize = 4, ValueSize = RowSize, MaxEntries = rows, Flags = MapFlags.Mmapable };
        Wanted = new MapSpec { Type = MapType.LruHash, Name = "uw_wanted", KeySize = 4, ValueSize = 8, MaxEntries = 1024 };
        Walk = new MapSpec { Type = MapType.PerCpuArray, Name = "uw_walk", KeySize = 4, ValueSize = WalkStack + 8 + (8 * MostFrames), MaxEntries = 1 };
    }

    public MapSpec Processes { get; }

    public MapSpec Rows { get; }

    public MapSpec Wanted { get; }

    public MapSpec Walk { get; }

    public IEnumerable<MapSpec> All => [Processes, Rows, Wanted, Walk];
}

/// <summary>Why a walk up a stack ended.</summary>
enum UnwindEnd
{
    /// <summary>At the thread's first function, or with as many frames as there is room for.</summary>
    Complete,

    /// <summary>No table has the code, and the frame pointer leads nowhere.</summary>
    NoTable,

    /// <summary>The stack could not be read.</summary>
    Unreadable,

    /// <summary>The thread has no user space.</summary>
    NoUser,
}
