using Sonde.Bpf;
using Sonde.Script.Conditions;
using Sonde.Script.Lowering.Python;

namespace Sonde.Engine.Flow;

/// <summary>The maps that the flow programs of a session share, as they are to be made.</summary>
sealed class FlowMaps
{
    /// <summary>Key: code object (8), tgid (8). Value: identity (8), decision (8); with a condition, for each of its names 2 bytes as <see cref="PythonMaps.Codes"/> has them.</summary>
    public const int CodeKeySize = 16;
    public const int CodeHeadSize = PythonMaps.CodeVariables;

    /// <summary>Decisions in the value of <see cref="Codes"/> and <see cref="Threads"/>. Undecided calls are reported and sorted out by the decoder.</summary>
    public const int Undecided = 0;
    public const int Wanted = 1;
    public const int Unwanted = 2;

    /// <summary>Key: parent frame (8), tgid (8). Value: frame, code, time (8 each), depth (4), resumed (2), shown (2).</summary>
    public const int CallKeySize = 16;
    public const int CallFrame = 0;
    public const int CallCode = 8;
    public const int CallTime = 16;
    public const int CallDepth = 24;
    public const int CallDetail = 28;
    public const int CallShown = 30;
    public const int CallValueSize = 32;

    const int MaximumCodes = 1 << 16;
    const int MaximumCalls = 1 << 16;
    const int MaximumThreads = 1 << 14;

    /// <summary>Everything the kernel sends.</summary>
    public MapSpec Records { get; }

    /// <summary>Losses, one 64-bit counter per <see cref="FlowLoss"/>.</summary>
    public MapSpec Losses { get; } = new() { Type = MapType.Array, Name = "losses", KeySize = 4, ValueSize = 8 * FlowLosses.Kinds, MaxEntries = 1 };

    /// <summary>The code objects that were sent, with the decision on each. Least recently used ones are sent again.</summary>
    public MapSpec Codes { get; }

    /// <summary>The calls in progress, by the frame they return to; null without filters, where matching is done outside.</summary>
    public MapSpec? Calls { get; }

    /// <summary>Key: tgid and tid (8). Value: number of shown calls in progress (8); null without a depth limit.</summary>
    public MapSpec? Depths { get; }

    /// <summary>Key: tgid and tid (8). Value: decision (8); null without a thread filter.</summary>
    public MapSpec? Threads { get; }

    /// <summary>The condition on arguments; null without one.</summary>
    public PythonCondition? Condition { get; }

    /// <summary>The arguments that the condition speaks of.</summary>
    public IReadOnlyList<string> Names { get; } = [];

    /// <summary>Key: frame (8), tgid (8) of generators and coroutines that fulfilled the condition when they started, so that they are shown when they go on; null without a condition.</summary>
    public MapSpec? Chosen { get; }

    /// <summary>What values are copied with; null without arguments and results.</summary>
    public PythonCaptureMaps? Capture { get; }

    /// <summary>The maps that the options need.</summary>
    public FlowMaps(FlowOptions options)
    {
        if (options.Where is { } where)
        {
            Condition = FlowCondition.Parse(where);
            Names = Condition.Names();
            Chosen = new MapSpec { Type = MapType.LruHash, Name = "chosen", KeySize = CodeKeySize, ValueSize = 8, MaxEntries = MaximumCalls };
        }

        Codes = new MapSpec { Type = MapType.LruHash, Name = "codes", KeySize = CodeKeySize, ValueSize = CodeHeadSize + (((2 * Names.Count) + 7) & ~7), MaxEntries = MaximumCodes };
        Records = new MapSpec { Type = MapType.RingBuffer, Name = "records", MaxEntries = options.RingBufferBytes };
        if (options.FiltersInKernel)
        {
            Calls = new MapSpec { Type = MapType.Hash, Name = "calls", KeySize = CallKeySize, ValueSize = CallValueSize, MaxEntries = MaximumCalls };
        }

        Capture = options.CapturesValues ? new PythonCaptureMaps() : null;
        if (options.Depth is not null)
        {
            Depths = new MapSpec { Type = MapType.LruHash, Name = "depths", KeySize = 8, ValueSize = 8, MaxEntries = MaximumThreads };
        }

        if (options.Threads.Count > 0)
        {
            Threads = new MapSpec { Type = MapType.LruHash, Name = "threads", KeySize = 8, ValueSize = 8, MaxEntries = MaximumThreads };
        }
    }

    /// <summary>All of them.</summary>
    public IEnumerable<MapSpec> All => new[] { Records, Losses, Codes, Calls, Depths, Threads, Chosen }.OfType<MapSpec>().Concat(Capture?.All ?? []);
}
