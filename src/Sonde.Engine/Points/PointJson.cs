using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Sonde.Engine.Points;

/// <summary>Log points for programs: a line of JSON each time.</summary>
public sealed class PointJson(TextWriter writer) : IPointOutput
{
    /// <inheritdoc/>
    public void Hit(PointHit hit) => writer.WriteLine(Text(hit));

    /// <inheritdoc/>
    public void Count(PointKind kind, PointState state)
    {
        if (kind is not (PointKind.Counter or PointKind.Timer))
        {
            return;
        }

        writer.WriteLine(Text(json =>
        {
            json.WriteStartObject();
            json.WriteString("event", kind == PointKind.Counter ? "counter" : "timer");
            json.WriteNumber("hits", state.Hits);
            if (kind == PointKind.Timer)
            {
                json.WriteNumber("total_ns", state.TotalNs);
                json.WriteNumber("least_ns", state.LeastNs);
                json.WriteNumber("most_ns", state.MostNs);
            }

            json.WriteEndObject();
        }));
    }

    /// <inheritdoc/>
    public void Flush() => writer.Flush();

    /// <summary>A hit as one line.</summary>
    internal static string Text(PointHit hit) => Text(json =>
    {
        json.WriteStartObject();
        json.WriteString("event", hit.Message is null ? "snapshot" : "log");
        json.WriteNumber("time_ns", hit.TimeNs);
        json.WriteNumber("thread", hit.Thread);
        json.WriteString("function", hit.Function);
        json.WriteString("file", hit.File);
        json.WriteNumber("line", hit.Line);
        if (hit.Message is { } message)
        {
            json.WriteString("message", message);
        }

        if (hit.Trouble is { } trouble)
        {
            json.WriteString("trouble", trouble);
        }

        Write(json, "arguments", hit.Arguments);
        Write(json, "locals", hit.Locals);
        if (hit.Stack is { } stack)
        {
            json.WriteStartArray("stack");
            foreach (var frame in stack)
            {
                json.WriteStartObject();
                json.WriteString("function", frame.Function);
                json.WriteString("file", frame.File);
                json.WriteNumber("line", frame.Line);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    });

    static void Write(Utf8JsonWriter json, string name, IReadOnlyList<KeyValuePair<string, string>>? variables)
    {
        if (variables is not null)
        {
            json.WriteStartObject(name);
            foreach (var (variable, value) in variables)
            {
                json.WriteString(variable, value);
            }

            json.WriteEndObject();
        }
    }

    static string Text(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
