using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Stacks;
using Sonde.Linux;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>The processes and threads that samples came from, and what they are called.</summary>
sealed class KernelThreads(SampleRecorder recorder)
{
    /// <summary>A process whose threads are new is asked for their names at most so often.</summary>
    const long NamesPatienceMs = 200;

    readonly Dictionary<(int Pid, int Tid), int> _threads = [];
    readonly Dictionary<int, int> _processes = [];
    readonly Dictionary<int, (long AskedMs, Dictionary<int, string> Names)> _names = [];

    /// <summary>The recorder's number of a thread.</summary>
    public int Number(int pid, int tid)
    {
        if (!_threads.TryGetValue((pid, tid), out var number))
        {
            number = recorder.Thread(new ProfileThread(Process(pid), tid, Name(pid, tid)));
            _threads.Add((pid, tid), number);
        }

        return number;
    }

    /// <summary>Whether any process that is sampled still runs.</summary>
    public bool AnyAlive(SamplingOptions options) => options.Pids.Any(SamplerProgram.IsAlive) || (options.Subprocesses && _processes.Keys.Any(SamplerProgram.IsAlive));

    int Process(int pid)
    {
        if (!_processes.TryGetValue(pid, out var number))
        {
            var parent = ProcFs.TryReadStat(pid, out var stat) ? stat.ParentPid : 0;
            number = recorder.Process(new ProfileProcess(pid, parent, string.Join(' ', ProcFs.ReadCommandLine(pid))));
            _processes.Add(pid, number);
        }

        return number;
    }

    /// <summary>What the program calls a thread; else what the kernel does.</summary>
    string Name(int pid, int tid)
    {
        if (!_names.TryGetValue(pid, out var known) || (!known.Names.ContainsKey(tid) && Environment.TickCount64 - known.AskedMs > NamesPatienceMs))
        {
            _names[pid] = known = (Environment.TickCount64, Ask(pid));
        }

        return known.Names.TryGetValue(tid, out var name) ? name : ProcFs.ReadComm(pid, tid) ?? "";
    }

    static Dictionary<int, string> Ask(int pid)
    {
        var names = new Dictionary<int, string>();
        try
        {
            using var view = PythonProcessView.Open(pid);
            foreach (var thread in view.Snapshot().Threads)
            {
                if (thread.Tid > 0 && thread.Name is { Length: > 0 } name)
                {
                    names[thread.Tid] = name;
                }
            }
        }
        catch (Exception exception) when (exception is UserErrorException or LinuxException)
        {
            // It has ended, or is no Python: its threads have the kernel's names.
        }

        return names;
    }
}
