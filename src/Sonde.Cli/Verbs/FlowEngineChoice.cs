using System.CommandLine;
using System.Runtime.InteropServices;
using Sonde.Engine;
using Sonde.Engine.Flow;
using Sonde.Engine.Flow.Inside;
using Sonde.Linux;

namespace Sonde.Cli.Verbs;

/// <summary>Which engine a flow uses.</summary>
/// <param name="IsInside">Whether an agent in the process tells the calls.</param>
/// <param name="Why">What the user should know about the choice; null when there is nothing to say.</param>
readonly record struct FlowEngineChoice(bool IsInside, string? Why)
{
    /// <summary>The option with which the user chooses.</summary>
    public static Option<string> CreateOption() => new("--engine")
    {
        Description = "Where calls are seen: outside (probes in the kernel), inside (code in the process, some 20 times cheaper; needs --inject), auto (inside if --inject is given and it works).",
        HelpName = "ENGINE",
        DefaultValueFactory = _ => "auto",
    };

    /// <summary>What the user has chosen.</summary>
    /// <exception cref="UsageException">There is none of that name.</exception>
    public static FlowEngine Read(ParseResult parsed, Option<string> option) => parsed.GetValue(option) switch
    {
        "auto" => FlowEngine.Auto,
        "outside" => FlowEngine.Outside,
        "inside" => FlowEngine.Inside,
        var name => throw new UsageException($"--engine '{name}': must be auto, outside or inside"),
    };

    /// <summary>Chooses for a request.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="verb">The verb, for messages.</param>
    /// <param name="beyond">What else is asked for that only the kernel's programs can do; null for nothing.</param>
    /// <exception cref="UsageException">What is asked for excludes itself.</exception>
    public static FlowEngineChoice For(FlowRequest request, string verb = "flow", string? beyond = null)
    {
        if (request.Engine == FlowEngine.Outside || (request.Engine == FlowEngine.Auto && !request.IsInjectionAllowed))
        {
            return new FlowEngineChoice(false, null);
        }

        var problem = beyond
            ?? (request.Arguments == true || request.Results == true || request.Options.Where is not null ? "arguments, results and conditions on them (--args, --result, --where) are read by the kernel's programs only"
            : request.All ? "with --all processes are followed that start later, into which nothing is put"
            : request.Command.Count > 0 && request.Engine == FlowEngine.Auto && CapabilitySet.Effective.CanTrace ? "a command is followed from its first call then; --engine inside follows it once its Python runs"
            : RuntimeInformation.ProcessArchitecture != Architecture.X64 ? "it is machine code for x86-64"
            : request.Pids.Select(pid => InsideSession.Refusal(pid, request.Options, request.AcceptsRisk)).FirstOrDefault(static refusal => refusal is not null));
        return (problem, request.Engine) switch
        {
            (null, FlowEngine.Inside) => new FlowEngineChoice(true, null),
            (null, _) => new FlowEngineChoice(true, "engine: inside the process, because --inject allows it; --engine outside leaves the process as it is"),
            (_, FlowEngine.Inside) when request.All => throw new UsageException($"{verb} --engine inside: {problem}"),
            (_, FlowEngine.Inside) => throw new UserErrorException($"{verb} --engine inside: {problem}; use --engine outside"),
            _ => new FlowEngineChoice(false, $"engine: outside, although --inject allows the one inside: {problem}"),
        };
    }
}
