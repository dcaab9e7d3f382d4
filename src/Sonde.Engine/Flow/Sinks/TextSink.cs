using System.Text;
using Sonde.Engine.Output;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>One line per event for people: time, CPU, process, thread, time taken, the call tree, the source line.</summary>
/// <remarks>
/// <code>
///     TIME(µs) CPU     PID     TID THREAD              TOOK  FUNCTION                                      FILE:LINE
///         12.3   1    4242    4242 python3                   -> main                                       bin/app.py:12
///         14.0   1    4242    4242 python3                     -> Server.handle                            bin/app.py:40
///        120.5   1    4242    4242 python3          106 µs     &lt;- Server.handle                            bin/app.py:40
/// </code>
/// <c>-></c> call, <c>&lt;-</c> return, <c>&lt;!</c> left by an exception, <c>~></c> resumed, <c>&lt;~</c> suspended.
/// With arguments and results: <c>-> handle(user_id=42)</c>, <c>&lt;- handle = {'ok': True}</c>.
/// The file is shown with its directory only. Below <see cref="DeepestIndentation"/> levels the level is written as a number.
/// </remarks>
public sealed class TextSink : IFlowSink
{
    /// <summary>How many levels of calls are shown by indentation.</summary>
    public const int DeepestIndentation = 60;

    const int TimeWidth = 12;
    const int ClockWidth = 15;
    const int CpuWidth = 3;
    const int IdWidth = 7;
    const int NameWidth = 15;
    const int TookWidth = 8;
    const int TreeWidth = 44;
    const long NsPerDay = 86_400_000_000_000;

    // All that has a fixed width, the colours and the level's number, with room to spare.
    const int LineRoom = 128 + 2 * DeepestIndentation + TreeWidth;

    readonly OutputBuffer _buffer;
    readonly long _startNs;
    readonly long? _wallOffsetNs;
    readonly bool _colour;
    readonly PerCode<CodeText> _codes;
    readonly PerThread<byte[]> _threads = new(ThreadText, static _ => true, EqualityComparer<FlowThread>.Default);
    bool _hasHeader;

    /// <summary>Text into a stream, which the sink owns.</summary>
    /// <param name="stream">Needs no buffer of its own.</param>
    /// <param name="startNs">Where the time column begins, on the kernel's monotonic clock.</param>
    /// <param name="wallOffsetNs">Shows the time of day instead: what to add to the monotonic clock to get local time since 1970, in ns.</param>
    /// <param name="colour">Exceptions red, times taken and files dim (ECMA-48 SGR).</param>
    public TextSink(Stream stream, long startNs, long? wallOffsetNs = null, bool colour = false)
    {
        _buffer = new OutputBuffer(stream);
        _startNs = startNs;
        _wallOffsetNs = wallOffsetNs;
        _colour = colour;
        _codes = new PerCode<CodeText>(MakeCodeText);
    }

    sealed record CodeText(byte[] Name, int NameColumns, byte[] Location);

    ReadOnlySpan<byte> Dim => _colour ? "\e[2m"u8 : default;

    ReadOnlySpan<byte> Red => _colour ? "\e[31m"u8 : default;

    ReadOnlySpan<byte> Normal => _colour ? "\e[0m"u8 : default;

    /// <inheritdoc/>
    public void Write(in FlowEvent flowEvent)
    {
        if (!_hasHeader)
        {
            WriteHeader();
        }

        var code = _codes[flowEvent.Code];
        var thread = _threads[flowEvent.Thread];
        var values = ValueText.Of(flowEvent);
        var line = new Utf8Cursor(_buffer.Reserve(LineRoom + thread.Length + code.Name.Length + code.Location.Length + values.Length));

        AddTime(ref line, flowEvent.TimeNs);
        line.Add((byte)' ');
        line.AddRight(flowEvent.Cpu, CpuWidth);
        line.Add((byte)' ');
        line.Add(thread);
        AddTook(ref line, flowEvent.IsEntry ? -1 : flowEvent.DurationNs);
        line.AddBlanks(2);
        AddTree(ref line, flowEvent, code, values);
        line.Add(code.Location);
        line.Add((byte)'\n');
        _buffer.Advance(line.Length);
    }

