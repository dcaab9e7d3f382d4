using Sonde.Python;

namespace Sonde.Engine.Stacks;

/// <summary>What the threads of a Python process do at one moment.</summary>
public sealed record ProcessSnapshot
{
    /// <summary>The process, as seen from here; 0 for a core file that does not tell.</summary>
    public int Pid { get; init; }

    /// <summary>The interpreter's version.</summary>
    public required PythonVersion Version { get; init; }

    /// <summary>Its Python threads: the main one first, the others in the order of their making.</summary>
    public required IReadOnlyList<ThreadSnapshot> Threads { get; init; }

    /// <summary>How many threads it has besides, in which no Python interpreter knows itself to run.</summary>
    public int OtherThreads { get; init; }

    /// <summary>What could not be found out, one sentence; null when everything was.</summary>
    public string? Problem { get; init; }
}
