using System.Security;
using System.Text;
using Sonde.Engine.Profiles.Formats;

namespace Sonde.Engine.Profiles.FlameGraph;

/// <summary>A flame graph as one HTML file that needs no network: icicles to zoom into, search and filter.</summary>
public sealed class FlameGraphHtmlFormat : IProfileFormat
{
    /// <inheritdoc/>
    public string Name => "html";

    /// <inheritdoc/>
    public IReadOnlyList<string> Extensions { get; } = [".html", ".htm"];

    /// <inheritdoc/>
    public bool NeedsTimeline => false;

    /// <inheritdoc/>
    public int MostTimed => FlameGraphSource.MostTimed;

    /// <inheritdoc/>
    public bool IsReadable => false;

    /// <inheritdoc/>
    public void Write(Profile profile, Stream output) => Write(FlameGraphSource.Of(profile), output);

    /// <inheritdoc/>
    public Profile? Read(Stream input) => null;

    internal static void Write(FlameGraphSource source, Stream output)
    {
        using var text = new StreamWriter(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        text.Write($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{SecurityElement.Escape(PageFiles.Policy)}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="sonde">
            <title>{SecurityElement.Escape(source.Title)}</title>
            <style>{PageFiles.Style}</style>
            </head>
            <body>
            <noscript>This flame graph is drawn by the script in this file, and scripts are switched off. 'sonde convert FILE.html FILE.svg' makes a picture of it.</noscript>
            <script type="application/json" id="profile">
            """);
        text.Flush();
        FlameGraphData.Write(source, output);
        text.Write($"</script>\n<script>{PageFiles.Script}</script>\n</body>\n</html>\n");
    }
}
