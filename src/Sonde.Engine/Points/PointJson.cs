using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Sonde.Engine.Points;

/// <summary>Log points for programs: a line of JSON each time.</summary>
public sealed class PointJson(TextWriter writer) : IPointOutput
{
    /// <inheritdoc/>
    public void Hit(JsonElement hit) => writer.WriteLine(Text(hit));

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

    /// <summary>A hit as one line: written anew, since what the process sent may be laid out in any way.</summary>
    internal static string Text(JsonElement hit) => Text(json =>
    {
        json.WriteStartObject();
        json.WriteString("event", hit.TryGetProperty("message", out _) ? "log" : "snapshot");
        foreach (var member in hit.EnumerateObject())
        {
            switch (member.Name)
            {
                case "e" or "point":
                    break;
                case "arguments" or "locals":
                    json.WriteStartObject(member.Name);
                    foreach (var variable in member.Value.EnumerateArray())
                    {
                        json.WriteString(variable[0].GetString()!, variable[1].GetString());
                    }

                    json.WriteEndObject();
                    break;
                case "stack":
                    json.WriteStartArray("stack");
                    foreach (var frame in member.Value.EnumerateArray())
                    {
                        json.WriteStartObject();
                        json.WriteString("function", frame[0].GetString());
                        json.WriteString("file", frame[1].GetString());
                        json.WritePropertyName("line");
                        frame[2].WriteTo(json);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                    break;
                default:
                    json.WritePropertyName(member.Name == "time" ? "time_ns" : member.Name);
                    member.Value.WriteTo(json);
                    break;
            }
        }

        json.WriteEndObject();
    });

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
