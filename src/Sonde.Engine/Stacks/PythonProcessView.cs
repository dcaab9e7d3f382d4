using Sonde.Engine.Targets;
using Sonde.Linux;
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
    readonly ThreadIds _threadIds;
    readonly ThreadNames _names;

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
        _threadIds = new ThreadIds(pid, memory);
        _names = new ThreadNames(Runtime);
        const int minorThatKnowsThreads = 13;
        States = new ThreadStates(Stacks, pid, new MachineStacks(pid, memory), version.Minor >= minorThatKnowsThreads);
        Nested = new NestedStacks(Stacks);
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

    /// <summary>Reads stacks that go through several interpreters.</summary>
    public NestedStacks Nested { get; }

    /// <summary>Puts together the thread states of one thread.</summary>
    internal ThreadStates States { get; }

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
            var view = new PythonProcessView(memory, version, image.Elf, target.Bias, pid, memory);
            return view.Runtime.IsReadable ? view : throw new UserErrorException(ProcFs.Exists(pid)
                ? $"process {pid}: its memory may not be read; run sonde as root or, if the process is yours, allow it with 'sysctl kernel.yama.ptrace_scope=0'"
                : $"process {pid} ended while it was being looked at");
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

    /// <summary>The kernel's number of each of these threads, as seen from here; 0 where it cannot be told.</summary>
    /// <param name="threads">Threads of this process.</param>
    public IReadOnlyList<int> FindTids(IReadOnlyList<ThreadRecord> threads)
    {
        ArgumentNullException.ThrowIfNull(threads);
        return Pid == 0 ? [.. threads.Select(static thread => thread.NativeId)] : _threadIds.Find(threads);
    }

    /// <summary>What Python code calls these threads, else what the kernel does; null where neither has a name for one.</summary>
    /// <param name="threads">Threads of this process.</param>
    /// <param name="tids">Their numbers.</param>
    public IReadOnlyList<string?> FindNames(IReadOnlyList<ThreadRecord> threads, IReadOnlyList<int> tids)
    {
        ArgumentNullException.ThrowIfNull(threads);
        ArgumentNullException.ThrowIfNull(tids);
        Dictionary<ulong, IReadOnlyDictionary<ulong, string>> names = [];
        var found = new string?[threads.Count];
        for (var i = 0; i < found.Length; i++)
        {
            var thread = threads[i];
            if (!names.TryGetValue(thread.Interpreter, out var ofInterpreter))
            {
                ofInterpreter = _names.Read(thread.Interpreter);
                names.Add(thread.Interpreter, ofInterpreter);
            }

            // Without the module threading there is only the thread that the program began with.
            found[i] = ofInterpreter.TryGetValue(thread.PthreadId, out var name) ? name
                : Pid != 0 && tids[i] == Pid && thread.InterpreterId == 0 ? "MainThread"
                : Pid != 0 && tids[i] != 0 ? ProcFs.ReadComm(Pid, tids[i])
                : null;
        }

        return found;
    }

    /// <summary>What all threads do at this moment.</summary>
    public ProcessSnapshot Snapshot()
    {
        List<ThreadRecord> records = [];
        var isComplete = Runtime.ReadThreads(records);
        // The interpreter lists the newest first; of several interpreters the main one began first.
        records.Reverse();
        records = [.. records.OrderBy(static record => record.InterpreterId)];
        var tids = FindTids(records);
        States.Learn(records, tids);
        var groups = States.Group(records, tids);
        var names = FindNames([.. groups.Select(static group => group.Own)], [.. groups.Select(static group => group.Tid)]);
        List<ThreadSnapshot> threads = [];
        // A lock changes hands while its threads are looked at one after the other; then they are looked at again.
        const int mostTries = 4;
        for (var tries = 0; tries == 0 || (tries < mostTries && threads.Exists(static thread => thread is { HoldsGil: true, State: ThreadState.WaitingForGil })); tries++)
        {
            threads.Clear();
            // Once for all threads: a lock has one holder.
            var gils = ReadGils(records);
            for (var i = 0; i < groups.Count; i++)
            {
                threads.Add(Look(groups[i], names[i], gils));
            }
        }

        return new ProcessSnapshot
        {
            Pid = Pid,
            Version = Version,
            Threads = threads,
            OtherThreads = Pid == 0 ? 0 : Math.Max(_threadIds.Count - threads.Where(static thread => thread.Tid != 0).DistinctBy(static thread => thread.Tid).Count(), 0),
            Problem = ProblemOf(isComplete),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _owned?.Dispose();

    string? ProblemOf(bool isComplete) =>
        !Runtime.IsReadable ? Pid == 0 || ProcFs.Exists(Pid) ? "its memory cannot be read" : "it has ended"
        : !Runtime.HasInterpreter ? "it has no interpreter: Python is just starting in it, or has ended"
        : Runtime.IsFinalizing ? "its interpreter is being shut down; threads other than the one that does so are ending"
        : isComplete ? null
        : "the list of its threads could not be followed to the end; threads are missing";

    Dictionary<ulong, GilState> ReadGils(IReadOnlyList<ThreadRecord> records) =>
        records.Select(static record => record.Interpreter).Distinct().ToDictionary(static interpreter => interpreter, Runtime.ReadGil);

    ThreadSnapshot Look(in StatesOfThread group, string? name, Dictionary<ulong, GilState> gils)
    {
        const long budgetNs = 50_000_000;
        const int mostTries = 4;
        ThreadActivity activity = default;
        StackReadResult result;
        List<RawFrame> frames = [];
        using (var files = Pid == 0 || group.Tid == 0 ? null : new ThreadFiles(Pid, group.Tid))
        {
            var sleep = files is null ? null : new ThreadSleep(files);
            var tries = 0;
            bool hasMoved;
            do
            {
                ThreadTurns before = default, after = default;
                files?.TryReadTurns(out before);
                activity = files is null ? default : ThreadActivity.Of(Pid, group.Tid, [.. group.States.Select(state => gils[state.Interpreter])]);
                sleep?.Begin();
                result = Nested.Read(group.States, frames, budgetNs, isAsleep: Pid == 0, sleep is null ? null : sleep.HasLasted);
                files?.TryReadTurns(out after);
                // What it waits in is told of the moment its stack is of; of one that comes and goes all the time, as nearly as can be.
                hasMoved = activity.State is not (ThreadState.Unknown or ThreadState.Running) && before.Turns != after.Turns;
            }
            while (hasMoved && tries++ < mostTries);
        }

        List<StackFrame> described = [];
        List<StackPart> parts = [];
        foreach (var part in Nested.Parts)
        {
            var before = described.Count;
            described.AddRange(frames.Take(part.Frames).Select(Describe).OfType<StackFrame>());
            frames.RemoveRange(0, part.Frames);
            parts.Add(part with { Frames = described.Count - before });
        }

        var seen = new ThreadSnapshot
        {
            Record = group.Own,
            States = group.States,
            Parts = parts,
            Tid = group.Tid,
            Name = name,
            Frames = described,
            Problem = result switch
            {
                StackReadResult.Changed => "its stack changed all the time it was looked at",
                StackReadResult.Unreadable => "its memory cannot be read; it has ended",
                _ => null,
            },
        };
        return ReadMoment(group.States, parts, gils).Complete(seen, activity);
    }

    /// <summary>What the interpreters tell of a thread at this moment, its stack apart.</summary>
    /// <param name="states">The thread as its interpreters know it.</param>
    /// <param name="parts">Which of its frames run in which interpreter, the innermost part first.</param>
    /// <param name="gils">The locks by interpreters, where they were read before; null to read them now.</param>
    internal ThreadMoment ReadMoment(IReadOnlyList<ThreadRecord> states, IReadOnlyList<StackPart> parts, Dictionary<ulong, GilState>? gils = null)
    {
        List<GilState> locks = [.. states.Select(state => gils is null ? Runtime.ReadGil(state.Interpreter) : gils[state.Interpreter])];
        var held = locks.FindIndex(gil => gil.Holder != 0 && states.Any(state => state.Address == gil.Holder));
        var exception = Runtime.ReadException(parts.Count > 0 ? parts[0].State : states[0]);
        return new ThreadMoment(
            locks,
            HoldsGil: held >= 0,
            AskedToDropGil: held >= 0 && locks[held].DropRequested,
            CollectsGarbage: held >= 0 && Runtime.IsCollecting(states[held].Interpreter),
            exception == 0 ? null : Runtime.ReadTypeName(exception));
    }

    StackFrame? Describe(RawFrame frame) => Codes.TryGet(frame.Code, out var code) ? new StackFrame(frame, code, code.Locate(frame.InstructionOffsetBytes)) : null;
}
