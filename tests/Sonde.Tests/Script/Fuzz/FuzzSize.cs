using System.Globalization;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>How many random programs a test tries.</summary>
static class FuzzSize
{
    /// <summary>The number of the environment's SONDE_FUZZ, or the one given.</summary>
    public static int Or(int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable("SONDE_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out int given) ? given : usual;
}
