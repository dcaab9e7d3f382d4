using System.Globalization;

namespace Sonde.Engine.Flow.Inside;

/// <summary>The Python text that loads an agent in its process and takes it out again (inside.py).</summary>
static class AgentScript
{
    /// <summary>The text for an image.</summary>
    /// <param name="image">The shared object.</param>
    /// <param name="nonce">A number of this session's own.</param>
    public static string Write(ReadOnlySpan<byte> image, uint nonce)
    {
        using var stream = typeof(AgentScript).Assembly.GetManifestResourceStream("inside.py")!;
        using var reader = new StreamReader(stream);
        return string.Create(CultureInfo.InvariantCulture, $"NONCE = {nonce}\nIMAGE = \"{Convert.ToHexStringLower(image)}\"\n{reader.ReadToEnd()}");
    }
}
