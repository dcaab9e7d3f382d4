using System.Globalization;
using Sonde.Engine.Stacks;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Python.Stacks;

namespace Sonde.Engine.Injection;

/// <summary>A running interpreter that code may be put into: it has been made sure who it belongs to and that there is a way.</summary>
sealed class InjectionTarget : IDisposable
{
    readonly LiveMemory _memory;
    readonly ulong _startTime;

    InjectionTarget(PythonTarget target, PythonVersion version, LiveMemory memory, PythonRuntime runtime, ProcStatus status, ulong startTime)
    {
        Target = target;
        Version = version;
        _memory = memory;
        Runtime = runtime;
        User = status.EffectiveUser;
        _startTime = startTime;
    }

    public int Pid => Target.Pid;

    /// <summary>The file that holds the interpreter.</summary>
    public PythonTarget Target { get; }

    public PythonVersion Version { get; }

    public PythonRuntime Runtime { get; }

    public LiveMemory Memory => _memory;

    /// <summary>The user in whose name it opens files.</summary>
    public uint User { get; }

    /// <summary>Whether it is still the same process.</summary>
    public bool IsAlive => ProcFs.TryReadStat(Pid, out var stat) && !stat.IsZombie && stat.StartTimeTicks == _startTime;

    /// <summary>When it started; with the number it names the process for good.</summary>
    public ulong StartTime => _startTime;

    /// <summary>Opens a process.</summary>
    /// <exception cref="UserErrorException">There is no such process, it is another user's, or its interpreter is none that code can be put into; the message says which.</exception>
    public static InjectionTarget Open(int pid)
    {
        if (!ProcFs.TryReadStat(pid, out var stat) || !ProcFs.TryReadStatus(pid, out var status) || !ProcFs.TryReadStatus(Environment.ProcessId, out var own))
        {
            throw new UserErrorException($"process {pid} does not exist; 'sonde list' shows the Python processes");
        }

        if (own.EffectiveUser != 0 && (status.EffectiveUser != own.EffectiveUser || status.RealUser != own.EffectiveUser))
        {
            throw new UserErrorException($"process {pid} belongs to another user; only root may put code into it");
        }

        if (stat.ParentPid == Environment.ProcessId)
        {
            // .NET asks for the fate of its children whenever one of them stops, and takes a stop for an end.
            throw new UserErrorException($"process {pid} was started by this very process, which therefore cannot hold it; start it otherwise");
        }

        var target = PythonTarget.Find(pid);
        LiveMemory? memory = null;
        try
        {
            var version = Interpreter.Recognize(target.Image.Elf, target.Image.Path) switch
            {
                Interpreter.Image image => image.Version,
                Interpreter.Unsupported unsupported => throw new UserErrorException($"process {pid}: {unsupported.Reason}"),
                _ => throw new UserErrorException($"process {pid}: {target.Image.Path} is no CPython interpreter"),
            };
            if (version.FreeThreaded)
            {
                throw new UserErrorException($"process {pid} runs CPython {version}, a free-threaded build; code can be put only into builds with the global interpreter lock");
            }

            if (version.Minor < 7)
            {
                throw new UserErrorException($"process {pid} runs CPython {version}; code can be put into CPython 3.7 and later");
            }

            memory = new LiveMemory(pid);
            var runtime = new PythonRuntime(memory, version, target.Image.Elf, target.Bias);
            return runtime.IsReadable ? new InjectionTarget(target, version, memory, runtime, status, stat.StartTimeTicks)
                : throw new UserErrorException($"process {pid}: its memory may not be read; run sonde as root or, if the process is yours, allow it with 'sysctl kernel.yama.ptrace_scope=0'");
        }
        catch (LayoutException exception)
        {
            memory?.Dispose();
            target.Image.Dispose();
            throw new UserErrorException($"process {pid}: no code can be put into it: {exception.Message}");
        }
        catch
        {
            memory?.Dispose();
            target.Image.Dispose();
            throw;
        }
    }

    /// <summary>Why the kernel does not let us hold the process.</summary>
    public string DescribeRefusal()
    {
        foreach (var line in File.Exists($"/proc/{Pid}/status") ? File.ReadLines($"/proc/{Pid}/status") : [])
        {
            if (line.StartsWith("TracerPid:", StringComparison.Ordinal) && int.TryParse(line["TracerPid:".Length..], NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out var tracer) && tracer != 0)
            {
                return $"process {tracer} ({Output.Escape.Text(ProcFs.ReadComm(tracer, tracer) ?? "?")}) traces it already, and only one can";
            }
        }

        return "it may not be traced; run sonde as root";
    }

    /// <summary>What its main thread is doing, for whoever waits for it in vain.</summary>
    public string DescribeMainThread()
    {
        if (ProcFs.TryReadStat(Pid, out var stat) && stat.State is 'T' or 't')
        {
            return "the process is stopped; 'kill -CONT' lets it run on";
        }

        try
        {
            using var view = PythonProcessView.Open(Pid);
            var thread = view.Snapshot().Threads.FirstOrDefault(thread => thread.Tid == Pid);
            return thread switch
            {
                null => "its main thread is not running Python",
                { Frames: [var frame, ..] } => string.Create(CultureInfo.InvariantCulture,
                    $"its main thread is in {Output.Escape.Text(frame.Code.Function, 200)} ({Output.Escape.Text(Path.GetFileName(frame.Code.File), 200)}:{frame.Span?.Line ?? frame.Code.FirstLine}), {(thread.Waiting is { } wait ? $"waiting in a call of machine code ({wait})" : "in a call of machine code")}, and does not come back to Python"),
                _ => "its main thread is in machine code and does not come back to Python",
            };
        }
        catch (UserErrorException exception)
        {
            return exception.Message;
        }
    }

    public void Dispose()
    {
        _memory.Dispose();
        Target.Image.Dispose();
    }
}
