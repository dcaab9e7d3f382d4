using System.Text;
using Sonde.Engine.Flow;
using Sonde.Engine.Output;
using Sonde.Engine.Sampling.Kernel;
using Sonde.Engine.Scripts.Values;
using Sonde.Linux;
using Sonde.Script;
using Sonde.Script.Types;

namespace Sonde.Engine.Runtimes;

/// <summary>Follows the calls of a process of another language than Python, by the probes of its runtime.</summary>
/// <remarks>The probes tell names and times, and nothing of arguments, results, files and exceptions. Filters are decided here: each call is sent in any case.</remarks>
sealed class RuntimeFlowSession : IFlowSession
{
    const int MostFunctions = 1 << 20;
    const int Begins = 0;

    static readonly TimeSpan _wait = TimeSpan.FromMilliseconds(20);

    readonly int _pid;
    readonly RunningRuntime _runtime;
    readonly FlowOptions _options;
    readonly FlowFilter _filter;
    readonly SamplerProgram _program;
    readonly TracedProcess _process;
    readonly FlowCounts _counts = new();
    readonly Dictionary<string, CodeInfo> _functions = [];
    readonly Dictionary<string, CodeInfo>.AlternateLookup<ReadOnlySpan<char>> _functionsByText;
    readonly Dictionary<int, RuntimeCallStack> _stacks = [];
    readonly CodeInfo _unknown;
    readonly char[] _name = new char[4 * RuntimeFlowText.LongestText];
    IFlowSink? _sink;
    long _startNs = (long)Clock.MonotonicNs;
    long _remaining;
    bool _finished;

