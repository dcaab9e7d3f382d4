using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sonde.Linux;
using Sonde.Python.Injection;

namespace Sonde.Engine.Injection;

/// <summary>Has a process run one script: puts it where the process can read it, asks the interpreter to run it, and takes everything back if it does not.</summary>
/// <remarks>
/// The script removes its own file before anything else, and does nothing when that is already gone. So the file's end tells that it runs, and removing the file takes it
/// back, at whatever time the interpreter comes round to it.
/// </remarks>
sealed class ScriptDelivery : IDisposable
{
    const string ScriptName = "run", FailureName = "failed";

    /// <summary>Threads stop within microseconds unless they wait for a device.</summary>
    static readonly TimeSpan _holdLimit = TimeSpan.FromMilliseconds(50);

    /// <summary>How long something that is in use may stay so.</summary>
    static readonly TimeSpan _busyLimit = TimeSpan.FromSeconds(2);

    /// <summary>How long one thread has before another is asked (3.14 and later): at first, and in the end. Each time the process is held anew.</summary>
    static readonly TimeSpan _firstTurn = TimeSpan.FromMilliseconds(100), _longestTurn = TimeSpan.FromSeconds(10);

    /// <summary>How often the kernel may refuse to let a process be held before that is believed.</summary>
    const int MostRefusals = 20;

    static readonly string[] _places = ["/tmp", "/dev/shm", "/var/tmp", "/run"];

    readonly InjectionTarget _target;
    readonly ProcessMemory _memory;
    (ulong Thread, string Path)? _handed;
    MemoryWrite? _statement;

    public ScriptDelivery(InjectionTarget target)
    {
        _target = target;
        _memory = new ProcessMemory(target.Pid);
        RemoveAbandoned(target.Pid, static (pid, startTime) => !IsAlive(pid, startTime));
        Directory = RootedDirectory.TryCreate(target.Pid, target.StartTime, _places, out var problem)
            ?? throw new UserErrorException($"process {target.Pid}: there is no directory where it could find what it shall run ({problem}); it needs one that can be written to, such as /tmp");
    }

    /// <summary>Removes what sessions that were killed have left in the file system of a process.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="isOver">Whether a process will not run what it was given there any more.</param>
    public static void RemoveAbandoned(int pid, Func<int, ulong, bool> isOver)
    {
        RootedDirectory.TryOpenRoot(pid, out var root);
        using (root)
        {
            if (root is not null)
            {
                RemoveAbandoned(root, isOver);
            }
        }
    }

    /// <inheritdoc cref="RemoveAbandoned(int, Func{int, ulong, bool})"/>
    public static void RemoveAbandoned(FileDescriptor root, Func<int, ulong, bool> isOver) =>
        RootedDirectory.RemoveAbandoned(root, _places, [ScriptName, FailureName, AgentChannel.SocketName], isOver);

    /// <summary>Whether a process still runs, and is not another one of its number.</summary>
    public static bool IsAlive(int pid, ulong startTime) => ProcFs.TryReadStat(pid, out var stat) && !stat.IsZombie && stat.StartTimeTicks == startTime;

    /// <summary>The directory with the script; whatever else the script shall find may be put there before it is delivered.</summary>
    public RootedDirectory Directory { get; }

    /// <summary>Delivers a script and waits until it has begun to run.</summary>
    /// <param name="definition">A Python function.</param>
    /// <param name="call">Its call, given the directory's path as a literal.</param>
    /// <param name="patience">How long to wait for the interpreter.</param>
    /// <param name="stop">Ends the waiting; the script is taken back.</param>
    /// <exception cref="UserErrorException">It cannot be run, or was not in time; then it is never run.</exception>
    public void Deliver(string definition, Func<string, string> call, TimeSpan patience, CancellationToken stop)
    {
        var path = $"{Directory.Path}/{ScriptName}";
        Directory.Write(ScriptName, Encoding.ASCII.GetBytes($"{definition}{call(PythonText.Quote(Directory.Path))}\n"));
        if (ProcFs.TryReadStatus(Environment.ProcessId, out var own) && own.EffectiveUser != _target.User)
        {
            Directory.GiveTo(_target.User, uint.MaxValue);
        }

        var deadline = Stopwatch.GetTimestamp() + (long)(patience.TotalSeconds * Stopwatch.Frequency);
        var begun = false;
        try
        {
            if (_target.Version.Minor >= 14)
            {
                begun = Hand(path, deadline, stop);
            }
            else
            {
                AddPendingCall(path, stop);
                begun = Await(deadline, stop);
            }
        }
        finally
        {
            Clear(begun);
        }

        if (!begun)
        {
            stop.ThrowIfCancellationRequested();
            throw new UserErrorException(_target.IsAlive
                ? $"process {_target.Pid} did not run what it was given within {patience.TotalSeconds:0.#} s: {_target.DescribeMainThread()}. It was taken back; try again when the program is at work"
                : $"process {_target.Pid} has ended");
        }

        if (Directory.TryReadText(FailureName, 1000) is { } failure)
        {
            throw new UserErrorException($"process {_target.Pid}: its Python lacks what is needed to talk to it: {Output.Escape.Text(failure, 300)}");
        }
    }

