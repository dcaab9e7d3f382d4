using System.Globalization;

namespace Sonde.Python;

/// <summary>A CPython version as <c>PY_VERSION_HEX</c> encodes it, with the build's threading model.</summary>
/// <param name="Minor">The minor version; the major version is always 3.</param>
/// <param name="Micro">The patch level, or -1 when only the minor version could be found out.</param>
/// <param name="FreeThreaded">True for builds configured with <c>--disable-gil</c> (3.13 and later).</param>
public readonly record struct PythonVersion(int Minor, int Micro, bool FreeThreaded = false)
{
    /// <summary>The oldest minor version whose internals are known.</summary>
    public const int OldestMinor = 6;

    /// <summary>The newest minor version whose internals are known.</summary>
    public const int NewestMinor = 15;

    /// <summary>Reads <c>PY_VERSION_HEX</c> (Include/patchlevel.h): major, minor, micro, release level and serial.</summary>
    public static PythonVersion FromHex(uint hex) => new((int)(hex >> 16 & 0xff), (int)(hex >> 8 & 0xff));

    /// <summary>"3.12.1", "3.12" when the patch level is unknown, with a trailing "t" for free-threaded builds.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"3.{Minor}{(Micro < 0 ? "" : "." + Micro.ToString(CultureInfo.InvariantCulture))}{(FreeThreaded ? "t" : "")}");
}
