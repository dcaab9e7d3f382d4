using System.Globalization;
using Sonde.Engine.Output;

namespace Sonde.Engine.Profiles.FlameGraph;

/// <summary>The colours of boxes: warm for Python, blue for machine code, violet for the kernel, grey for markers; within that, every module has its own.</summary>
static class FrameColour
{
    /// <summary>The hue in degrees. The same module has the same one in every profile and wherever it is installed.</summary>
    public static int Hue(in Frame frame)
    {
        var (first, count) = frame.Kind switch
        {
            FrameKind.Python => (8, 52),
            FrameKind.Native => (185, 50),
            FrameKind.Kernel => (265, 45),
            _ => (0, 1),
        };
        return first + (int)(Hash(ShortPath.Of(frame.File)) % (uint)count);
    }

    /// <summary>The colour on a light ground, as <c>#rrggbb</c>: older programs that show SVG know no other way to write one.</summary>
    public static string Light(in Frame frame)
    {
        const double lightness = 0.68;
        double chroma = frame.Kind == FrameKind.Marker ? 0 : 0.75 * Math.Min(lightness, 1 - lightness);
        double hue = Hue(frame) / 30.0;
        double grey = frame.Kind == FrameKind.Marker ? 0.85 : lightness;
        return string.Create(CultureInfo.InvariantCulture, $"#{Channel(0):x2}{Channel(8):x2}{Channel(4):x2}");

        // CSS Color Module Level 4, 7.1: from HSL to sRGB.
        byte Channel(int n)
        {
            double k = (n + hue) % 12;
            return (byte)Math.Round(255 * (grey - chroma * Math.Max(-1, Math.Min(Math.Min(k - 3, 9 - k), 1))));
        }
    }

    /// <summary>FNV-1a, 32 bits.</summary>
    static uint Hash(string text)
    {
        uint hash = 2166136261;
        foreach (char unit in text)
        {
            hash = (hash ^ unit) * 16777619;
        }

        return hash;
    }
}
