using Sonde.Python.Values;

namespace Sonde.Engine.Flow;

/// <summary>What of a program's flow is shown.</summary>
public sealed record FlowOptions
{
    /// <summary>Globs over qualified names; empty means every function. <c>*</c> and <c>?</c> as in a shell; a pattern matches the whole name or any dotted end of it.</summary>
    public IReadOnlyList<string> Functions { get; init; } = [];

    /// <summary>Globs over file names, matched against the whole path and against its end after a slash, with or without <c>.py</c>; empty means every file.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Globs over qualified names and file names that are left out.</summary>
    public IReadOnlyList<string> Excludes { get; init; } = [];

    /// <summary>Thread ids or globs over thread names; empty means every thread.</summary>
    public IReadOnlyList<string> Threads { get; init; } = [];

    /// <summary>Only calls with fewer than this many enclosing traced calls; null means any depth.</summary>
    public int? Depth { get; init; }

    /// <summary>Only calls that took at least this long, with their callers; zero means all.</summary>
    public TimeSpan MinDuration { get; init; } = TimeSpan.Zero;

    /// <summary>Stop after this many events; null means no limit.</summary>
    public long? MaxEvents { get; init; }

    /// <summary>Size of the ring buffer between kernel and Sonde, in bytes; a power of two.</summary>
    public int RingBufferBytes { get; init; } = 32 << 20;

    /// <summary>Only calls whose arguments fulfil this condition, an expression of Python such as <c>user_id == 42 and len(items) > 100</c>; null means all.</summary>
    /// <remarks>Decided in the kernel, at the call. What of Python can be written is told by <see cref="FlowCondition"/>.</remarks>
    public string? Where { get; init; }

    /// <summary>Whether calls are shown with their arguments.</summary>
    public bool Arguments { get; init; }

    /// <summary>Whether returns are shown with their results.</summary>
    public bool Results { get; init; }

    /// <summary>How much of arguments and results is copied and shown.</summary>
    public ValueLimits ValueLimits { get; init; } = ValueLimits.Default;

    /// <summary>True when values are copied in the kernel.</summary>
    public bool CapturesValues => Arguments || Results;

    /// <summary>True when a filter keeps state in the kernel, so that exits are matched with entries there.</summary>
    public bool FiltersInKernel =>
        Functions.Count > 0 || Files.Count > 0 || Excludes.Count > 0 || Threads.Count > 0 || Depth is not null || Where is not null || MinDuration > TimeSpan.Zero;
}
