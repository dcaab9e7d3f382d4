using Sonde.Python.Values;

namespace Sonde.Engine.Dump;

/// <summary>What to dump and how much of it.</summary>
public sealed record DumpRequest
{
    /// <summary>The process; 0 with a core file.</summary>
    public int Pid { get; init; }

    /// <summary>The core file of a process that has died, instead of a running one.</summary>
    public string? CoreFile { get; init; }

    /// <summary>Where the programs and libraries of a core file are looked for besides their own paths.</summary>
    public IReadOnlyList<string> SearchDirectories { get; init; } = [];

    /// <summary>How much of the variables is shown: 0 nothing, 1 a line of each, more with each further level.</summary>
    public int LocalsLevel { get; init; }

    /// <summary>What of values and source is not shown; null to show everything.</summary>
    public Redaction? Redaction { get; init; } = Redaction.Default;

    /// <summary>Whether the machine code between the Python functions is shown.</summary>
    public bool Native { get; init; }

    /// <summary>Whether the asyncio tasks are shown.</summary>
    public bool Tasks { get; init; }

    /// <summary>Whether the processes it has started, and those they have, are dumped too.</summary>
    public bool Subprocesses { get; init; }
}
