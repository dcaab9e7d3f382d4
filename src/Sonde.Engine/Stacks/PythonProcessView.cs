using Sonde.Engine.Targets;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Python.Stacks;
using Sonde.Symbols;
using Sonde.Symbols.Elf;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Stacks;

/// <summary>Looks into a Python process, or what is left of one in a core file, without stopping it: interpreters, threads, stacks.</summary>
/// <remarks>Not safe for concurrent use.</remarks>
public sealed class PythonProcessView : IDisposable
{
    readonly IDisposable? _owned;

    /// <summary>A view of memory that holds a Python process.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="version">The interpreter's version.</param>
    /// <param name="image">The file that holds its code: the executable or its libpython.</param>
    /// <param name="bias">What to add to an address of that file to get one of the memory.</param>
    /// <param name="pid">The process, as seen from here; 0 when it lives no more.</param>
    /// <exception cref="LayoutException">The version is unknown, or the image contradicts what is known of its version.</exception>
    public PythonProcessView(IMemory memory, PythonVersion version, ElfFile image, ulong bias, int pid)
        : this(memory, version, image, bias, pid, owned: null)
    {
    }

    PythonProcessView(IMemory memory, PythonVersion version, ElfFile image, ulong bias, int pid, IDisposable? owned)
    {
        Memory = memory;
        Pid = pid;
        _owned = owned;
        Runtime = new PythonRuntime(memory, version, image, bias);
        Sources = new SourceFiles(pid, version);
        Codes = new CodeTable(memory, version, Runtime.Layout, Runtime.CodeType, Sources.Qualify);
        Stacks = new StackReader(Runtime, Codes);
    }

    /// <summary>The process, as seen from here; 0 when it lives no more.</summary>
    public int Pid { get; }

    /// <summary>The interpreter's version.</summary>
    public PythonVersion Version => Runtime.Version;

    /// <summary>The memory.</summary>
    public IMemory Memory { get; }

    /// <summary>The interpreters, their threads and locks.</summary>
    public PythonRuntime Runtime { get; }

    /// <summary>The code objects, decoded once each.</summary>
    public CodeTable Codes { get; }

    /// <summary>Reads single stacks.</summary>
    public StackReader Stacks { get; }

    /// <summary>The source files, as far as they were needed.</summary>
    internal SourceFiles Sources { get; }

    /// <summary>Looks into a running process. Needs its owner's rights, or CAP_SYS_PTRACE.</summary>
    /// <exception cref="UserErrorException">There is no such process, it may not be looked at, or it runs no CPython; the message says which.</exception>
    public static PythonProcessView Open(int pid)
    {
        var target = PythonTarget.Find(pid);
        // What the image tells has been read into memory; the file itself is of use only to who attaches probes.
        using var image = target.Image;
        var version = Interpreter.Recognize(image.Elf, image.Path) switch
        {
            Interpreter.Image interpreter => interpreter.Version,
            Interpreter.Unsupported unsupported => throw new UserErrorException($"process {pid}: {unsupported.Reason}"),
            _ => throw new UserErrorException($"process {pid}: {image.Path} is no CPython interpreter"),
        };
        var memory = new LiveMemory(pid);
        try
        {
            return new PythonProcessView(memory, version, image.Elf, target.Bias, pid, memory);
        }
        catch (LayoutException exception)
        {
            memory.Dispose();
            throw new UserErrorException($"process {pid} cannot be looked into: {exception.Message}");
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>What all threads do at this moment.</summary>
    public ProcessSnapshot Snapshot()
    {
        List<ThreadRecord> records = [];
        var complete = Runtime.ReadThreads(records);
        List<ThreadSnapshot> threads = [];
        List<RawFrame> frames = [];
        // The interpreter lists the newest first.
        for (var i = records.Count - 1; i >= 0; i--)
        {
            threads.Add(Look(records[i], frames));
        }

        return new ProcessSnapshot { Pid = Pid, Version = Version, Threads = threads, Problem = complete ? null : "the list of threads could not be followed to its end" };
    }

    /// <inheritdoc/>
    public void Dispose() => _owned?.Dispose();

    ThreadSnapshot Look(in ThreadRecord record, List<RawFrame> frames)
    {
        const long budgetNs = 50_000_000;
        var result = Stacks.Read(record, frames, budgetNs);
        var gil = Runtime.ReadGil(record.Interpreter);
        var holds = gil.Holder == record.Address;
        var exception = Runtime.ReadException(record);
        return new ThreadSnapshot
        {
            Record = record,
            Tid = record.NativeId,
            State = ThreadState.Unknown,
            HoldsGil = holds,
            AskedToDropGil = holds && gil.DropRequested,
            CollectsGarbage = holds && Runtime.IsCollecting(record.Interpreter),
            Exception = exception == 0 ? null : Runtime.ReadTypeName(exception),
            Frames = [.. frames.Select(Describe).OfType<StackFrame>()],
            Problem = result switch
            {
                StackReadResult.Changed => "its stack changed all the time it was looked at",
                StackReadResult.Unreadable => "its memory cannot be read",
                _ => null,
            },
        };
    }

    StackFrame? Describe(RawFrame frame) => Codes.TryGet(frame.Code, out var code) ? new StackFrame(frame, code, code.Locate(frame.InstructionOffsetBytes)) : null;
}
