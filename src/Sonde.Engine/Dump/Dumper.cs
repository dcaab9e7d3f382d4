using Sonde.Engine.Stacks;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Python.Stacks;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

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
        if (request.CoreFile is { } path)
        {
            return [LookAtCore(path, request)];
        }

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
                using var native = request.Native ? NativeStacks.Open(pid) : null;
                Func<ThreadSnapshot, NativeTake>? take = native is null ? null : thread => Take(native, view, thread);
                var mappings = ProcFs.TryReadMaps(pid, out var read) ? read : [];
                var asyncio = request.Tasks ? LoadedAsyncio.Find(view.Version, mappings, mapping => MappedImage.Open(pid, mapping)) : null;
                return new FrameDescriber(view, request, take).Describe(Describe(pid), snapshot, asyncio, GreenletStacks.Of(snapshot.Threads, mappings, pid));
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

    /// <summary>Takes a thread's machine code, and its Python stack and state at that very moment: a thread that comes and goes is soon in another state than when it was seen first.</summary>
    static NativeTake Take(NativeStacks native, PythonProcessView view, ThreadSnapshot thread)
    {
        var patience = TimeSpan.FromMilliseconds(200);
        List<RawFrame> frames = [];
        ThreadMoment? moment = null;
        var joined = native.TakeJoined(thread.Tid, patience, view.Nested, thread.States, frames, () =>
        {
            var before = moment;
            moment = view.ReadMoment(thread.States, view.Nested.Parts);
            return before?.HoldsGil == moment.HoldsGil;
        });
        List<StackPart> parts = [.. view.Nested.Parts];
        if (joined.Mismatch is not null || moment is null)
        {
            return new NativeTake(joined, frames, parts, thread);
        }

        var trace = joined.Native;
        var activity = trace.Source == NativeSource.Waiting ? ThreadActivity.Of(view.Pid, trace.Letter, trace.Call, moment.Gils) : new ThreadActivity(ThreadState.Running, null);
        return new NativeTake(joined, frames, parts, moment.Complete(thread, activity));
    }

    static DumpedProcess LookAtCore(string path, DumpRequest request)
    {
        using var core = CoreTarget.Open(path, request.SearchDirectories);
        using var view = core.OpenPython();
        using var native = request.Native ? core.OpenNativeStacks() : null;
        var snapshot = view.Snapshot();
        if (snapshot.Threads.Count == 0)
        {
            throw new UserErrorException($"core file '{path}': {snapshot.Problem ?? "its Python had no threads"}");
        }

        // What pthreads call a thread is where its thread pointer points.
        var threads = core.Core.Threads.ToDictionary(static thread => thread.ThreadPointer);
        snapshot = snapshot with
        {
            Threads = [.. snapshot.Threads.Select(thread => threads.TryGetValue(thread.Record.PthreadId, out var known) ? thread with { Tid = known.Tid } : thread)],
        };
        var process = new DumpedProcess { Pid = core.Core.Pid, CommandLine = [core.Core.CommandLine], Death = core.ReasonOfDeath };
        Func<ThreadSnapshot, NativeTake>? take = native is null ? null : thread =>
        {
            List<RawFrame> frames = [.. thread.Frames.Select(static frame => frame.Raw)];
            var joined = threads.TryGetValue(thread.Record.PthreadId, out var known)
                ? NativeJoin.Join(native.Walk(known.Tid, known.Registers), [.. frames.Select(static frame => frame.CalledFromC)])
                : new JoinedTrace { Native = new NativeTrace { Tid = 0, Source = NativeSource.None }, Mismatch = "the core file has no registers of it" };
            return new NativeTake(joined, frames, thread.Parts, thread);
        };
        var asyncio = request.Tasks ? LoadedAsyncio.Find(view.Version, core.Mappings, static mapping => MappedImage.Open(mapping.Path)) : null;
        var dumped = new FrameDescriber(view, request, take).Describe(process, snapshot, asyncio, GreenletStacks.Of(snapshot.Threads, core.Mappings, core.Core.Pid));
        return core.Missing.Count == 0 ? dumped : dumped with { Problem = $"{(dumped.Problem is { } problem ? problem + "; " : "")}missing: {string.Join("; ", core.Missing)}" };
    }

    static DumpedProcess Describe(int pid)
    {
        ProcFs.TryReadStat(pid, out var stat);
        return new DumpedProcess { Pid = pid, ParentPid = stat.ParentPid, CommandLine = ProcFs.ReadCommandLine(pid), Executable = ProcFs.ReadExecutable(pid) };
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
