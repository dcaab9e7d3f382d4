using Sonde.Engine.Flow;

namespace Sonde.Tests.Flow;

/// <summary>Makes the events of a made-up program, with depth, duration and own time worked out as the session does.</summary>
sealed class FlowScript
{
    public const long StartNs = 5_000_000_000;

    readonly Dictionary<FlowThread, Stack<Open>> _open = [];
    int _codes;

    public List<FlowEvent> Events { get; } = [];

    public long NowNs { get; set; } = StartNs;

    sealed class Open(CodeInfo code, long sinceNs)
    {
        public readonly CodeInfo Code = code;
        public readonly long SinceNs = sinceNs;
        public long CalleesNs;
    }

    public CodeInfo Code(string function, string file = "/srv/app/main.py", int line = 1, int pid = 100) =>
        new() { Id = _codes++, Pid = pid, Function = function, File = file, Line = line };

    public static FlowThread Thread(int tid = 100, string name = "python3", int pid = 100) => new() { Pid = pid, Tid = tid, Name = name };

    public void Enter(FlowThread thread, CodeInfo code, long afterNs = 1_000, FlowEventKind kind = FlowEventKind.Call)
    {
        NowNs += afterNs;
        var stack = Stack(thread);
        Add(thread, code, kind, stack.Count, -1, -1);
        stack.Push(new Open(code, NowNs));
    }

    public void Leave(FlowThread thread, long afterNs = 1_000, FlowEventKind kind = FlowEventKind.Return)
    {
        NowNs += afterNs;
        var stack = Stack(thread);
        var open = stack.Pop();
        long duration = NowNs - open.SinceNs;
        Add(thread, open.Code, kind, stack.Count, duration, duration - open.CalleesNs);
        if (stack.TryPeek(out var caller))
        {
            caller.CalleesNs += duration;
        }
    }

    /// <summary>The innermost call ends, but its exit gets lost.</summary>
    public void LoseExit(FlowThread thread) => Stack(thread).Pop();

    /// <summary>An exit whose entry was not seen.</summary>
    public void LeaveUnseen(FlowThread thread, CodeInfo code, FlowEventKind kind = FlowEventKind.Return)
    {
        NowNs += 1_000;
        Add(thread, code, kind, Stack(thread).Count, -1, -1);
    }

    Stack<Open> Stack(FlowThread thread)
    {
        if (!_open.TryGetValue(thread, out var stack))
        {
            _open.Add(thread, stack = new Stack<Open>());
        }

        return stack;
    }

    void Add(FlowThread thread, CodeInfo code, FlowEventKind kind, int depth, long durationNs, long ownNs) => Events.Add(new FlowEvent
    {
        Kind = kind,
        Cpu = thread.Tid % 4,
        Depth = depth,
        TimeNs = NowNs,
        DurationNs = durationNs,
        OwnNs = ownNs,
        Code = code,
        Thread = thread,
    });

    /// <summary>Two threads; calls, a handled exception, a generator, recursion, and names that mean harm.</summary>
    public static FlowScript Sample()
    {
        var script = new FlowScript();
        var main = Thread();
        var worker = Thread(103, "worker-1");
        var module = script.Code("<module>", "/srv/app/main.py", 1);
        var fetch = script.Code("Client.fetch", "/srv/app/client/http.py", 40);
        var pages = script.Code("Client.pages", "/srv/app/client/http.py", 58);
        var parse = script.Code("parse.<locals>.<lambda>", "/usr/lib/python3.11/json/decoder.py", 332);
        var hostile = script.Code("\\x1b[2J\\u202eevil\"name", "<string>", 0);
        var count = script.Code("count", "relative.py", 7);

        script.Enter(main, module, 12_345);
        script.Enter(main, pages);
        script.Leave(main, 106_000, FlowEventKind.Suspend);
        script.Enter(main, fetch);
        script.Enter(worker, count, 10);
        script.Enter(worker, count, 10);
        script.Enter(main, parse, 20);
        script.Enter(main, hostile);
        script.Leave(main, 999, FlowEventKind.Raise);
        script.Leave(main, 1, FlowEventKind.Raise);
        script.Leave(main, 4_560_000);
        script.Leave(worker, 700);
        script.Leave(worker, 1_200_000_000);
        script.Enter(main, pages, 5, FlowEventKind.Resume);
        script.Leave(main, 60_000);
        script.LeaveUnseen(worker, fetch);
        script.Leave(main, 0);
        return script;
    }

    public void WriteTo(IFlowSink sink)
    {
        foreach (var flowEvent in Events)
        {
            sink.Write(flowEvent);
        }

        sink.Flush();
    }
}
