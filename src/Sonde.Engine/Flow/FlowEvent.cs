namespace Sonde.Engine.Flow;

/// <summary>What happened to a Python frame.</summary>
public enum FlowEventKind : byte
{
    /// <summary>A function was called.</summary>
    Call,

    /// <summary>A function returned.</summary>
    Return,

    /// <summary>A frame was left by an exception.</summary>
    Raise,

    /// <summary>A generator or coroutine went on from where it was suspended.</summary>
    Resume,

    /// <summary>A generator or coroutine suspended itself (yield, await).</summary>
    Suspend,
}

/// <summary>A thread that was seen in the flow.</summary>
public sealed class FlowThread
{
    /// <summary>Process id as the kernel sees it.</summary>
    public required int Pid { get; init; }

    /// <summary>Thread id as the kernel sees it.</summary>
    public required int Tid { get; init; }

    /// <summary>The thread's name as the kernel has it (at most 15 bytes), escaped; "?" when the thread ended before it could be read.</summary>
    public required string Name { get; init; }
}

/// <summary>One call, return, raise, resume or suspend, in the order it happened on its thread.</summary>
public readonly struct FlowEvent
{
    /// <summary>What happened.</summary>
    public required FlowEventKind Kind { get; init; }

    /// <summary>The CPU it happened on.</summary>
    public required int Cpu { get; init; }

    /// <summary>How many shown calls enclose this one on its thread.</summary>
    public required int Depth { get; init; }

    /// <summary>Nanoseconds on the kernel's monotonic clock.</summary>
    public required long TimeNs { get; init; }

    /// <summary>At an exit, nanoseconds since the frame was entered or resumed; -1 at entries, and where the entry was not seen.</summary>
    public required long DurationNs { get; init; }

    /// <summary>At an exit, the part of <see cref="DurationNs"/> not spent in shown callees; -1 like <see cref="DurationNs"/>.</summary>
    public required long OwnNs { get; init; }

    /// <summary>At a call, its arguments; null where they are not asked for or not known.</summary>
    public IReadOnlyList<FlowValue>? Arguments { get; init; }

    /// <summary>At a return, the result as one line of printable characters; null where it is not asked for or not known.</summary>
    public string? Result { get; init; }

    /// <summary>The function.</summary>
    public required CodeInfo Code { get; init; }

    /// <summary>The thread.</summary>
    public required FlowThread Thread { get; init; }

    /// <summary>True for <see cref="FlowEventKind.Call"/> and <see cref="FlowEventKind.Resume"/>.</summary>
    public bool IsEntry => Kind is FlowEventKind.Call or FlowEventKind.Resume;
}
