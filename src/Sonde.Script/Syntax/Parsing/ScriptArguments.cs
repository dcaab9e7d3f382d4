namespace Sonde.Script.Syntax;

/// <summary>What stood after the program on the command line.</summary>
sealed record ScriptArguments
{
    /// <summary>Nothing.</summary>
    public static ScriptArguments None { get; } = new();

    /// <summary>The positional parameters <c>$1</c>, <c>$2</c>, ….</summary>
    public IReadOnlyList<string> Positional { get; init; } = [];

    /// <summary>The named parameters given after <c>--</c>: the value of <c>--name=value</c>, null for a bare <c>--name</c>.</summary>
    public IReadOnlyDictionary<string, string?> Named { get; init; } = new Dictionary<string, string?>();
}
