using System.Runtime.InteropServices;
using Sonde.Engine.Listing;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Python.Stacks;
using Sonde.Symbols;
using Sonde.Symbols.Unwind;

namespace Sonde.Engine.Stacks;

/// <summary>The stacks of machine code of a process's threads, taken without stopping it. x86-64 only.</summary>
/// <remarks>
/// A thread that waits in the kernel is read through <c>/proc/TID/syscall</c>, which tells its stack and instruction pointers; one that runs is sampled by the kernel. What is read of a waiting
/// thread counts only if it did not run meanwhile. Modules are read once and kept. Not for concurrent use; memory is the caller's.
/// </remarks>
public sealed class NativeStacks : IDisposable
{
    const int MostNames = 1 << 16;
    const int MostThreads = 256;

    /// <summary>How long a thread that runs is waited for at a time, before it is looked at again whether it does.</summary>
    static readonly TimeSpan _sampleWait = TimeSpan.FromMilliseconds(10);

    readonly int _pid;
    readonly WalkMemory _memory;
    readonly IDisposable? _owned;
    readonly bool _withLines;
    readonly NativeModules _modules;
    readonly NativeUnwinder _unwinder;
    readonly Dictionary<(ulong Address, bool IsInterrupted), NativeFrame[]> _names = [];
    readonly List<NativeStep> _steps = [];
    readonly Dictionary<int, ThreadFiles> _threads = [];
    (int Tid, UserStackSampler Sampler)? _sampler;
    JitNames? _made;
    int _namesGeneration;

    /// <summary>Stacks of a process whose memory and mappings are read in another way.</summary>
    internal NativeStacks(IMemory memory, Func<IReadOnlyList<ProcMapping>> mappings, Func<ProcMapping, CodeFile?> open, bool withLines)
    {
        (_memory, _withLines) = (new(memory), withLines);
        _modules = new(mappings, open);
        _unwinder = new(_modules);
    }

    NativeStacks(int pid, LiveMemory memory, CodeFiles files, bool withLines)
        : this(memory, () => ProcFs.TryReadMaps(pid, out var mappings) ? mappings : [], mapping => files.Find(pid, mapping, memory), withLines) =>
        (_pid, _owned) = (pid, memory);