    public void Dispose()
    {
        Directory.Dispose();
        _memory.Dispose();
    }

    /// <summary>3.7 to 3.13: <c>PyRun_SimpleString</c> as a call that the interpreter has pending. It never fails: that would become an exception in the program.</summary>
    void AddPendingCall(string path, CancellationToken stop)
    {
        if (!_target.Target.Image.Elf.TryFindSymbol("PyRun_SimpleString", out var run))
        {
            throw new UserErrorException($"process {_target.Pid}: {_target.Target.Image.Path} does not export PyRun_SimpleString, through which it would run what it is given");
        }

        // Nothing of it leaves a name in the program's __main__, and names that the program has given another meaning there are not used.
        var statement = SparePadding.InWholeCells(string.Create(CultureInfo.InvariantCulture,
            $"try:__import__('builtins').exec((lambda f:(f.read(),f.close()))(__import__('io').open('{path}'))[0],{{}})\nexcept BaseException:pass\n"));
        var calls = new PendingCalls(_target.Runtime, _target.Target.Image.Elf, _target.Target.Bias);
        var function = unchecked(_target.Target.Bias + run.Value);
        ulong address;
        var isTaken = false;
        do
        {
            address = SparePadding.Find(_target.Pid, _target.Target, _target.Memory, statement.Length);
            if (address == 0)
            {
                throw new UserErrorException($"process {_target.Pid}: it has no unused memory of {statement.Length} bytes that could hold what it shall run (programs with the GNU C library have); CPython 3.14 and later need none");
            }

            // Once before the process is held: refusals need no hold, and the next time it is faster.
            RefuseIf(calls.Plan(function, address));
            var chosen = address;
            WriteHeld(() =>
            {
                // Another session may have chosen the same memory since.
                isTaken = !SparePadding.IsFree(_target.Memory, chosen, statement.Length);
                return isTaken ? new InjectionPlan.Ready([]) : calls.Plan(function, chosen) switch
                {
                    InjectionPlan.Ready ready => new InjectionPlan.Ready([new MemoryWrite(chosen, statement), .. ready.Writes]),
                    var other => other,
                };
            }, stop);
        }
        while (isTaken);

        _statement = new MemoryWrite(address, new byte[statement.Length]);
    }

    /// <summary>3.14 and later: hands the script to one thread after the other until one runs it, those first that hold the interpreter lock.</summary>
    bool Hand(string path, long deadline, CancellationToken stop)
    {
        var debugging = new RemoteDebugging(_target.Runtime, _target.Target.Image.Elf);
        List<ulong> asked = [];
        try
        {
            if (HandInTurns(debugging, path, asked, deadline, stop))
            {
                return true;
            }
        }
        catch
        {
            // What was handed over before does not stay, whatever has gone wrong since.
            TakeBack(debugging, path);
            throw;
        }

        TakeBack(debugging, path);
        return !Directory.Has(ScriptName);
    }

    bool HandInTurns(RemoteDebugging debugging, string path, List<ulong> asked, long deadline, CancellationToken stop)
    {
        for (var turn = _firstTurn; ; turn = turn * 1.5 < _longestTurn ? turn * 1.5 : _longestTurn)
        {
            if (stop.IsCancellationRequested || Stopwatch.GetTimestamp() > deadline || !_target.IsAlive)
            {
                return false;
            }

            WriteHeld(() => Plan(debugging, path, asked), stop);
            if (!Directory.Has(ScriptName) || Await(Math.Min(deadline, Stopwatch.GetTimestamp() + (long)(turn.TotalSeconds * Stopwatch.Frequency)), stop))
            {
                _handed = null;
                return true;
            }
        }

    }

    /// <summary>Takes the script out of the thread that has it. When that cannot be done, the directory stays: under its name nobody else can then put a script.</summary>
    void TakeBack(RemoteDebugging debugging, string path)
    {
        try
        {
            WriteHeld(() => Withdraw(debugging, path), CancellationToken.None);
        }
        catch (UserErrorException) when (_target.IsAlive)
        {
            Directory.Keep();
        }
    }