    /// <summary>Attaches to a process.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="runtime">Its runtime, which tells of calls.</param>
    /// <param name="options">What is shown.</param>
    /// <exception cref="UserErrorException">It cannot be followed, or not with these options; the message says why.</exception>
    public RuntimeFlowSession(int pid, RunningRuntime runtime, FlowOptions options)
    {
        if (Refusal(pid, runtime, options) is { } refusal)
        {
            throw new UserErrorException(refusal);
        }

        (_pid, _runtime, _options, _filter) = (pid, runtime, options, new FlowFilter(options));
        _functionsByText = _functions.GetAlternateLookup<ReadOnlySpan<char>>();
        _unknown = new CodeInfo { Id = 0, Pid = pid, Function = "(more functions)", File = "", Line = 0, Unresolved = true };
        _remaining = options.MaxEvents ?? long.MaxValue;
        _process = new TracedProcess(pid);
        try
        {
            _program = new SamplerProgram(RuntimeFlowText.Write(runtime), pid, Take, $"flow of process {pid}");
            _program.Attach();
        }
        catch
        {
            _program?.Dispose();
            _process.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool LimitReached => _remaining == 0;

    /// <summary>By what the process is followed.</summary>
    public string Description => $"{_runtime.Runtime.Title} in {Escape.Text(_runtime.Path)}, by its own probes: {string.Join(", ", _runtime.Runtime.Calls.Where(call => _runtime.Probes.Contains(call.Entry)).Select(static call => call.Entry))}";

    /// <summary>Why a process cannot be followed like that; null when it can.</summary>
    public static string? Refusal(int pid, RunningRuntime runtime, FlowOptions options)
    {
        var (title, path) = (runtime.Runtime.Title, runtime.Path);
        return runtime.Probes.Count == 0 ? $"flow of process {pid}: {path} has no probes: {runtime.Runtime.WithoutProbes}"
            : !runtime.Runtime.Calls.Any(call => runtime.Probes.Contains(call.Entry) && runtime.Probes.Contains(call.Return)) ? $"flow of process {pid}: {title} ({path}) has no probes for calls; 'sonde list -p {pid}' shows what it has"
            : options.Files.Count > 0 ? $"flow of process {pid}: the probes of {title} do not tell the file of a function; use --function"
            : options.Where is not null || options.CapturesValues ? $"flow of process {pid}: the probes of {title} do not tell arguments and results (--where, --args, --result); 'sonde trace' shows what else they tell"
            : null;
    }

    /// <inheritdoc/>
    public void Run(IFlowSink sink, CancellationToken cancellation)
    {
        _sink = sink;
        _startNs = (long)Clock.MonotonicNs;
        using var wake = cancellation.UnsafeRegister(static program => ((SamplerProgram)program!).Wake(), _program);
        while (!cancellation.IsCancellationRequested && !LimitReached)
        {
            // Asked before what is there is read: what the process did last is not missed.
            var ended = _process.HasExited;
            _process.CpuSeconds();
            if (_program.Drain() > 0)
            {
                continue;
            }

            if (ended)
            {
                return;
            }

            sink.Flush();
            _program.Wait(_wait);
        }

        sink.Flush();
    }

    /// <inheritdoc/>
    public void Finish()
    {
        if (_finished)
        {
            return;
        }

        _finished = true;
        _program.Detach();
        while (!LimitReached && _program.Drain() > 0)
        {
        }

        _sink?.Flush();
    }

    /// <inheritdoc/>
    public FlowReport Report() => new()
    {
        Counts = _counts,
        Losses = new FlowLosses(_program.Losses(LossKind.Record) + _program.Losses(LossKind.Scratch) + _program.Losses(LossKind.Value), 0, 0, 0, 0, 0),
        BusiestFunction = null,
        Functions = _functions.Values.Count(static function => function.Wanted),
        UnresolvedNames = _functions.Count >= MostFunctions ? 1 : 0,
        OpenCalls = _stacks.Values.Sum(static stack => stack.Count),
        Elapsed = TimeSpan.FromMicroseconds(((long)Clock.MonotonicNs - _startNs) / 1000.0),
        TargetCpu = TimeSpan.FromSeconds(_process.CpuSeconds()),
        Remarks = _runtime.Runtime.CallsNote is { } note ? [note] : [],
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _program.Dispose();
        _process.Dispose();
    }

    void Take(TupleType type, ReadOnlySpan<byte> value)
    {
        if (LimitReached)
        {
            return;
        }

        var stack = StackOf((int)type.Number(value, 1));
        var cpu = (int)type.Number(value, 2);
        var time = (long)type.Number(value, 3);
        var function = FunctionOf(type, value);
        if (type.Number(value, 0) == Begins)
        {
            _counts.Entries++;
            _counts.Skipped += stack.Push(function, time, cpu, _filter.WantsThread(stack.Thread.Tid, stack.Thread.Name) && function.Wanted && stack.NextDepth < (_options.Depth ?? int.MaxValue));
            if (_options.MinDuration == TimeSpan.Zero)
            {
                ShowBegun(stack, stack.Count);
            }
        }
        else
        {
            _counts.Exits++;
            End(stack, function, time, cpu);
        }
    }

    void End(RuntimeCallStack stack, CodeInfo function, long time, int cpu)
    {
        var index = stack.Find(function);
        if (index < 0)
        {
            _counts.Unmatched++;
            return;
        }

        // Calls end in the reverse order: what is above has ended without being told.
        _counts.Skipped += stack.Truncate(index + 1);
        if (stack[index].IsWanted && time - stack[index].TimeNs >= (long)_options.MinDuration.TotalNanoseconds)
        {
            ShowBegun(stack, index + 1);
        }

        var isShown = index < stack.Shown;
        var call = stack.Pop(time);
        if (isShown && call.IsWanted)
        {
            var duration = time - call.TimeNs;
            Emit(new FlowEvent
            {
                Kind = FlowEventKind.Return, Cpu = cpu, Depth = call.Depth, TimeNs = time, DurationNs = duration, OwnNs = Math.Max(0, duration - call.CalleesNs),
                Code = function, Thread = stack.Thread,
            });
        }
    }

    /// <summary>Shows the begin of the calls that are wanted and were not shown yet, the outermost first.</summary>
    void ShowBegun(RuntimeCallStack stack, int count)
    {
        for (; stack.Shown < count; stack.Shown++)
        {
            var call = stack[stack.Shown];
            if (call.IsWanted)
            {
                Emit(new FlowEvent { Kind = FlowEventKind.Call, Cpu = call.Cpu, Depth = call.Depth, TimeNs = call.TimeNs, DurationNs = -1, OwnNs = -1, Code = call.Function, Thread = stack.Thread });
            }
        }
    }

    void Emit(in FlowEvent flowEvent)
    {
        if (_remaining > 0)
        {
            _remaining--;
            _counts.Shown++;
            _sink?.Write(flowEvent);
        }
    }

    RuntimeCallStack StackOf(int tid)
    {
        if (!_stacks.TryGetValue(tid, out var stack))
        {
            stack = new RuntimeCallStack(new FlowThread { Pid = _pid, Tid = tid, Name = Escape.Text(ProcFs.ReadComm(_pid, tid) ?? "?") });
            _stacks.Add(tid, stack);
        }
        return stack;
    }

    /// <summary>The function that a hit names; allocates when it comes for the first time.</summary>
    CodeInfo FunctionOf(TupleType type, ReadOnlySpan<byte> value)
    {
        var length = 0;
        for (var i = RuntimeFlowText.FirstName; i < type.Elements.Count; i++)
        {
            var text = ValueFormatter.Element(type, i, value);
            var end = text.IndexOf((byte)0);
            text = end < 0 ? text : text[..end];
            if (text.IsEmpty)
            {
                continue;
            }

            if (length > 0)
            {
                _runtime.Runtime.Separator.CopyTo(_name.AsSpan(length));
                length += _runtime.Runtime.Separator.Length;
            }

            length += Encoding.UTF8.GetChars(text, _name.AsSpan(length));
        }

        var name = _name.AsSpan(0, length);
        if (_functionsByText.TryGetValue(name, out var known))
        {
            return known;
        }

        if (_functions.Count >= MostFunctions)
        {
            return _unknown;
        }

        var plain = name.ToString();
        var function = new CodeInfo { Id = _functions.Count + 1, Pid = _pid, Function = Escape.Text(plain.Length > 0 ? plain : "?"), File = "", Line = 0, Wanted = _filter.Wants(plain, "") };
        _functions.Add(plain, function);
        return function;
    }
}
