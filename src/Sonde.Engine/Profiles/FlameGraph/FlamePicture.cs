using System.Globalization;
using System.Security;
using Sonde.Engine.Output;

namespace Sonde.Engine.Profiles.FlameGraph;

/// <summary>The flame graph as a picture that needs no script: what an SVG file shows in a viewer, in a document and in a browser before its script has run.</summary>
static class FlamePicture
{
    const int Width = 1200;
    const int Margin = 10;
    const int RowHeight = 17;
    const int HeadHeight = 78;

    // A monospaced character of 12 pixels, in most fonts.
    const double CharacterWidth = 7.25;

    /// <summary>Narrower boxes are left out, as a share of the width: they cannot be seen, but would be most of the file.</summary>
    const double Narrowest = 0.001;

    readonly record struct Box(int Node, int Depth, double Offset);

    /// <summary>Writes the root element's start and the picture; what else belongs into the file follows, and then the root element's end.</summary>
    public static void WriteStart(FlameGraphSource source, TextWriter output)
    {
        var tree = new FlameTree(source);
        var boxes = LayOut(tree, out int leftOut);
        int height = HeadHeight + (boxes.Max(static box => box.Depth) + 1) * RowHeight + 30;
        output.Write(string.Create(CultureInfo.InvariantCulture, $"""
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{height}" viewBox="0 0 {Width} {height}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12">
            <title>{Xml(source.Title)}</title>
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="{Width / 2}" y="22" font-size="16" text-anchor="middle">{Xml(Fit(source.Title, 115))}</text>
            <text x="{Margin}" y="42" fill="#555555">{Xml(Facts(source))}</text>
            <text x="{Margin}" y="58" fill="{(source.Losses.Total > 0 ? "#a33c00" : "#555555")}">{Xml(Losses(source))}</text>
            <g>

            """));
        foreach (var box in boxes)
        {
            WriteBox(tree, box, output);
        }

        var remark = leftOut == 0 ? "" : $"{leftOut.ToString(CultureInfo.InvariantCulture)} {(leftOut == 1 ? "box" : "boxes")} narrower than 0.1 % left out of this picture; a browser that runs its script shows all";
        output.Write(string.Create(CultureInfo.InvariantCulture, $"</g>\n<text x=\"{Margin}\" y=\"{height - 10}\" fill=\"#555555\">{remark}</text>\n"));
    }

    static List<Box> LayOut(FlameTree tree, out int leftOut)
    {
        List<Box> boxes = [new(0, 0, 0)];
        leftOut = 0;
        // Boxes are appended while they are gone through: row by row, without recursion.
        for (int i = 0; i < boxes.Count; i++)
        {
            var box = boxes[i];
            double offset = box.Offset;
            foreach (int child in tree.Children(box.Node))
            {
                double share = tree.Share(child);
                if (share >= Narrowest)
                {
                    boxes.Add(new Box(child, box.Depth + 1, offset));
                }
                else
                {
                    leftOut++;
                }

                offset += share;
            }
        }

        return boxes;
    }

    static void WriteBox(FlameTree tree, in Box box, TextWriter output)
    {
        const double room = Width - 2 * Margin;
        double x = Margin + box.Offset * room;
        double width = (box.Node == 0 ? 1 : tree.Share(box.Node)) * room;
        int y = HeadHeight + box.Depth * RowHeight;
        string label = tree.Label(box.Node);
        output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"<g><title>{Xml(label)} {tree.Weight(box.Node)}</title><rect x=\"{x:0.#}\" y=\"{y}\" width=\"{Math.Max(0.3, width - 0.5):0.#}\" height=\"{RowHeight - 1}\" rx=\"2\" fill=\"{tree.Colour(box.Node)}\"/>"));
        int columns = (int)((width - 6) / CharacterWidth);
        if (columns >= 3)
        {
            output.Write(string.Create(CultureInfo.InvariantCulture, $"<text x=\"{x + 3:0.#}\" y=\"{y + 12}\">{Xml(Fit(label, columns))}</text>"));
        }

        output.Write("</g>\n");
    }

    static string Facts(FlameGraphSource source)
    {
        var info = source.Info;
        List<string> parts = [info.Mode == "memory" ? "memory" : $"{Escape.Text(info.Mode, 20)} time"];
        if (source.StartText.Length > 0)
        {
            parts.Add(source.StartText);
        }

        if (info.DurationNs > 0)
        {
            parts.Add($"{Utf8Cursor.Duration(info.DurationNs)} long");
        }

        if (info.IntervalNs > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{1e9 / info.IntervalNs:G3} samples a second"));
        }

        parts.Add(source.IsDifference
            ? "red has grown, blue has shrunk, as a share of the whole"
            : string.Create(CultureInfo.InvariantCulture, $"{source.SampleCount:N0} samples"));
        return string.Join(" · ", parts);
    }

    static string Losses(FlameGraphSource source)
    {
        var losses = source.Losses;
        if (losses.Total == 0)
        {
            return "nothing lost";
        }

        var causes = string.Join("; ", losses.Causes.OrderByDescending(static cause => cause.Value).Select(static cause => $"{cause.Value.ToString("N0", CultureInfo.InvariantCulture)} {cause.Key}"));
        return Fit(string.Create(CultureInfo.InvariantCulture, $"{losses.Total:N0} samples lost: {Escape.Text(causes)}"), 160);
    }

    static string Fit(string text, int columns) => Escape.Text(text, columns);

    static string Xml(string text) => SecurityElement.Escape(text) ?? "";
}
