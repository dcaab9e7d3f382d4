using Sonde.Bpf;

namespace Sonde.Engine.Flow;

/// <summary>The maps that the flow programs of a session share, as they are to be made.</summary>
sealed class FlowMaps
{
    /// <summary>Key: code object (8), tgid (8). Value: identity (8), decision (8).</summary>
    public const int CodeKeySize = 16;
    public const int CodeValueSize = 16;

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
    public MapSpec Codes { get; } = new() { Type = MapType.LruHash, Name = "codes", KeySize = CodeKeySize, ValueSize = CodeValueSize, MaxEntries = MaximumCodes };

    /// <summary>The calls in progress, by the frame they return to; null without filters, where matching is done outside.</summary>
    public MapSpec? Calls { get; }

    /// <summary>Key: tgid and tid (8). Value: number of shown calls in progress (8); null without a depth limit.</summary>
    public MapSpec? Depths { get; }

    /// <summary>Key: tgid and tid (8). Value: decision (8); null without a thread filter.</summary>
    public MapSpec? Threads { get; }

    /// <summary>The maps that the options need.</summary>
    public FlowMaps(FlowOptions options)
    {
        Records = new MapSpec { Type = MapType.RingBuffer, Name = "records", MaxEntries = options.RingBufferBytes };
        if (options.FiltersInKernel)
        {
            Calls = new MapSpec { Type = MapType.Hash, Name = "calls", KeySize = CallKeySize, ValueSize = CallValueSize, MaxEntries = MaximumCalls };
        }

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
    public IEnumerable<MapSpec> All => new[] { Records, Losses, Codes, Calls, Depths, Threads }.OfType<MapSpec>();
}
