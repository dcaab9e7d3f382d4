using Sonde.Engine.Scripts.Session;
using Sonde.Engine.Scripts.Sinks.Forms;
using Sonde.Script.Syntax;

namespace Sonde.Cli.Scripts;

/// <summary>What is asked of the language: the command line of <c>sonde run</c>, <c>sonde -e</c>, and of <c>bpftrace</c>.</summary>
sealed record ScriptRequest
{
    /// <summary>What is to be done with the program.</summary>
    public ScriptTask Task { get; init; }

    /// <summary>The program's text given with -e; null when it is in a file.</summary>
    public string? Program { get; init; }

    /// <summary>The file, <c>-</c> for standard input; null with <see cref="Program"/>, and for listings without a file.</summary>
    public string? File { get; init; }

    /// <summary>The text of a script that is part of the executable; null for others.</summary>
    public string? Embedded { get; init; }

    /// <summary>What <c>-l</c> lists when nothing else is said.</summary>
    public const string EveryProbe = "*:*";

    /// <summary>The pattern of a listing.</summary>
    public string Pattern { get; init; } = EveryProbe;

    /// <summary>Positional and named parameters of the script.</summary>
    public ScriptArguments Arguments { get; init; } = ScriptArguments.None;

    /// <summary>-p; 0 for none.</summary>
    public int ProcessId { get; init; }

    /// <summary>-c: the command to start, as one text that a shell would split; empty for none.</summary>
    public string Command { get; init; } = "";

    /// <summary>-o; null for standard output.</summary>
    public string? Output { get; init; }

    public bool Json { get; init; }

    public OutputBuffering Buffering { get; init; }

    public bool Quiet { get; init; }

    public bool Verbose { get; init; }

    /// <summary>-d: "ast", "bound", "ir", "bpf", "all"; empty for none.</summary>
    public IReadOnlyList<string> Stages { get; init; } = [];

    public bool Unsafe { get; init; }

    public bool NoWarnings { get; init; }

    /// <summary>-k: tell of failed helpers.</summary>
    public bool RuntimeWarnings { get; init; }

    /// <summary>Stop after attaching.</summary>
    public bool DryRun { get; init; }

    public IReadOnlyList<string> IncludeDirectories { get; init; } = [];

    public IReadOnlyList<string> Includes { get; init; } = [];

    /// <summary>--debuginfo: directories of separate debug files, besides the usual one.</summary>
    public IReadOnlyList<string> DebugDirectories { get; init; } = [];

    /// <summary>--probe-filter: only probes of test and bench that match.</summary>
    public string? ProbeFilter { get; init; }

    /// <summary>What maps look like for people, in the program of a verb; null for the language's own form.</summary>
    public MapForm? Form { get; init; }

    /// <summary>Called as bpftrace: its version line and usage instead of Sonde's.</summary>
    public bool AsBpftrace { get; init; }
}

/// <summary>What is to be done with a program.</summary>
enum ScriptTask
{
    Run,
    List,
    Test,
    Bench,
    Format,
    Info,
    Help,
    Version,
}
