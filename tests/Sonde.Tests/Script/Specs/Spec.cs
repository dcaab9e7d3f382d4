namespace Sonde.Tests.Script.Specs;

/// <summary>One example of what a program in Sonde's language does; tests/specs/README.md describes the fields.</summary>
/// <param name="File">The file it stands in.</param>
/// <param name="Line">The line it begins at.</param>
/// <param name="Feature">The row of docs/language.md that it is an example of.</param>
sealed record Spec(string File, int Line, string Feature)
{
    /// <summary>The feature and the case: no two specs of a file have the same name.</summary>
    public string Name { get; init; } = Feature;

    /// <summary>What is special about it; null when it is the plain example.</summary>
    public string? Case { get; init; }

    /// <summary>The program text, given with <c>-e</c>; null when there is none.</summary>
    public string? Program { get; init; }

    /// <summary>The program text, given as a file; null when there is none.</summary>
    public string? Script { get; init; }

    /// <summary>Files that lie in the directory it runs in: text by name.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>The words before the program.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>The words after the program.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Environment variables, each <c>NAME=value</c>.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>The command given with <c>-c</c>.</summary>
    public string? Child { get; init; }

    /// <summary>The command that runs already; it reads one line when the probes are attached. Its process id is <c>{pid}</c>.</summary>
    public string? Beside { get; init; }

    public string Stdin { get; init; } = "";

    /// <summary>A pattern: the tool is interrupted once a line of its output matches.</summary>
    public string? Interrupt { get; init; }

    /// <summary>The standard output, but for empty lines at its beginning and end.</summary>
    public string? Expect { get; init; }

    /// <summary>The whole standard output, each newline written as <c>\n</c>.</summary>
    public string? ExpectExactly { get; init; }

    /// <summary>The standard error without the line that tells how many probes are attached.</summary>
    public string? ExpectStderr { get; init; }

    /// <summary>Patterns; each matches a line of the standard output, in this order.</summary>
    public IReadOnlyList<string> Match { get; init; } = [];

    /// <summary>Patterns; each matches a line of the standard error, in this order.</summary>
    public IReadOnlyList<string> MatchStderr { get; init; } = [];

    /// <summary>Patterns that match no line of either.</summary>
    public IReadOnlyList<string> Absent { get; init; } = [];

    public int Exit { get; init; }

    /// <summary>What is different in each run, by the names of <see cref="Masks"/>.</summary>
    public IReadOnlyList<string> Masked { get; init; } = [];

    /// <summary>The lines of the output come in any order.</summary>
    public bool AnyOrder { get; init; }

    /// <summary>What the kernel must have: "kprobes", "fentry", "iter", "hardware".</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Why bpftrace does something else; null where it does the same.</summary>
    public string? Differs { get; init; }

    public override string ToString() => $"{File}:{Line} {Name}";
}