    void AddTime(ref Utf8Cursor line, long timeNs)
    {
        if (_wallOffsetNs is { } offset)
        {
            long timeOfDay = unchecked(timeNs + offset) % NsPerDay;
            timeOfDay += timeOfDay < 0 ? NsPerDay : 0;
            uint seconds = (uint)(timeOfDay / 1_000_000_000);
            line.AddDigits(seconds / 3600, 2);
            line.Add((byte)':');
            line.AddDigits(seconds / 60 % 60, 2);
            line.Add((byte)':');
            line.AddDigits(seconds % 60, 2);
            line.Add((byte)'.');
            line.AddDigits((uint)(timeOfDay % 1_000_000_000 / 1000), 6);
            return;
        }

        long tenths = (timeNs - _startNs) / 100;
        line.AddRight(tenths / 10, TimeWidth - 2);
        line.Add((byte)'.');
        line.Add((byte)('0' + Math.Abs(tenths % 10)));
    }

    void AddTook(ref Utf8Cursor line, long durationNs)
    {
        if (durationNs < 0)
        {
            line.AddBlanks(TookWidth);
            return;
        }

        line.Add(Dim);
        line.AddDurationRight(durationNs, TookWidth);
        line.Add(Normal);
    }

    void AddTree(ref Utf8Cursor line, in FlowEvent flowEvent, CodeText code, ReadOnlySpan<byte> values)
    {
        int start = line.Length;
        int indentation = 2 * Math.Clamp(flowEvent.Depth, 0, DeepestIndentation);
        line.AddBlanks(indentation);
        if (flowEvent.Depth > DeepestIndentation)
        {
            line.Add((byte)'[');
            line.AddNumber(flowEvent.Depth);
            line.Add("] "u8);
        }

        int columns = line.Length - start + 3 + code.NameColumns + Utf8Cursor.Columns(values);

        bool raised = flowEvent.Kind == FlowEventKind.Raise;
        if (raised)
        {
            line.Add(Red);
        }

        line.Add(Arrow(flowEvent.Kind));
        line.Add(code.Name);
        line.Add(values);
        if (raised)
        {
            line.Add(Normal);
        }

        line.AddBlanks(Math.Max(2, TreeWidth - columns));
    }

    static ReadOnlySpan<byte> Arrow(FlowEventKind kind) => kind switch
    {
        FlowEventKind.Call => "-> "u8,
        FlowEventKind.Return => "<- "u8,
        FlowEventKind.Raise => "<! "u8,
        FlowEventKind.Resume => "~> "u8,
        _ => "<~ "u8,
    };

    void WriteHeader()
    {
        _hasHeader = true;
        string time = _wallOffsetNs is null ? "TIME(µs)".PadLeft(TimeWidth) : "TIME".PadRight(ClockWidth);
        string header = $"{time} {"CPU",CpuWidth} {"PID",IdWidth} {"TID",IdWidth} {"THREAD",-NameWidth} {"TOOK",TookWidth}  {"FUNCTION",-TreeWidth}FILE:LINE";
        _buffer.Write([.. Dim, .. Encoding.UTF8.GetBytes(header), .. Normal, (byte)'\n']);
    }

    CodeText MakeCodeText(CodeInfo code)
    {
        byte[] name = Encoding.UTF8.GetBytes(code.Function);
        string line = code.Line > 0 ? $":{code.Line}" : "";
        byte[] location = [.. Dim, .. Encoding.UTF8.GetBytes(ShortPath.Of(code.File) + line), .. Normal];
        return new CodeText(name, Utf8Cursor.Columns(name), location);
    }

    static byte[] ThreadText(FlowThread thread) =>
        Encoding.UTF8.GetBytes($"{thread.Pid,IdWidth} {thread.Tid,IdWidth} {thread.Name,-NameWidth} ");

    /// <inheritdoc/>
    public void Flush() => _buffer.Flush();

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}
