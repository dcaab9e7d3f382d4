using System.Globalization;
using System.Text.Json;
using Sonde.Engine.Output;

namespace Sonde.Engine.Points;

/// <summary>Log points for people: a line a message, and what counters and timers have come to.</summary>
public sealed class PointText(TextWriter writer) : IPointOutput
{
    const int LongestMessage = 20_000;

    /// <inheritdoc/>
    public void Hit(JsonElement hit)
    {
        if (!hit.TryGetProperty("message", out var message))
        {
            writer.WriteLine(PointJson.Text(hit));
            return;
        }

        var time = DateTimeOffset.UnixEpoch.AddTicks(hit.GetProperty("time").GetInt64() / 100).ToLocalTime();
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time:HH:mm:ss.fff}  {Escape.Text(message.GetString() ?? "", LongestMessage)}"));
        if (hit.TryGetProperty("stack", out var stack))
        {
            foreach (var frame in stack.EnumerateArray())
            {
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {Escape.Text(frame[0].GetString() ?? "?")} ({Escape.Text(frame[1].GetString() ?? "?")}:{(frame[2].ValueKind == JsonValueKind.Number ? frame[2].GetInt64() : 0)})"));
            }
        }
    }

    /// <inheritdoc/>
    public void Count(PointKind kind, PointState state)
    {
        if (kind == PointKind.Counter)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss}  {state.Hits} hits"));
        }
        else if (kind == PointKind.Timer)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{DateTime.Now:HH:mm:ss}  {state.Hits} times, average {Milliseconds(state.Hits == 0 ? 0 : state.TotalNs / state.Hits)}, shortest {Milliseconds(state.LeastNs)}, longest {Milliseconds(state.MostNs)}"));
        }
    }

    /// <inheritdoc/>
    public void Flush() => writer.Flush();

    static string Milliseconds(long ns) => string.Create(CultureInfo.InvariantCulture, $"{ns / 1e6:0.###} ms");
}
