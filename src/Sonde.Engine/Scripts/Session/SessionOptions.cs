using Sonde.Engine.Scripts.Sinks.Forms;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Session;

/// <summary>In which form a script's output is written.</summary>
enum OutputFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}

/// <summary>When output is handed on.</summary>
enum OutputBuffering
{
    /// <summary>When nothing more is there to be written just now.</summary>
    Line,

    /// <summary>When there is a lot of it, and at the end.</summary>
    Full,

    /// <summary>After each piece.</summary>
    None,
}

/// <summary>Takes an event of a script, on the session's thread.</summary>
/// <param name="layout">How the payload lies.</param>
/// <param name="payload">The values, only to be read during the call; it may end inside its last text.</param>
delegate void ScriptEventHandler(TupleType layout, ReadOnlySpan<byte> payload);

/// <summary>How a script is to be run.</summary>
sealed record SessionOptions
{
    /// <summary>Where what the script prints goes; needs no buffer of its own; closed at the end.</summary>
    public required Stream Output { get; init; }

    /// <summary>Where errors, warnings and what concerns the session go.</summary>
    public TextWriter Messages { get; init; } = TextWriter.Null;

    /// <summary>The form of the output.</summary>
    public OutputFormat Format { get; init; }

    /// <summary>What maps look like in text that a verb writes, and not a script: null for the language's own form.</summary>
    public MapForm? Form { get; init; }

    /// <summary>When output is handed on.</summary>
    public OutputBuffering Buffering { get; init; }

    /// <summary>Whether the output is a terminal, on which texts of targets must not do as they like.</summary>
    public bool ToTerminal { get; init; }

    /// <summary>The same for <see cref="Messages"/>.</summary>
    public bool MessagesToTerminal { get; init; }

    /// <summary>Whether colours are wanted.</summary>
    public bool Colour { get; init; }

    /// <summary>The process whose end ends the script, and that probes are narrowed to; 0 for none.</summary>
    public int ProcessId { get; init; }

    /// <summary>A command started for the script and held at its beginning; it is let go once everything is attached, and its end ends the script.</summary>
    public ScriptChild? Child { get; init; }

    /// <summary>Whether the number of probes is not told.</summary>
    public bool Quiet { get; init; }

    /// <summary>Whether details are told.</summary>
    public bool Verbose { get; init; }

    /// <summary>Whether warnings are left out.</summary>
    public bool NoWarnings { get; init; }

    /// <summary>Whether the script may change things: run commands, send signals.</summary>
    public bool AllowUnsafe { get; init; }

    /// <summary>Whether to end once everything is attached.</summary>
    public bool DryRun { get; init; }

    /// <summary>Whether the script's test probes are run, and nothing else.</summary>
    public bool Test { get; init; }

    /// <summary>Whether the script's bench probes are run, and nothing else.</summary>
    public bool Benchmark { get; init; }

    /// <summary>The interpreters of the script's Python probes, by the numbers its records have.</summary>
    public IReadOnlyList<Targets.PythonImage> PythonImages { get; init; } = [];

    /// <summary>Directories of separate debug files, besides the usual one.</summary>
    public IReadOnlyList<string> DebugDirectories { get; init; } = [];

    /// <summary>Whether SIGINT, SIGTERM and SIGHUP end the script as <c>exit()</c> does; a second one ends the process.</summary>
    public bool EndsOnSignals { get; init; } = true;

    /// <summary>Takes the events of a script that was made by a program; null when it sends none.</summary>
    public ScriptEventHandler? Events { get; init; }

    /// <summary>Called when everything is attached.</summary>
    public Action? Attached { get; init; }
}
