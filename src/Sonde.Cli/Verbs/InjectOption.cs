using System.CommandLine;
using Sonde.Engine.Injection;

namespace Sonde.Cli.Verbs;

/// <summary>The option of all verbs that put code into a process: whether they may.</summary>
static class InjectOption
{
    public static Option<bool> Create() =>
        new("--inject") { Description = $"Allow sonde to run code of its own inside the process while it watches; it is taken out again at the end, also when sonde is killed. {InjectionOptions.Variable}=1 allows it always." };

    /// <summary>Whether they may where it is dangerous.</summary>
    public static Option<bool> CreateRisk() =>
        new(InjectionOptions.RiskOption) { Description = "With --inject: also into a process with a seccomp filter, or with less than 64 MiB left of a memory limit, which may be killed for it." };

    /// <summary>The consent, and the command by which sonde guards what it has put in.</summary>
    public static InjectionOptions Read(ParseResult parsed, Option<bool> option, Option<bool> risk) => new()
    {
        AcceptsRisk = parsed.GetValue(risk),
        IsAllowed = parsed.GetValue(option) || InjectionOptions.IsAllowedByEnvironment,
        Guard = Guard,
    };

    /// <summary>The same, for a flow.</summary>
    public static InjectionOptions Of(FlowRequest request) => new()
    {
        IsAllowed = request.IsInjectionAllowed || InjectionOptions.IsAllowedByEnvironment,
        AcceptsRisk = request.AcceptsRisk,
        Guard = Guard,
    };

    /// <summary>The command line that runs this very program as the guard of what it has put in; by dotnet where it was started so.</summary>
    public static string[] Guard { get; } =
        [.. Environment.ProcessPath is { } program && Path.GetFileNameWithoutExtension(program) == "dotnet" ? (string[])[program, Path.Combine(AppContext.BaseDirectory, "sonde.dll")] : [Environment.ProcessPath ?? "sonde"], InjectionGuard.Verb];
}
