using System.CommandLine;
using Sonde.Engine.Injection;

namespace Sonde.Cli.Verbs;

/// <summary>The option of all verbs that put code into a process: whether they may.</summary>
static class InjectOption
{
    public static Option<bool> Create() =>
        new("--inject") { Description = $"Allow sonde to run code of its own inside the process while it watches; it is taken out again at the end, also when sonde is killed. {InjectionOptions.Variable}=1 allows it always." };

    /// <summary>The consent, and the command by which sonde guards what it has put in.</summary>
    public static InjectionOptions Read(ParseResult parsed, Option<bool> option) => new()
    {
        IsAllowed = parsed.GetValue(option) || InjectionOptions.IsAllowedByEnvironment,
        Guard = Guard,
    };

    /// <summary>The command line that runs this very program as the guard of what it has put in; by dotnet where it was started so.</summary>
    public static string[] Guard { get; } =
        [.. Environment.ProcessPath is { } program && Path.GetFileNameWithoutExtension(program) == "dotnet" ? (string[])[program, Path.Combine(AppContext.BaseDirectory, "sonde.dll")] : [Environment.ProcessPath ?? "sonde"], InjectionGuard.Verb];
}
