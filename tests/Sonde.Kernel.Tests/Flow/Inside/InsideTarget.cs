using Sonde.Engine.Flow;
using Sonde.Engine.Flow.Inside;
using Sonde.Engine.Injection;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;

namespace Sonde.Kernel.Tests.Flow.Inside;

/// <summary>Programs that code is put into.</summary>
static class InsideTarget
{
    /// <summary>Starts a program of tests/targets whose main thread runs Python code all the time, and waits until it is ready.</summary>
    public static Target StartReady(Interpreter interpreter, string program, params IEnumerable<string> arguments) =>
        Target.StartReadyApart(interpreter, "awake.py", [Target.PathOf(interpreter, program), .. arguments]);

    /// <summary>Puts agents into programs, with a guard that takes out what a program takes long to let go.</summary>
    public static InjectingLoader Loader { get; } = new(new InjectionOptions { IsAllowed = true, Guard = [SondeCommand.Path, InjectionGuard.Verb] });

    /// <summary>Puts an agent into a program and records what it tells.</summary>
    public static Recording Record(FlowOptions options, Target target)
    {
        var session = new InsideSession(options, Loader);
        return new Recording(session, () => session.Attach(target.Pid));
    }

    /// <summary>The memory that an agent has in a process.</summary>
    public static bool HasMemory(int pid) => ProcFs.TryReadMaps(pid, out List<ProcMapping> mappings) && mappings.Exists(each => each.IsShared && each.Path.StartsWith("/memfd:sonde", StringComparison.Ordinal));
}
