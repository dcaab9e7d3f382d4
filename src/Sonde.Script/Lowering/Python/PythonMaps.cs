using Sonde.Bpf;
using Sonde.Script.Binding;

namespace Sonde.Script.Lowering.Python;

/// <summary>The maps behind a script's Python probes.</summary>
/// <remarks>
/// <see cref="Codes"/>: key {code object, process}, value {identity (8), which patterns match (8, one bit each), then for each name of a variable 2 bytes:
/// its slot, with <see cref="InCell"/> if it is in a cell, or <see cref="NoVariable"/>}.
/// <see cref="Stacks"/>: key a hash of the stack, value {how many frames (8), then {code object, instruction} each}.
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

    public const int StackFrames = 8;
    public const int FrameSize = 16;

    /// <summary>
    /// The scratch of a stack walk: not 0 while it is in use (8), the frame the walk is at (8), a hash of what it has seen (8), the process (8), a frame's
    /// bytes, a code object's bytes, then a value of <see cref="Stacks"/>.
    /// </summary>
    public const int WalkInUse = 0;
    public const int WalkCurrent = 8;
    public const int WalkHash = 16;
    public const int WalkProcess = 24;
    public const int WalkFrame = 32;
    public const int WalkCode = WalkFrame + 128;
    public const int WalkStack = WalkCode + PythonCodeRecord.CodeBytes;

    public PythonMaps(IReadOnlyList<string> names, int stackDepth)
    {
        Names = names;
        StackDepth = stackDepth;
        Codes = new MapSpec { Type = MapType.LruHash, Name = "py_codes", KeySize = CodeKeySize, ValueSize = CodeValueSize, MaxEntries = 65536 };
        if (stackDepth > 0)
        {
            Stacks = new MapSpec { Type = MapType.Hash, Name = "py_stacks", KeySize = 8, ValueSize = StackFrames + (FrameSize * stackDepth), MaxEntries = 16384, Flags = MapFlags.NoPreallocation };
            Walk = new MapSpec { Type = MapType.PerCpuArray, Name = "py_walk", KeySize = 4, ValueSize = WalkStack + StackFrames + (FrameSize * stackDepth), MaxEntries = 1 };
        }
    }

    /// <summary>Names of the variables the script reads.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>All patterns of the script; a bit of a code object's matches for each.</summary>
    public required IReadOnlyList<PythonPattern> Patterns { get; init; }

    /// <summary>The most frames of a stack; 0 when no stack is asked for.</summary>
    public int StackDepth { get; }

    public MapSpec Codes { get; }

    public MapSpec? Stacks { get; }

    public MapSpec? Walk { get; }

    /// <summary>Bytes of a value of <see cref="Codes"/>.</summary>
    public int CodeValueSize => (CodeVariables + (2 * Names.Count) + 7) & ~7;

    public IEnumerable<MapSpec> All => new[] { Codes, Stacks, Walk }.OfType<MapSpec>();
}
