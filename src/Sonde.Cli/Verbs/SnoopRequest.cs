using Sonde.Engine.Snoop;

namespace Sonde.Cli.Verbs;

/// <summary>What the user asked of <c>sonde snoop</c>.</summary>
sealed record SnoopRequest
{
    /// <summary>Names with one of these in them hide their value, unless the user wants them.</summary>
    public static IReadOnlyList<string> Secrets { get; } =
        ["password", "passwd", "secret", "token", "apikey", "accesskey", "privatekey", "authorization", "credential", "cookie", "sessionid", "creditcard", "ccnumber", "cvv", "ssn"];

    public int Pid { get; init; }

    public bool IsAllowed { get; init; }

    public TimeSpan? Duration { get; init; }

    public bool Json { get; init; }

    public string? Output { get; init; }

    public SnoopTextOptions Text { get; init; } = new();

    public SnoopOptions Options { get; init; } = new();
}
