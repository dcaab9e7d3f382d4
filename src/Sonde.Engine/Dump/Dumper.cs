using Sonde.Engine.Stacks;
using Sonde.Linux;
using Sonde.Python.Values;

namespace Sonde.Engine.Dump;

/// <summary>Looks once where all threads of a process are, without stopping it.</summary>
public static class Dumper
{
    /// <summary>How often a process that has begun another program meanwhile is looked at again.</summary>
    const int Attempts = 3;

    /// <summary>Dumps a process, and what it has started when that is asked for.</summary>
    /// <returns>The process first, then its children, each before its own.</returns>
    /// <exception cref="UserErrorException">The process cannot be dumped; the message says why. Children that cannot be are in the result with their problem.</exception>
    public static IReadOnlyList<DumpedProcess> Dump(DumpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        List<DumpedProcess> processes = [Look(request.Pid, request)];
        if (request.Subprocesses)
        {
            foreach (var child in Descendants(request.Pid))
            {
                try
                {
                    processes.Add(Look(child, request));
                }
                catch (Exception exception) when (exception is UserErrorException or LinuxException)
                {
                    processes.Add(Describe(child) with { Problem = exception.Message });
                }
            }
        }

        return processes;
    }

    static DumpedProcess Look(int pid, DumpRequest request)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var view = PythonProcessView.Open(pid);
            var executable = ProcFs.ReadExecutable(pid);
            var snapshot = view.Snapshot();
            var isWhole = snapshot.Threads.Count > 0 && snapshot.Threads.Any(static thread => thread.Problem is null);
            if (isWhole)
            {
                return Describe(pid) with
                {
                    Version = view.Version,
                    Threads = Describe(view, snapshot, request),
                    OtherThreads = snapshot.OtherThreads,
                    IsFinalizing = view.Runtime.IsFinalizing,
                    Problem = snapshot.Problem,
                };
            }

            if (!ProcFs.TryReadStat(pid, out var stat) || stat.IsZombie)
            {
                throw new UserErrorException($"process {pid} ended while it was being looked at");
            }

            if (ProcFs.ReadExecutable(pid) is { } now && now != executable && attempt == Attempts)
            {
                throw new UserErrorException($"process {pid} began another program ({now}) while it was being looked at; try again");
            }

            if (attempt == Attempts)
            {
                throw new UserErrorException(snapshot.Threads.Count == 0
                    ? $"process {pid} runs no Python now: its CPython {view.Version} has {(view.Runtime.IsFinalizing ? "shut down" : "no threads, as it is before it starts and after it ends")}; try again"
                    : $"process {pid} cannot be read: {snapshot.Threads[0].Problem}; try again");
            }
        }
    }

    static DumpedProcess Describe(int pid)
    {
        ProcFs.TryReadStat(pid, out var stat);
        return new DumpedProcess { Pid = pid, ParentPid = stat.ParentPid, CommandLine = ProcFs.ReadCommandLine(pid), Executable = ProcFs.ReadExecutable(pid) };
    }

    static List<DumpedThread> Describe(PythonProcessView view, ProcessSnapshot snapshot, DumpRequest request)
    {
        // Variables first: they change while files are read.
        var variables = new Dictionary<(ulong, ulong), IReadOnlyList<DumpedVariable>>();
        if (request.LocalsLevel > 0)
        {
            var limits = ValueLimits.ForLevel(request.LocalsLevel) with { Hide = request.Hide };
            var reader = new FrameVariables(view.Memory, view.Version, view.Runtime.Layout.Calls);
            var values = new PythonValues(view.Memory, view.Version, view.Runtime.Layout.Calls);
            foreach (var frame in snapshot.Threads.SelectMany(static thread => thread.Frames))
            {
                variables[(frame.Raw.Address, frame.Raw.Code)] = [.. reader.Read(frame.Raw.Address, frame.Raw.Code).Select(variable => new DumpedVariable(
                    variable.Name, variable.Address, variable.IsArgument, request.Hide is { } hide && hide(variable.Name) ? "<hidden>" : values.Describe(variable.Address, limits)))];
            }
        }

        var sources = new SourceLines(view.Pid);
        return [.. snapshot.Threads.Select(thread => new DumpedThread(thread, [.. thread.Frames.Select(frame => new DumpedFrame(frame.Function, frame.File, sources.Shorten(frame.File), frame.Span)
        {
            Source = frame.Span is { } span ? sources.Find(frame.File, span) : null,
            Variables = variables.GetValueOrDefault((frame.Raw.Address, frame.Raw.Code)),
            IsEntry = frame.Raw.CalledFromC,
        })]))];
    }

    /// <summary>The processes that a process has started, and those they have, each before its own.</summary>
    static List<int> Descendants(int pid)
    {
        var children = new Dictionary<int, List<int>>();
        foreach (var other in ProcFs.Processes().Order())
        {
            if (ProcFs.TryReadStat(other, out var stat))
            {
                if (!children.TryGetValue(stat.ParentPid, out var siblings))
                {
                    children.Add(stat.ParentPid, siblings = []);
                }

                siblings.Add(other);
            }
        }

        List<int> found = [];
        Collect(pid);
        return found;

        void Collect(int parent)
        {
            // Taken out, so that numbers used again meanwhile cannot make a circle.
            if (children.Remove(parent, out var own))
            {
                foreach (var child in own)
                {
                    found.Add(child);
                    Collect(child);
                }
            }
        }
    }
}