    InjectionPlan Plan(RemoteDebugging debugging, string path, List<ulong> asked)
    {
        var interpreters = _target.Runtime.ReadInterpreters();
        var threads = _target.Runtime.ReadThreads().Where(thread => interpreters.Count > 0 && thread.Interpreter == interpreters[^1]).Reverse().ToList();
        if (threads.Count == 0)
        {
            return new InjectionPlan.Busy("it has no Python thread");
        }

        // A thread that has ended since takes the script with it.
        if (_handed is { } gone && !threads.Any(thread => thread.Address == gone.Thread))
        {
            _handed = null;
        }

        List<MemoryWrite> writes = [];
        if (_handed is { } handed)
        {
            writes.AddRange(debugging.PlanWithdrawal(handed.Thread, path).Writes);
            if (writes.Count == 0)
            {
                // It is just beginning to run.
                return new InjectionPlan.Ready([]);
            }
        }

        var holder = _target.Runtime.ReadGil(threads[0].Interpreter).Holder;
        var next = threads.Any(thread => thread.Address == holder) ? holder : threads.Select(static thread => thread.Address).FirstOrDefault(thread => !asked.Contains(thread));
        if (next == 0)
        {
            asked.Clear();
            next = threads[0].Address;
        }

        if (next == _handed?.Thread)
        {
            return new InjectionPlan.Ready([]);
        }

        var plan = debugging.Plan(next, threads[0].Interpreter, path);
        if (plan is InjectionPlan.Ready ready)
        {
            asked.Add(next);
            _handed = (next, path);
            return new InjectionPlan.Ready([.. writes, .. ready.Writes]);
        }

        return plan;
    }

    InjectionPlan.Ready Withdraw(RemoteDebugging debugging, string path)
    {
        var plan = _handed is { } handed ? debugging.PlanWithdrawal(handed.Thread, path) : new InjectionPlan.Ready([]);
        _handed = null;
        return plan;
    }

    /// <summary>Makes a plan and carries it out while the process stands still; again when something is in use at this moment.</summary>
    void WriteHeld(Func<InjectionPlan> plan, CancellationToken stop)
    {
        var deadline = Stopwatch.GetTimestamp() + (long)(_busyLimit.TotalSeconds * Stopwatch.Frequency);
        for (var attempt = 0; ; attempt++)
        {
            InjectionPlan? made = null;
            var written = true;
            var held = HeldProcess.While(_target.Pid, _holdLimit, () =>
            {
                made = plan();
                if (made is InjectionPlan.Ready { Writes.Count: > 0 } ready)
                {
                    written = _memory.TryWrite([.. ready.Writes.Select(static write => (write.Address, (ReadOnlyMemory<byte>)write.Bytes))]);
                }
            });
            RefuseIf(made);
            if (held == HoldResult.Gone || !_target.IsAlive)
            {
                throw new UserErrorException($"process {_target.Pid} has ended");
            }

            if (held == HoldResult.Refused && attempt < MostRefusals)
            {
                // It may be another session's hold, which lasts for a millisecond.
                Thread.Sleep(5);
                continue;
            }

            if (held == HoldResult.Refused)
            {
                throw new UserErrorException($"process {_target.Pid}: {_target.DescribeRefusal()}");
            }

            if (!written)
            {
                throw new UserErrorException($"process {_target.Pid}: its memory cannot be written to; run sonde as root");
            }

            if (made is InjectionPlan.Ready)
            {
                return;
            }

            stop.ThrowIfCancellationRequested();
            if (Stopwatch.GetTimestamp() > deadline)
            {
                throw new UserErrorException($"process {_target.Pid}: {(made is InjectionPlan.Busy busy ? busy.Reason : "one of its threads waits for a device and cannot be held")}, and stays so; nothing was done. Try again");
            }

            Thread.Sleep(Math.Min(attempt + 1, 20));
        }
    }

    void RefuseIf(InjectionPlan? plan)
    {
        if (plan is InjectionPlan.Refused refused)
        {
            throw new UserErrorException($"process {_target.Pid}: no code can be put into it: {refused.Reason}");
        }
    }

    /// <summary>Waits until the script has begun, which it tells by removing its file.</summary>
    bool Await(long deadline, CancellationToken stop)
    {
        for (var wait = 0; ; wait++)
        {
            if (!Directory.Has(ScriptName))
            {
                return true;
            }

            if (stop.IsCancellationRequested || Stopwatch.GetTimestamp() > deadline || (wait % 64 == 63 && !_target.IsAlive))
            {
                return false;
            }

            Thread.Sleep(wait < 20 ? 1 : wait < 400 ? 5 : 50);
        }
    }

    /// <summary>
    /// Once the script runs, the statement that began it has been read and is wiped. Before, the interpreter will still come round to it: one byte, which is never half
    /// written, makes it an empty one. It must not stay as it is, for whoever made a directory of the same name later would have his script run.
    /// </summary>
    void Clear(bool begun)
    {
        if (_statement is { } statement)
        {
            _memory.TryWrite([(statement.Address, begun ? statement.Bytes : new byte[1])]);
            _statement = null;
        }
    }
}
