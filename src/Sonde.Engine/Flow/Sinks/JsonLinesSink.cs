using System.Text;
using Sonde.Engine.Output;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>One JSON object a line per event, for programs.</summary>
/// <remarks>
/// <code>
/// {"t":12345,"pid":7,"tid":8,"thread":"python3","cpu":0,"event":"return","depth":1,"function":"Server.handle","file":"/srv/app.py","line":40,"duration_ns":106000}
/// </code>
/// <c>t</c> is nanoseconds since the start; <c>event</c> one of call, return, raise, resume, suspend; <c>line</c> the function's first, 0 when unknown;
/// <c>duration_ns</c> only at exits, and only where the entry was seen. With arguments and results <c>args</c> at calls, an object of texts, and <c>result</c> at
/// returns, a text: as Python would show them.
/// </remarks>
public sealed class JsonLinesSink : IFlowSink
{
    // Names of the fields, four numbers and the longest event.
    const int LineRoom = 128 + 4 * Utf8Cursor.LongestNumber;

    readonly OutputBuffer _buffer;
    readonly long _startNs;
    readonly PerCode<byte[]> _codes = new(CodeText);
    readonly PerThread<byte[]> _threads = new(ThreadText, static _ => true, EqualityComparer<FlowThread>.Default);

    /// <summary>JSON lines into a stream, which the sink owns.</summary>
    /// <param name="stream">Needs no buffer of its own.</param>
    /// <param name="startNs">Where <c>t</c> begins, on the kernel's monotonic clock.</param>
    public JsonLinesSink(Stream stream, long startNs)
    {
        _buffer = new OutputBuffer(stream);
        _startNs = startNs;
    }

    /// <inheritdoc/>
    public void Write(in FlowEvent flowEvent)
    {
        byte[] code = _codes[flowEvent.Code];
        byte[] thread = _threads[flowEvent.Thread];
        var values = ValueText.Json(flowEvent, "args");
        var line = new Utf8Cursor(_buffer.Reserve(LineRoom + code.Length + thread.Length + values.Length));
        line.Add("{\"t\":"u8);
        line.AddNumber(flowEvent.TimeNs - _startNs);
        line.Add(thread);
        line.AddNumber(flowEvent.Cpu);
        line.Add(Event(flowEvent.Kind));
        line.AddNumber(flowEvent.Depth);
        line.Add(code);
        if (!flowEvent.IsEntry && flowEvent.DurationNs >= 0)
        {
            line.Add(",\"duration_ns\":"u8);
            line.AddNumber(flowEvent.DurationNs);
        }

        line.Add(values);
        line.Add("}\n"u8);
        _buffer.Advance(line.Length);
    }

    static ReadOnlySpan<byte> Event(FlowEventKind kind) => kind switch
    {
        FlowEventKind.Call => ",\"event\":\"call\",\"depth\":"u8,
        FlowEventKind.Return => ",\"event\":\"return\",\"depth\":"u8,
        FlowEventKind.Raise => ",\"event\":\"raise\",\"depth\":"u8,
        FlowEventKind.Resume => ",\"event\":\"resume\",\"depth\":"u8,
        _ => ",\"event\":\"suspend\",\"depth\":"u8,
    };

    static byte[] ThreadText(FlowThread thread) =>
        [.. Encoding.UTF8.GetBytes($",\"pid\":{thread.Pid},\"tid\":{thread.Tid},\"thread\":"), .. JsonText.Encode(thread.Name), .. ",\"cpu\":"u8];

    static byte[] CodeText(CodeInfo code) =>
    [
        .. ",\"function\":"u8, .. JsonText.Encode(code.Function),
        .. ",\"file\":"u8, .. JsonText.Encode(code.File),
        .. Encoding.UTF8.GetBytes($",\"line\":{code.Line}"),
    ];

    /// <inheritdoc/>
    public void Flush() => _buffer.Flush();

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}
