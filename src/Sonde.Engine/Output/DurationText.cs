using System.Globalization;

namespace Sonde.Engine.Output;

/// <summary>Durations as users write them: "10", "10s", "500ms", "250us", "2m"; a bare number is seconds.</summary>
public static class DurationText
{
    static readonly (string Unit, double Seconds)[] _units = [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("s", 1), ("m", 60), ("h", 3600), ("", 1)];

    /// <summary>Reads one; false for what is none, is not above 0, or exceeds 30 years.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        foreach (var (unit, seconds) in _units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number * seconds is > 0 and < 1e9)
            {
                duration = TimeSpan.FromTicks((long)Math.Max(1, number * seconds * TimeSpan.TicksPerSecond));
                return true;
            }
        }

        duration = default;
        return false;
    }
}
