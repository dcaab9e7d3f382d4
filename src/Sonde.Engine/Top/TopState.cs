using Sonde.Engine.Profiles;

namespace Sonde.Engine.Top;

/// <summary>What fills the screen.</summary>
public enum TopView : byte
{
    /// <summary>Functions or lines, with their times.</summary>
    Table,

    /// <summary>Who calls what.</summary>
    Tree,

    /// <summary>The source of a function, with the times of its lines.</summary>
    Source,
}

/// <summary>What the table is sorted by; the number is the key.</summary>
public enum TopSort : byte
{
    /// <summary>Time in itself, now.</summary>
    Own = 1,

    /// <summary>Time in it and what it called, now.</summary>
    Total = 2,

    /// <summary>Time in itself, since the beginning.</summary>
    OwnTime = 3,

    /// <summary>Time in it and what it called, since the beginning.</summary>
    TotalTime = 4,
}

/// <summary>The source of a file.</summary>
/// <param name="Lines">Its lines; none when it cannot be read.</param>
/// <param name="Problem">Why it cannot be read; null when it can.</param>
public sealed record SourceText(IReadOnlyList<string> Lines, string? Problem);

/// <summary>All that the screen of <c>sonde top</c> depends on. Keys and snapshots make a new one out of it; nothing else does.</summary>
public sealed record TopState
{
    /// <summary>The rows above the table, and the one below it.</summary>
    internal const int HeadRows = 5, FootRows = 1;

    /// <summary>What is sampled, for the first row.</summary>
    public string Title { get; init; } = "";

    /// <summary>The width of the terminal.</summary>
    public int Columns { get; init; } = 80;

    /// <summary>Its height.</summary>
    public int Rows { get; init; } = 24;

    /// <summary>Everything up to now; null before the first.</summary>
    public TopSnapshot? Current { get; init; }

    /// <summary>Everything up to the refresh before; null before the second.</summary>
    public TopSnapshot? Previous { get; init; }

    /// <summary>Whether the numbers stand still.</summary>
    public bool IsPaused { get; init; }

    /// <summary>What fills the screen.</summary>
    public TopView View { get; init; }

    /// <summary>What the table is sorted by.</summary>
    public TopSort Sort { get; init; } = TopSort.OwnTime;

    /// <summary>Which samples count, and for what.</summary>
    public TopScope Scope { get; init; }

    /// <summary>Only functions whose label has this in it; small letters find capitals too.</summary>
    public string Filter { get; init; } = "";

    /// <summary>Whether keys go into the filter.</summary>
    public bool IsTyping { get; init; }

    /// <summary>The row that keys act on, wherever it has moved to; null for none.</summary>
    public ulong? Selected { get; init; }

    /// <summary>How many rows have been scrolled out above; null in the source for "so that the hottest line is seen".</summary>
    public int? Scroll { get; init; } = 0;

    /// <summary>The nodes of the tree that are not as they would be by themselves: open when they have a hundredth of the time.</summary>
    public IReadOnlySet<ulong> Toggled { get; init; } = NothingToggled;

    /// <summary>The tree as it is by itself.</summary>
    public static IReadOnlySet<ulong> NothingToggled { get; } = new HashSet<ulong>();

    /// <summary>Whose source is shown.</summary>
    public Frame Function { get; init; }

    /// <summary>Its source; null until it has been read.</summary>
    public SourceText? Source { get; init; }

    /// <summary>Whether the list of keys is shown.</summary>
    public bool ShowsHelp { get; init; }

    /// <summary>Something to say in the last row, such as that the program has ended.</summary>
    public string? Message { get; init; }

    /// <summary>Time between two refreshes, in milliseconds.</summary>
    public int DelayMs { get; init; } = 1000;

    /// <summary>How often the numbers were to begin anew.</summary>
    public int Resets { get; init; }

    /// <summary>How often the whole screen was to be painted anew.</summary>
    public int Redraws { get; init; }

    /// <summary>How often the shell was asked for (Ctrl-Z).</summary>
    public int Suspends { get; init; }

    /// <summary>Whether to end.</summary>
    public bool IsDone { get; init; }

    /// <summary>The state with what was sampled up to now.</summary>
    public TopState With(TopSnapshot snapshot) => IsPaused ? this : this with { Current = snapshot, Previous = Current };

    /// <summary>How many rows there are for the table.</summary>
    internal int BodyRows => Math.Max(0, Rows - HeadRows - FootRows);

    /// <summary>The time from the refresh before to now, in nanoseconds.</summary>
    internal long IntervalNs => Current is null ? 0 : Current.DurationNs - (Previous?.DurationNs ?? 0);

    /// <summary>A time as a share of the interval: 1 is one thread all the time.</summary>
    internal double Share(long ns) => IntervalNs > 0 ? (double)ns / IntervalNs : 0;
}
