namespace Sonde.Engine.Runtimes;

/// <summary>What a language's runtime tells through its USDT probes: names of probes, and what their arguments mean as expressions of Sonde's language.</summary>
/// <remarks>Everything that is not told is null. A new runtime is a new row of <see cref="RuntimeTable"/>.</remarks>
sealed record Runtime
{
    /// <summary>The word that names it on the command line, as in BCC's tools.</summary>
    public required string Name { get; init; }

    /// <summary>What it is called in messages.</summary>
    public required string Title { get; init; }

    /// <summary>The provider of its probes.</summary>
    public required string Provider { get; init; }

    /// <summary>What the names of its programs and libraries begin with: how it is known where it has no probes.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Whether a file is of it by its name.</summary>
    public bool IsFile(string name) => Files.Any(start => name.StartsWith(start, StringComparison.Ordinal));

    /// <summary>A function begins and ends.</summary>
    public IReadOnlyList<RuntimeCall> Calls { get; init; } = [];

    /// <summary>What stands between the parts of a function's name.</summary>
    public string Separator { get; init; } = ".";

    /// <summary>Garbage is collected, or a part of that is done.</summary>
    public IReadOnlyList<RuntimeCollection> Collections { get; init; } = [];

    /// <summary>An object is made.</summary>
    public IReadOnlyList<RuntimeAllocation> Allocations { get; init; } = [];

    /// <summary>A thread begins or ends.</summary>
    public IReadOnlyList<RuntimeThread> Threads { get; init; } = [];

    /// <summary>A class or file of code is loaded: the probe.</summary>
    public string? Load { get; init; }

    /// <summary>An exception is raised: the probe.</summary>
    public string? Exception { get; init; }

    /// <summary>What must be set for calls and objects to be told, which is not unless asked.</summary>
    public RuntimeSwitch? Switch { get; init; }

    /// <summary>What its probes of calls leave out; null for nothing.</summary>
    public string? CallsNote { get; init; }

    /// <summary>What there is instead of <see cref="Allocations"/>; null for nothing.</summary>
    public string? Objects { get; init; }

    /// <summary>What to do where a build has no probes.</summary>
    public required string WithoutProbes { get; init; }
}

/// <summary>Probes of a call's begin and end.</summary>
/// <param name="Entry">The probe at the begin.</param>
/// <param name="Return">The probe at the end, however it ends; its arguments are those of the begin.</param>
/// <param name="Names">The parts of the function's name.</param>
sealed record RuntimeCall(string Entry, string Return, IReadOnlyList<string> Names);

/// <summary>Probes of a collection.</summary>
/// <param name="Begin">The probe at its begin.</param>
/// <param name="End">The probe at its end.</param>
/// <param name="What">What is done, a text, by the arguments of the begin.</param>
sealed record RuntimeCollection(string Begin, string End, string What);

/// <summary>The probe of an object's making.</summary>
/// <param name="Probe">The probe.</param>
/// <param name="Type">The object's type, a text.</param>
/// <param name="Size">How many bytes or elements it has; null where that is not told.</param>
sealed record RuntimeAllocation(string Probe, string Type, string? Size);

/// <summary>The probe of a thread's begin or end.</summary>
/// <param name="Probe">The probe.</param>
/// <param name="Event">What happens: <c>start</c> or <c>stop</c>.</param>
/// <param name="Id">The kernel's number of the thread.</param>
/// <param name="Description">The thread's name, a text.</param>
sealed record RuntimeThread(string Probe, string Event, string Id, string Description);

/// <summary>A setting that a process must have been started with.</summary>
/// <param name="Word">What stands in its command line or environment then.</param>
/// <param name="Advice">How to start it with that.</param>
sealed record RuntimeSwitch(string Word, string Advice);
