using System.Globalization;
using Sonde.Engine.Scripts.Values;

namespace Sonde.Engine.Scripts.Sinks.Forms;

/// <summary>Counted stacks as lines that flame graphs are made of: what was hit, then frames from the outermost to the innermost, and how often.</summary>
sealed class FoldedForm : MapForm
{
    readonly Utf8Text _part = new();

    /// <inheritdoc/>
    public override void Write(Utf8Text text, ValueFormatter values, MapContents contents)
    {
        foreach (var entry in contents.IsEmpty ? [] : contents.Entries)
        {
            var frames = Parts(values, contents.Map.Key!, entry.Key, _part).SelectMany(static part => part.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Reverse();
            text.Add(string.Join(';', frames.Select(static frame => frame.Replace(';', ':'))));
            text.Add(string.Create(CultureInfo.InvariantCulture, $" {entry.Aggregate.Number}\n"));
        }
    }
}
