using Sonde.Engine;
using Sonde.Engine.Flow;
using Sonde.Engine.Runtimes;
using Sonde.Linux;

namespace Sonde.Cli.Verbs;

/// <summary>Which runtime a flow follows where it is not Python's.</summary>
static class FlowOfRuntime
{
    /// <summary>The runtime of a process that runs no Python and one of the other languages; null where Python is to be followed.</summary>
    /// <exception cref="UserErrorException">What is asked for cannot be done with the probes of a runtime; the message says why.</exception>
    public static RunningRuntime? Choose(FlowRequest request)
    {
        // Python is looked for by those who know it: a library of its name is enough to leave it to them.
        if (request.Pids.Count == 0 || !request.Pids.All(RunsNoPython))
        {
            return null;
        }

        var pid = request.Pids[0];
        if (RunningRuntime.Of(pid).Find(static each => !each.IsPython) is not { } runtime)
        {
            return null;
        }

        if (request.Pids.Distinct().Count() > 1)
        {
            throw new UserErrorException($"flow: one process of {runtime.Runtime.Title} is followed at a time; give one -p PID");
        }

        if (request.Engine == FlowEngine.Inside || request.ShowProgram || request.DryRun)
        {
            throw new UserErrorException($"flow of process {pid}: {runtime.Runtime.Title} is followed by its own probes; --engine inside, --show-program and --dry-run are for Python. 'sonde calls -p {pid} --show-program' shows a program");
        }

        var values = request.Arguments == true || request.Results == true;
        if (RuntimeFlowSession.Refusal(pid, runtime, values ? request.Options with { Arguments = true } : request.Options) is { } refusal)
        {
            throw new UserErrorException(refusal);
        }

        if (!CapabilitySet.Effective.CanTrace)
        {
            throw new UserErrorException("flow needs root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE: run it with sudo. 'sonde doctor' lists what is missing");
        }

        if (runtime.Runtime.Switch is { } needed && !ProcessSettings.Mentions(pid, needed.Word))
        {
            Console.Error.WriteLine($"sonde: {runtime.Runtime.Title} in process {pid} tells this only when asked to, which it does not seem to be: {needed.Advice}");
        }

        return runtime;
    }

    static bool RunsNoPython(int pid) =>
        ProcFs.TryReadMaps(pid, out var mappings) && mappings.Count > 0 && !mappings.Exists(static mapping => mapping.Path.Contains("python", StringComparison.Ordinal));
}
