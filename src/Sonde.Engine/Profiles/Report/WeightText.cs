using System.Globalization;
using Sonde.Engine.Output;

namespace Sonde.Engine.Profiles.Report;

/// <summary>Weights and shares as text.</summary>
static class WeightText
{
    static readonly string[] _byteUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>A weight with its unit: "1.20 s", "3.4 MiB", "17".</summary>
    public static string Of(long weight, ProfileUnit unit) => unit switch
    {
        ProfileUnit.Nanoseconds => weight < 0 ? "-" + Utf8Cursor.Duration(-Math.Max(weight, -long.MaxValue)) : Utf8Cursor.Duration(weight),
        ProfileUnit.Bytes => Bytes(weight),
        _ => weight.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>A share of the whole: " 12.3%".</summary>
    public static string Share(long weight, long whole) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * weight / whole,5:0.0}%");

    static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        for (; Math.Abs(value) >= 1024 && unit < _byteUnits.Length - 1; unit++)
        {
            value /= 1024;
        }

        return value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + _byteUnits[unit];
    }
}
