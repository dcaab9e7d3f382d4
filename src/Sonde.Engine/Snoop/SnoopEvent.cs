namespace Sonde.Engine.Snoop;

/// <summary>What happened in a call.</summary>
public enum SnoopEventKind
{
    /// <summary>It begins.</summary>
    Call,

    /// <summary>It had begun before anybody looked; it is told from here on.</summary>
    Running,

    /// <summary>A line is about to be executed.</summary>
    Line,

    /// <summary>An exception is raised, or has come from a call.</summary>
    Exception,

    /// <summary>It ends with a value.</summary>
    Return,

    /// <summary>It ends by an exception.</summary>
    Unwind,

    /// <summary>A generator or coroutine is suspended.</summary>
    Yield,

    /// <summary>It goes on.</summary>
    Resume,

    /// <summary>It has ended outside the lines asked for.</summary>
    End,
}

/// <summary>A variable, or a watched expression, that has another value than when the call was looked at before.</summary>
/// <param name="Name">Escaped.</param>
/// <param name="Value">As Python shows it; escaped.</param>
/// <param name="IsNew">It had none before.</param>
public readonly record struct SnoopChange(string Name, string Value, bool IsNew);

/// <summary>A function that is told about.</summary>
/// <param name="Name">Its qualified name; escaped.</param>
/// <param name="File">The path as the program knows it; not escaped.</param>
/// <param name="Line">Where it begins.</param>
public sealed record SnoopFunction(string Name, string File, int Line);

/// <summary>A thread of the program.</summary>
/// <param name="Ident">Python's number of it (<c>threading.get_ident()</c>).</param>
/// <param name="Tid">The kernel's; 0 when not known (Python 3.7).</param>
/// <param name="Name">Its name in Python, escaped; empty for threads that Python's <c>threading</c> does not know.</param>
public sealed record SnoopThread(long Ident, int Tid, string Name);

/// <summary>One event of the story. Variables are told before the event they were found at.</summary>
public sealed record SnoopEvent
{
    /// <summary>What happened.</summary>
    public required SnoopEventKind Kind { get; init; }

    /// <summary>The number of the call; from 1.</summary>
    public required long Call { get; init; }

    /// <summary>The function.</summary>
    public required SnoopFunction Function { get; init; }

    /// <summary>The thread that it runs in.</summary>
    public required SnoopThread Thread { get; init; }

    /// <summary>How many calls that are told about it lies within.</summary>
    public int Depth { get; init; }

    /// <summary>The line.</summary>
    public int Line { get; init; }

    /// <summary>When, on the program's monotonic clock, in nanoseconds.</summary>
    public long TimeNs { get; init; }

    /// <summary>How long the call has lasted, at its end; else how long ago it began. In nanoseconds.</summary>
    public long ElapsedNs { get; init; }

    /// <summary>What has changed.</summary>
    public IReadOnlyList<SnoopChange> Changes { get; init; } = [];

    /// <summary>The value returned or yielded, or the exception; escaped. Null when there is none.</summary>
    public string? Value { get; init; }

    /// <summary>Whether the line is one of those asked for.</summary>
    public bool IsTold { get; init; } = true;
}
