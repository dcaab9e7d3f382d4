using System.Globalization;
using System.Text;
using Sonde.Engine.Output;
using Sonde.Engine.Scripts.Values;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Sinks;

/// <summary>One JSON object a line: <c>{"type": T, "data": D}</c>.</summary>
sealed class JsonScriptOutput(OutputBuffer output, TextWriter messages, ValueFormatter values) : ScriptOutput(output, messages, values)
{
    public override void AttachedProbes(int count) => Counted("attached_probes", "probes", count);

    public override void Printf(Utf8Text text) => Text("printf", text.Written);

    public override void Text(string type, ReadOnlySpan<byte> text)
    {
        Begin(type);
        ValueFormatter.WriteJsonString(Line, text);
        EndLine();
    }

    public override void Value(DataType type, ReadOnlySpan<byte> value)
    {
        Begin("value");
        Values.WriteJson(Line, type, value);
        EndLine();
    }

    public override void Map(MapContents contents, long top, long divisor)
    {
        Begin(MapText.JsonType(contents.Map.Value!));
        MapText.WriteJson(Line, Values, contents, top, divisor);
        EndLine();
    }

    public override void MapEntry(MapContents? contents)
    {
        Begin("value");
        if (contents is null)
        {
            Line.Add("0"u8);
        }
        else
        {
            MapText.WriteJsonValue(Line, Values, contents, contents.Entries[0], 0);
        }

        EndLine();
    }

    public override void LostEvents(long count) => Counted("lost_events", "events", count);

    public override void Complaint(Severity severity, SourceSpan? place, string message) =>
        Message(severity == Severity.Error ? "errorf" : "warnf", message, null, 0, place);

    public override void RuntimeError(Severity severity, SourceSpan? place, string message) => Message("runtime_error", message, null, 0, place);

    public override void HelperError(SourceSpan? place, string helper, long answer) => Message("helper_error", ErrnoText.Of(answer), helper, answer, place);

    public override void TestResult(string name, long durationNs, bool passed, ReadOnlySpan<byte> output)
    {
        BeginNamed("test_result", name);
        Line.Add("{\"duration\": "u8);
        Line.AddNumber(durationNs);
        Line.Add(passed ? ", \"passed\": true, \"output\": "u8 : ", \"passed\": false, \"output\": "u8);
        ValueFormatter.WriteJsonString(Line, output);
        Line.Add("}}"u8);
        EndLine();
    }

    public override void BenchmarkResult(string name, long averageNs, long iterations)
    {
        BeginNamed("benchmark_result", name);
        Line.Add("{\"average\": "u8);
        Line.AddNumber(averageNs);
        Line.Add(", \"iters\": "u8);
        Line.AddNumber(iterations);
        Line.Add("}}"u8);
        EndLine();
    }

    void Begin(string type)
    {
        Line.Clear();
        Line.Add("{\"type\": \""u8);
        Line.Add(type);
        Line.Add("\", \"data\": "u8);
    }

    void BeginNamed(string type, string name)
    {
        Begin(type);
        Line.Add((byte)'{');
        ValueFormatter.WriteJsonString(Line, Encoding.UTF8.GetBytes(name));
        Line.Add(": "u8);
    }

    void EndLine()
    {
        Line.Add("}\n"u8);
        WriteRaw(Line.Written);
    }

    void Counted(string type, string what, long count)
    {
        Line.Clear();
        Line.Add(string.Create(CultureInfo.InvariantCulture, $"{{\"type\": \"{type}\", \"count\": {count}, \"data\": {{\"{what}\": {count}}}"));
        EndLine();
    }

    void Message(string type, string message, string? helper, long answer, SourceSpan? place)
    {
        var (line, column) = place?.StartPosition ?? (0, 0);
        Line.Clear();
        Line.Add("{\"type\": \""u8);
        Line.Add(type);
        Line.Add("\", \"msg\": "u8);
        ValueFormatter.WriteJsonString(Line, Encoding.UTF8.GetBytes(message.TrimEnd('\n')));
        if (helper is not null)
        {
            Line.Add(", \"helper\": "u8);
            ValueFormatter.WriteJsonString(Line, Encoding.UTF8.GetBytes(helper));
            Line.Add(", \"retcode\": "u8);
            Line.AddNumber(answer);
        }

        Line.Add(", \"filename\": "u8);
        ValueFormatter.WriteJsonString(Line, Encoding.UTF8.GetBytes(place?.Source?.Name ?? ""));
        Line.Add(", \"line\": "u8);
        Line.AddNumber(line);
        Line.Add(", \"col\": "u8);
        Line.AddNumber(column);
        EndLine();
    }
}
