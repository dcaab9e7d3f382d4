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
    public static string Light(in Frame frame) => frame.Kind == FrameKind.Marker ? Code(0, 0, 0.85) : Code(Hue(frame), 0.75, 0.68);

    /// <summary>The colour of what has changed: red for more, blue for less, and the paler the smaller the change.</summary>
    /// <param name="change">By how much of the whole.</param>
    public static string Change(double change)
    {
        // As in drawing.js: a tenth of the whole is as much as a colour can tell.
        double strength = Math.Min(1, Math.Sqrt(Math.Abs(change) / 0.1));
        return Code(change > 0 ? 4 : 215, 0.8 * strength, 0.88 - 0.26 * strength);
    }

    /// <summary>CSS Color Module Level 4, 7.1: from HSL to sRGB.</summary>
    static string Code(double hue, double saturation, double lightness)
    {
        double chroma = saturation * Math.Min(lightness, 1 - lightness);
        return string.Create(CultureInfo.InvariantCulture, $"#{Channel(0):x2}{Channel(8):x2}{Channel(4):x2}");

        byte Channel(int n)
        {
            double k = (n + hue / 30) % 12;
            return (byte)Math.Round(255 * (lightness - chroma * Math.Max(-1, Math.Min(Math.Min(k - 3, 9 - k), 1))));
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
