using System.Text;
using Sonde.Engine.Profiles.Formats;

namespace Sonde.Engine.Profiles.FlameGraph;

/// <summary>A flame graph as an SVG file: a picture wherever pictures are shown, and the page of <see cref="FlameGraphHtmlFormat"/> when a browser opens it.</summary>
public sealed class FlameGraphSvgFormat : IProfileFormat
{
    /// <inheritdoc/>
    public string Name => "flamegraph";

    /// <inheritdoc/>
    public IReadOnlyList<string> Extensions { get; } = [".svg"];

    /// <inheritdoc/>
    public bool NeedsTimeline => false;

    /// <inheritdoc/>
    public bool IsReadable => false;

    /// <inheritdoc/>
    public void Write(Profile profile, Stream output) => Write(FlameGraphSource.Of(profile), output);

    /// <inheritdoc/>
    public Profile? Read(Stream input) => null;

    internal static void Write(FlameGraphSource source, Stream output)
    {
        using var text = new StreamWriter(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        FlamePicture.WriteStart(source, text);
        text.Write($"<style><![CDATA[{PageFiles.Style}]]></style>\n<script type=\"application/json\" id=\"profile\">");
        text.Flush();
        FlameGraphData.Write(source, output);
        text.Write($"</script>\n<script><![CDATA[{PageFiles.Script}]]></script>\n</svg>\n");
    }
}
