using Sonde.Script.Syntax;

namespace Sonde.Script.Binding;

/// <summary>What is known of a script besides its text and the machine.</summary>
sealed record BindOptions
{
    /// <summary>The settings.</summary>
    public ScriptConfig Config { get; init; } = new();

    /// <summary>What stood after the program on the command line.</summary>
    public ScriptArguments Arguments { get; init; } = ScriptArguments.None;

    /// <summary>Whether functions that change what is traced are allowed (<c>--unsafe</c>).</summary>
    public bool AllowUnsafe { get; init; }

    /// <summary>The process of -p or -c, 0 for none.</summary>
    public int ProcessId { get; init; }

    /// <summary>Whether profile probes watch all threads of the process; otherwise the one whose number is the process's, as perf events of a process do.</summary>
    public bool SamplesAllThreads { get; init; }

    /// <summary>Whether there is a child (-c).</summary>
    public bool HasChild { get; init; }

    /// <summary>Whether helpers that fail are told of (<c>-k</c>).</summary>
    public bool TellsFailures { get; init; }

    /// <summary>Whether <c>test</c> probes run (<c>--test</c>).</summary>
    public bool RunsTests { get; init; }

    /// <summary>Whether <c>bench</c> probes run (<c>--bench</c>).</summary>
    public bool RunsBenchmarks { get; init; }

    /// <summary>Which of those, by their names, are wanted.</summary>
    public Func<string, bool> SelectsTest { get; init; } = static _ => true;
}
