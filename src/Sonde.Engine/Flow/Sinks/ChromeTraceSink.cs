using System.Text;
using Sonde.Engine.Output;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>A trace for ui.perfetto.dev, chrome://tracing and speedscope: the Trace Event Format's JSON array of B and E events.</summary>
/// <remarks>
/// Each event is a line of its own and no line is written in part, so a file cut short opens too: viewers accept an array without its end.
/// Every B gets its E: a call whose exit was lost is closed when the depth of a later event shows that it is over, and calls still open
/// are closed by <see cref="Dispose"/>; <c>how</c> tells. An exit whose entry was not seen becomes an instant event.
/// </remarks>
public sealed class ChromeTraceSink : IFlowSink
{
    // Names of the fields, the longest numbers and words.
    const int EventRoom = 256;

    // The events' own arguments are what viewers call so.
    const string ArgumentsName = "arguments";

    static readonly byte[] _lost = Encoding.UTF8.GetBytes("exit not seen");
    static readonly byte[] _open = Encoding.UTF8.GetBytes("still running");

    readonly OutputBuffer _buffer;
    readonly long _startNs;
    readonly PerCode<byte[]> _codes = new(CodeText);
    readonly PerThread<OpenThread> _threads;
    readonly HashSet<int> _processes = [];
    long _nowNs;
    long _latestNs;
    bool _begun;
    bool _disposed;

    /// <summary>A trace into a stream, which the sink owns.</summary>
    /// <param name="stream">Needs no buffer of its own.</param>
    /// <param name="startNs">Where the trace's time begins, on the kernel's monotonic clock.</param>
    public ChromeTraceSink(Stream stream, long startNs)
    {
        _buffer = new OutputBuffer(stream);
        _startNs = startNs;
        _latestNs = startNs;
        _threads = new PerThread<OpenThread>(Introduce, static thread => thread.Depths.Count == 0, SameThreadId.Instance);
    }

    /// <summary>A thread's events end with its ids; its stack holds the depth of every B that has no E yet.</summary>
    sealed record OpenThread(byte[] Ids, Stack<int> Depths);

    /// <inheritdoc/>
    public void Write(in FlowEvent flowEvent)
    {
        var thread = _threads[flowEvent.Thread];
        _nowNs = flowEvent.TimeNs;
        _latestNs = Math.Max(_latestNs, _nowNs);
        int innermostStaying = flowEvent.IsEntry ? flowEvent.Depth - 1 : flowEvent.Depth;
        while (thread.Depths.TryPeek(out int open) && open > innermostStaying)
        {
            WriteEnd(thread, _lost);
        }

        if (flowEvent.IsEntry)
        {
            WriteBegin(flowEvent, thread);
        }
        else if (flowEvent.DurationNs >= 0 && thread.Depths.TryPeek(out int depth) && depth == flowEvent.Depth)
        {
            WriteEnd(thread, Exit(flowEvent.Kind), ValueText.Json(flowEvent, ArgumentsName));
        }
        else
        {
            WriteInstant(flowEvent, thread);
        }
    }

    void WriteBegin(in FlowEvent flowEvent, OpenThread thread)
    {
        byte[] code = _codes[flowEvent.Code];
        thread.Depths.Push(flowEvent.Depth);
        var values = ValueText.Json(flowEvent, ArgumentsName);
        var line = Begin("{\"ph\":\"B\",\"ts\":"u8, thread, code.Length + values.Length);
        line.Add(code);
        line.Add(values);
        if (flowEvent.Kind == FlowEventKind.Resume)
        {
            line.Add(",\"resumed\":true"u8);
        }

        End(ref line);
    }

    void WriteEnd(OpenThread thread, ReadOnlySpan<byte> how, ReadOnlySpan<byte> values = default)
    {
        thread.Depths.Pop();
        var line = Begin("{\"ph\":\"E\",\"ts\":"u8, thread, values.Length);
        line.Add(",\"args\":{\"how\":\""u8);
        line.Add(how);
        line.Add((byte)'"');
        line.Add(values);
        End(ref line);
    }

    void WriteInstant(in FlowEvent flowEvent, OpenThread thread)
    {
        byte[] code = _codes[flowEvent.Code];
        var line = Begin("{\"ph\":\"i\",\"s\":\"t\",\"ts\":"u8, thread, code.Length);
        line.Add(code);
        line.Add(",\"entry\":\"not seen\",\"how\":\""u8);
        line.Add(Exit(flowEvent.Kind));
        line.Add((byte)'"');
        End(ref line);
    }

    Utf8Cursor Begin(ReadOnlySpan<byte> phase, OpenThread thread, int codeLength)
    {
        var line = new Utf8Cursor(_buffer.Reserve(EventRoom + thread.Ids.Length + codeLength));
        line.Add(_begun ? ",\n"u8 : "[\n"u8);
        _begun = true;
        line.Add(phase);
        line.AddThousandths(_nowNs - _startNs);
        line.Add(thread.Ids);
        return line;
    }

    void End(ref Utf8Cursor line)
    {
        line.Add("}}"u8);
        _buffer.Advance(line.Length);
    }

    static ReadOnlySpan<byte> Exit(FlowEventKind kind) => kind switch
    {
        FlowEventKind.Return => "return"u8,
        FlowEventKind.Raise => "raise"u8,
        _ => "suspend"u8,
    };

    // A process is named after its main thread; until that is seen, after the first thread that is.
    OpenThread Introduce(FlowThread thread)
    {
        if (_processes.Add(thread.Pid) || thread.Tid == thread.Pid)
        {
            WriteName("process_name", thread);
        }

        WriteName("thread_name", thread);
        return new OpenThread(Encoding.UTF8.GetBytes($",\"pid\":{thread.Pid},\"tid\":{thread.Tid}"), new Stack<int>());
    }

    void WriteName(string kind, FlowThread thread)
    {
        _buffer.Write(
        [
            .. _begun ? ",\n"u8 : "[\n"u8,
            .. Encoding.UTF8.GetBytes($"{{\"ph\":\"M\",\"name\":\"{kind}\",\"pid\":{thread.Pid},\"tid\":{thread.Tid},\"args\":{{\"name\":"),
            .. JsonText.Encode(thread.Name), .. "}}"u8,
        ]);
        _begun = true;
    }

    static byte[] CodeText(CodeInfo code) =>
    [
        .. ",\"name\":"u8, .. JsonText.Encode(code.Function),
        .. ",\"args\":{\"file\":"u8, .. JsonText.Encode(code.File),
        .. Encoding.UTF8.GetBytes($",\"line\":{code.Line}"),
    ];

    /// <inheritdoc/>
    public void Flush() => _buffer.Flush();

    /// <summary>Closes the calls still open and the array.</summary>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _nowNs = _latestNs;
        using (_buffer)
        {
            foreach (var (_, thread) in _threads.All)
            {
                while (thread.Depths.Count > 0)
                {
                    WriteEnd(thread, _open);
                }
            }

            _buffer.Write(_begun ? "\n]\n"u8 : "[]\n"u8);
        }
    }
}
