using System.Text.Json;

namespace Sonde.Engine.Points;

/// <summary>How a point stands.</summary>
/// <param name="Hits">How often its line ran and its condition was true.</param>
/// <param name="Told">How often it told something.</param>
/// <param name="Skipped">How often it did not, because the last time was too short ago.</param>
/// <param name="Troubles">How often its condition had no value.</param>
/// <param name="Trouble">Why, the last time.</param>
/// <param name="TotalNs">A timer's times together, in nanoseconds.</param>
/// <param name="LeastNs">The shortest.</param>
/// <param name="MostNs">The longest.</param>
/// <param name="Lost">Packets that found no room.</param>
public readonly record struct PointState(long Hits, long Told, long Skipped, long Troubles, string? Trouble, long TotalNs, long LeastNs, long MostNs, long Lost)
{
    internal static PointState Read(JsonElement from) => new(
        from.GetProperty("hits").GetInt64(), from.GetProperty("told").GetInt64(), from.GetProperty("skipped").GetInt64(), from.GetProperty("troubles").GetInt64(), from.GetProperty("trouble").GetString(),
        from.GetProperty("total").GetInt64(), from.GetProperty("least") is { ValueKind: JsonValueKind.Number } least ? least.GetInt64() : 0, from.GetProperty("most").GetInt64(), from.GetProperty("lost").GetInt64());
}
