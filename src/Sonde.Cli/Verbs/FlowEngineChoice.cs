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
    /// <summary>Chooses for a request.</summary>
    /// <exception cref="UsageException">What is asked for excludes itself.</exception>
    public static FlowEngineChoice For(FlowRequest request)
    {
        if (request.Engine == FlowEngine.Outside || (request.Engine == FlowEngine.Auto && !request.IsInjectionAllowed))
        {
            return new FlowEngineChoice(false, null);
        }

        var problem = request.Arguments == true || request.Results == true || request.Options.Where is not null ? "arguments, results and conditions on them (--args, --result, --where) are read by the kernel's programs only"
            : request.All ? "with --all processes are followed that start later, into which nothing is put"
            : request.Command.Count > 0 && request.Engine == FlowEngine.Auto && CapabilitySet.Effective.CanTrace ? "a command is followed from its first call then; --engine inside follows it once its Python runs"
            : RuntimeInformation.ProcessArchitecture != Architecture.X64 ? "it is machine code for x86-64"
            : request.Pids.Select(pid => InsideSession.Refusal(pid, request.Options, request.AcceptsRisk)).FirstOrDefault(static refusal => refusal is not null);
        return (problem, request.Engine) switch
        {
            (null, FlowEngine.Inside) => new FlowEngineChoice(true, null),
            (null, _) => new FlowEngineChoice(true, "engine: inside the process, because --inject allows it; --engine outside leaves the process as it is"),
            (_, FlowEngine.Inside) when request.All => throw new UsageException($"flow --engine inside: {problem}"),
            (_, FlowEngine.Inside) => throw new UserErrorException($"flow --engine inside: {problem}; use --engine outside"),
            _ => new FlowEngineChoice(false, $"engine: outside, although --inject allows the one inside: {problem}"),
        };
    }
}