    /// <summary>Opens a running process.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="files">Files that are known already; null for none.</param>
    /// <param name="withLines">Whether source lines and inlined functions are looked up in debug information; reading it takes time where there is any.</param>
    /// <exception cref="UserErrorException">There is no such process, it may not be looked at, or this machine is none of x86-64.</exception>
    public static NativeStacks Open(int pid, CodeFiles? files = null, bool withLines = true)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new UserErrorException("stacks of machine code can be read on x86-64 only");
        }

        ProcessFiles.Mappings(pid);
        return new NativeStacks(pid, new LiveMemory(pid), files ?? new CodeFiles(), withLines);
    }

    /// <summary>The stack of a thread now.</summary>
    /// <param name="tid">The thread.</param>
    /// <param name="patience">How long to go on trying with a thread that runs on and off. One that waits is read at once.</param>
    public NativeTrace Take(int tid, TimeSpan patience) => Take(tid, patience, static () => true);

    /// <summary>The stack of a thread now, joined with its Python stack.</summary>
    /// <param name="tid">The thread.</param>
    /// <param name="patience">How long to go on trying. Python and machine code must have been read while neither changed.</param>
    /// <param name="python">Reads the process's Python stacks, and knows afterwards which frames run in which interpreter.</param>
    /// <param name="states">The thread as its interpreters know it.</param>
    /// <param name="innermostFirst">Filled with the Python frames that <see cref="JoinedFrame.PythonIndex"/> counts.</param>
    /// <param name="beside">Reads what else shall be of that moment, right after the Python stack each time; says whether it was as it was before. Null for nothing.</param>
    public JoinedTrace TakeJoined(int tid, TimeSpan patience, NestedStacks python, IReadOnlyList<ThreadRecord> states, List<RawFrame> innermostFirst, Func<bool>? beside = null)
    {
        List<RawFrame> earlier = [];
        var (readable, isAsBefore) = (false, false);
        var sleep = new ThreadSleep(FilesOf(tid));
        Read();
        var native = Take(tid, patience, () =>
        {
            (earlier, var wasReadable) = ([.. innermostFirst], readable);
            Read();
            return wasReadable && readable && isAsBefore && AreSame(earlier, innermostFirst);
        });
        return native.Problem is null
            ? NativeJoin.Join(native, [.. innermostFirst.Select(frame => frame.CalledFromC)])
            : new() { Native = native, Mismatch = readable ? native.Problem : "the Python stack could not be read" };

        void Read()
        {
            const long budgetNs = 1_000_000;
            sleep.Begin();
            readable = python.Read(states, innermostFirst, budgetNs, hasSlept: sleep.HasLasted) is StackReadResult.Verified or StackReadResult.NoFrames;
            isAsBefore = beside?.Invoke() ?? true;
        }
    }

    /// <summary>The stack that given registers begin, as a core file has them.</summary>
    /// <param name="tid">The thread.</param>
    /// <param name="registers">Its registers.</param>
    public NativeTrace Walk(int tid, FrameRegisters registers)
    {
        _steps.Clear();
        _memory.Clear();
        var truncated = _unwinder.Walk(registers, _memory, _steps);
        return new() { Tid = tid, Source = NativeSource.Core, Frames = Name(_steps), Truncated = truncated };
    }

    /// <summary>Closes what was opened.</summary>
    public void Dispose()
    {
        _sampler?.Sampler.Dispose();
        Forget();
        _owned?.Dispose();
    }

    void Forget()
    {
        foreach (var files in _threads.Values)
        {
            files.Dispose();
        }

        _threads.Clear();
    }

    ThreadFiles FilesOf(int tid)
    {
        if (!_threads.TryGetValue(tid, out var files))
        {
            if (_threads.Count >= MostThreads)
            {
                Forget();
            }

            files = new ThreadFiles(_pid, tid);
            _threads.Add(tid, files);
        }

        return files;
    }

    NativeTrace Take(int tid, TimeSpan patience, Func<bool> isUnchanged)
    {
        var files = FilesOf(tid);
        var deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        string problem;
        do
        {
            if (!files.TryReadCall(out var call))
            {
                // Another thread may get its number.
                _threads.Remove(tid);
                files.Dispose();
                return new()
                {
                    Tid = tid,
                    Source = NativeSource.None,
                    Problem = File.Exists($"/proc/{_pid}/task/{tid}/comm") ? "the thread may not be looked at; needs root, or the process's owner with ptrace rights" : "the thread has ended",
                };
            }

            if (call.IsRunning)
            {
                problem = TrySample(tid, isUnchanged, out var sampled) ?? "";
                if (sampled is not null)
                {
                    return sampled;
                }
            }
            else if (call.StackPointer == 0)
            {
                return new() { Tid = tid, Source = NativeSource.None, Problem = "the kernel does not tell where the thread is" };
            }
            else
            {
                files.TryReadTurns(out var turns);
                _steps.Clear();
                _memory.Clear();
                var truncated = _unwinder.Walk(FrameRegisters.At(call.InstructionPointer, call.StackPointer), _memory, _steps);
                if (isUnchanged() && files.TryReadState(out var letter) && letter != 'R' && files.TryReadCall(out var after) && after == call && files.TryReadTurns(out var turnsAfter) == turns.Turns > 0 && turnsAfter.Turns == turns.Turns)
                {
                    return new() { Tid = tid, Source = NativeSource.Waiting, Frames = Name(_steps), Truncated = truncated, Call = call, Letter = letter };
                }

                problem = "the thread went on while it was read, each time anew";
            }
        }
        while (Environment.TickCount64 < deadline);
        return new() { Tid = tid, Source = NativeSource.None, Problem = problem };
    }

    /// <summary>Samples a thread that runs; says why not.</summary>
    string? TrySample(int tid, Func<bool> isUnchanged, out NativeTrace? stack)
    {
        stack = null;
        if (OpenSampler(tid, out var opened) is not { } sampler)
        {
            return opened.Errno switch
            {
                Errno.ESRCH => "the thread has ended",
                Errno.EACCES or Errno.EPERM => "the thread runs, and the kernel does not let it be sampled; needs root, or kernel.perf_event_paranoid of 2 or less",
                var error => $"the thread runs, and the kernel cannot sample it ({error})",
            };
        }

        isUnchanged();
        if (sampler.TryTake(_sampleWait) is not { } sample)
        {
            return "the thread runs too seldom to be sampled";
        }

        if (!isUnchanged())
        {
            return "the thread's Python stack changed while it was sampled, each time anew";
        }

        var memory = new SampledStack(sample);
        _steps.Clear();
        var truncated = _unwinder.Walk(memory.Registers, memory, _steps);
        stack = new()
        {
            Tid = tid,
            Source = NativeSource.Sample,
            Frames = Name(_steps),
            Truncated = truncated is not null && memory.WasTooShort ? $"a sample holds {sample.Stack.Length >> 10} KiB of the stack, which is deeper" : truncated,
        };
        return null;
    }

    /// <summary>One is kept: its buffer counts against what a user may lock into memory.</summary>
    UserStackSampler? OpenSampler(int tid, out SystemResult opened)
    {
        opened = default;
        if (_sampler is { } kept && kept.Tid == tid)
        {
            return kept.Sampler;
        }

        _sampler?.Sampler.Dispose();
        _sampler = null;
        opened = UserStackSampler.TryOpen(tid, out var sampler);
        if (sampler is not null)
        {
            _sampler = (tid, sampler);
        }

        return sampler;
    }

    /// <summary>The innermost frame may be at another instruction: it is the same activation.</summary>
    static bool AreSame(List<RawFrame> left, List<RawFrame> right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        for (var i = 0; i < left.Count; i++)
        {
            if (left[i] != (i == 0 ? right[0] with { InstructionOffsetBytes = left[0].InstructionOffsetBytes } : right[i]))
            {
                return false;
            }
        }

        return true;
    }

    NativeFrame[] Name(List<NativeStep> steps)
    {
        List<NativeFrame> frames = new(steps.Count);
        if (_namesGeneration != _modules.Generation || _names.Count > MostNames)
        {
            _names.Clear();
            _namesGeneration = _modules.Generation;
        }

        foreach (var step in steps)
        {
            var key = (step.Address, step.IsInterrupted);
            if (!_names.TryGetValue(key, out var named))
            {
                named = Name(step);
                if (_modules.TryFind(step.Instruction, out var place) && place.File is not null)
                {
                    // What is made at run time may be something else the next time.
                    _names.Add(key, named);
                }
            }

            foreach (var frame in named)
            {
                frames.Add(frame with { Trust = step.Trust });
            }
        }

        return [.. frames];
    }

    NativeFrame[] Name(NativeStep step)
    {
        if (!_modules.TryFind(step.Instruction, out var place) || place.File is not { } file)
        {
            return [NameMade(step, place.Mapping.Path ?? "")];
        }

        var module = place.Mapping.Path;
        var (name, offset) = file.Symbols is { } symbols && symbols.TryFind(place.Address, out var symbol, out var behind)
            ? (file.NameOf(symbol, demangled: true), behind + (step.Address - step.Instruction))
            : ((string?)null, 0UL);
        var evaluation = file.Evaluation.FirstOrDefault(part => place.Address >= part.Start && place.Address < part.End);
        var whole = new NativeFrame(step.Address, name, offset, module, null, 0, IsInlined: false, evaluation.End != 0, evaluation.IsHandler, step.Trust);
        if (!_withLines || file.FramesAt(place.Address) is not { Count: > 0 } lines)
        {
            return [whole];
        }

        var frames = new NativeFrame[lines.Count];
        for (var i = 0; i < frames.Length; i++)
        {
            var line = lines[i];
            frames[i] = whole with
            {
                Function = line.IsInlined || name is null ? CodeFile.NameOf(line, demangled: true) : name,
                Offset = line.IsInlined ? 0 : offset,
                File = line.Line?.File,
                Line = line.Line?.Line ?? 0,
                IsInlined = line.IsInlined,
            };
        }

        return frames;
    }

    /// <summary>A frame in code that is in no file, which a compiler may have made at run time and told of.</summary>
    NativeFrame NameMade(NativeStep step, string module)
    {
        var unknown = new NativeFrame(step.Address, null, 0, module, null, 0, IsInlined: false, IsEvaluation: false, IsHandler: false, step.Trust);
        return _pid > 0 && (_made ??= new JitNames(_pid)).TryFind(step.Instruction, out var function, out var source)
            ? unknown with { Function = function.Name, Offset = step.Address - function.Address, Module = source, File = function.File, Line = function.Line }
            : unknown;
    }
}
