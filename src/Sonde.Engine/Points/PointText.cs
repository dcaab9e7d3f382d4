using System.Globalization;
using Sonde.Engine.Output;

namespace Sonde.Engine.Points;

/// <summary>Log points for people: a line a message, and what counters and timers have come to.</summary>
public sealed class PointText(TextWriter writer) : IPointOutput
{
    const int LongestMessage = 20_000;

    /// <inheritdoc/>
    public void Hit(PointHit hit)
    {
        ArgumentNullException.ThrowIfNull(hit);
        if (hit.Message is not { } message)
        {
            writer.WriteLine(PointJson.Text(hit));
            return;
        }

        var time = DateTimeOffset.UnixEpoch.AddTicks(hit.TimeNs / 100).ToLocalTime();
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time:HH:mm:ss.fff}  {Escape.Text(message, LongestMessage)}"));
        foreach (var frame in hit.Stack ?? [])
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {Escape.Text(frame.Function)} ({Escape.Text(frame.File)}:{frame.Line})"));
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
