using System.Globalization;
using System.Text;

namespace Sonde.Engine.Runtimes;

/// <summary>How often and how long a verb's program tells what it counted.</summary>
/// <param name="Interval">After which time again and again; null for once, at the end.</param>
/// <param name="Count">How many times; null for as long as it runs.</param>
/// <param name="Duration">After which time it ends; null for never.</param>
public readonly record struct ReportTimes(TimeSpan? Interval, int? Count, TimeSpan? Duration);

/// <summary>Writes the text of a program in Sonde's language: its probes, and the frame that every counting program has.</summary>
/// <param name="setting">A setting of the language that it needs; null for none.</param>
sealed class ProgramText(string? setting = null)
{
    readonly StringBuilder _text = new($"config = {{ max_map_keys = 65536{(setting is null ? "" : "; " + setting)} }}\n");

    /// <summary>A probe with its actions.</summary>
    /// <param name="places">Attach points.</param>
    /// <param name="actions">Statements.</param>
    /// <param name="predicate">A condition; null for none.</param>
    public ProgramText Add(string places, string actions, string? predicate = null)
    {
        _text.Append(places).Append('\n');
        if (predicate is not null)
        {
            _text.Append('/').Append(predicate).Append("/\n");
        }

        _text.Append("{\n  ").Append(actions).Append("\n}\n");
        return this;
    }

    /// <summary>Prints maps at the times that are wanted, and at the end.</summary>
    /// <param name="times">When.</param>
    /// <param name="printed">The maps, in this order.</param>
    /// <param name="others">Maps that are not printed.</param>
    public ProgramText Report(ReportTimes times, IReadOnlyList<string> printed, IReadOnlyList<string> others)
    {
        var print = string.Join(' ', printed.Select(map => $"print({map}); clear({map});"));
        if (times.Interval is { } interval)
        {
            var stop = times.Count is { } count ? string.Create(CultureInfo.InvariantCulture, $" @rounds++; if (@rounds >= {count}) {{ exit(); }}") : "";
            Add(Every(interval), print + stop);
        }

        if (times.Duration is { } duration)
        {
            Add(Every(duration), "exit();");
        }

        string[] rounds = times is { Interval: not null, Count: not null } ? ["@rounds"] : [];
        return Add("end", string.Join(' ', [print, .. others.Concat(rounds).Select(map => $"clear({map});")]));
    }

    /// <summary>A file's path as a part of an attach point.</summary>
    public static string Quoted(string path) => "\"" + path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    static string Every(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"interval:us:{Math.Max(1, (long)time.TotalMicroseconds)}");
}
