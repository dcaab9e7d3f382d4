using System.Globalization;
using System.Text;
using Sonde.Engine.Output;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Collapsed stacks, a line for each different one, outermost frame first: what flamegraph.pl, inferno and py-spy's <c>raw</c> know.</summary>
/// <remarks>
/// Written as py-spy does, <c>name (file.py:12);name (file.py:7) 42</c>, with samples as the count; with weights when the profile has no sampling interval.
/// A semicolon or an invisible character of a name becomes <c>\xNN</c>. Threads, states and times have no place in it: <see cref="ProfileView"/> makes frames of threads and processes.
/// </remarks>
public sealed class RawFormat : IProfileFormat
{
    internal const string NoFrames = "<no frames>";

    /// <inheritdoc/>
    public string Name => "raw";

    /// <inheritdoc/>
    public IReadOnlyList<string> Extensions { get; } = [".raw", ".folded", ".collapsed", ".txt"];

    /// <inheritdoc/>
    public bool NeedsTimeline => false;

    /// <inheritdoc/>
    public void Write(Profile profile, Stream output)
    {
        bool countsSamples = profile.Info.IntervalNs > 0 || profile.Info.Unit == ProfileUnit.Samples;
        long[] counts = new long[profile.Stacks.Count];
        foreach (var entry in profile.Entries)
        {
            counts[entry.Stack] += countsSamples ? entry.Samples : entry.Weight;
        }

        byte[]?[] labels = new byte[profile.Frames.Count][];
        var path = new List<int>();
        using var buffer = new OutputBuffer(output, leaveOpen: true);
        for (int stack = 0; stack < counts.Length; stack++)
        {
            if (counts[stack] == 0)
            {
                continue;
            }

            path.Clear();
            for (int caller = stack; caller != StackTable.Empty; caller = profile.Stacks.Caller(caller))
            {
                path.Add(profile.Stacks.Innermost(caller));
            }

            for (int i = path.Count - 1; i >= 0; i--)
            {
                buffer.Write(labels[path[i]] ??= Encoding.UTF8.GetBytes(Encode(FrameLabel.Full(profile.Frames[path[i]]))));
                buffer.Write(i > 0 ? ";"u8 : ""u8);
            }

            buffer.Write(path.Count == 0 ? Encoding.UTF8.GetBytes(NoFrames) : []);
            buffer.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $" {counts[stack]}\n")));
        }
    }

    /// <inheritdoc/>
    public Profile Read(Stream input)
    {
        using var reader = new CollapsedStacksReader(input);
        return reader.Read();
    }

    /// <summary>A label without semicolons and line breaks. A backslash that would begin an escape is escaped itself, so that <see cref="Decode"/> gives back the very label.</summary>
    internal static string Encode(string label)
    {
        if (label.Contains('\\'))
        {
            label = label.Replace("\\x", "\\x5cx", StringComparison.Ordinal).Replace("\\u", "\\x5cu", StringComparison.Ordinal).Replace("\\U", "\\x5cU", StringComparison.Ordinal);
        }

        return Escape.Text(label, int.MaxValue).Replace(";", "\\x3b", StringComparison.Ordinal);
    }

    /// <summary>The label that was encoded. What is no escape stays as it is.</summary>
    internal static string Decode(string text)
    {
        int at = text.IndexOf('\\');
        if (at < 0)
        {
            return text;
        }

        var label = new StringBuilder(text.Length);
        label.Append(text.AsSpan(0, at));
        while (at < text.Length)
        {
            int digits = text[at] == '\\' && at + 1 < text.Length ? text[at + 1] switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 } : 0;
            if (digits > 0 && at + 2 + digits <= text.Length
                && uint.TryParse(text.AsSpan(at + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code) && code <= 0x10ffff)
            {
                label.Append(code <= 0xffff ? ((char)code).ToString() : char.ConvertFromUtf32((int)code));
                at += 2 + digits;
            }
            else
            {
                label.Append(text[at++]);
            }
        }

        return label.ToString();
    }
}
