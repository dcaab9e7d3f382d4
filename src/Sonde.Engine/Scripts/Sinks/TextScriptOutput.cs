using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Engine.Scripts.Sinks.Forms;
using Sonde.Engine.Scripts.Values;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Sinks;

/// <summary>Output for people: what the script prints as it prints it, everything else on standard error.</summary>
/// <param name="colour">Whether the results of tests have colours.</param>
/// <param name="form">What maps look like; null for the language's own form.</param>
sealed class TextScriptOutput(OutputBuffer output, TextWriter messages, ValueFormatter values, bool colour, MapForm? form = null) : ScriptOutput(output, messages, values)
{
    public override void AttachedProbes(int count) => Say(string.Create(CultureInfo.InvariantCulture, $"Attached {count} probe{(count == 1 ? "" : "s")}"));

    public override void Printf(Utf8Text text) => WriteRaw(text.Written);

    public override void Text(string type, ReadOnlySpan<byte> text)
    {
        WriteRaw(text);
        if (type is "join" or "syscall")
        {
            WriteRaw("\n"u8);
        }
    }

    public override void Value(DataType type, ReadOnlySpan<byte> value)
    {
        Line.Clear();
        Values.Write(Line, type, value);
        Line.Add((byte)'\n');
        WriteRaw(Line.Written);
    }

    public override void Map(MapContents contents, long top, long divisor)
    {
        Line.Clear();
        if (form is null)
        {
            MapText.Write(Line, Values, contents, top, divisor);
        }
        else
        {
            form.Write(Line, Values, contents);
        }

        WriteRaw(Line.Written);
    }

    public override void MapEntry(MapContents? contents)
    {
        Line.Clear();
        if (contents is null)
        {
            Line.Add("0"u8);
        }
        else
        {
            MapText.WriteValue(Line, Values, contents, contents.Entries[0], 0);
        }

        Line.Add((byte)'\n');
        WriteRaw(Line.Written);
    }

    public override void LostEvents(long count) => Say(string.Create(CultureInfo.InvariantCulture, $"Lost {count} events"));

    public override void Complaint(Severity severity, SourceSpan? place, string message) =>
        Say($"{(place is { Source: not null } known ? $"{known}: " : "")}{(severity == Severity.Error ? "ERROR" : "WARNING")}: {message}");

    public override void RuntimeError(Severity severity, SourceSpan? place, string message) =>
        Say(new Diagnostic(severity, place ?? SourceSpan.None, message).ToString());

    public override void HelperError(SourceSpan? place, string helper, long answer) =>
        RuntimeError(Severity.Warning, place, string.Create(CultureInfo.InvariantCulture, $"{Explain(helper, answer)}\nAdditional Info - helper: {helper}, retcode: {answer}"));

    public override void BeginTests(int count, bool areBenchmarks) => Write(areBenchmarks
        ? "Benchmark                                Time(ns)       Iterations\n------------------------------------------------------------------\n"
        : string.Create(CultureInfo.InvariantCulture, $"{Tag("==========", 32)} Running {Tests(count)}.\n"));

    public override void BeginTest(string name) => Write($"{Tag(" RUN      ", 32)} {name}\n");

    public override void TestResult(string name, long durationNs, bool passed, ReadOnlySpan<byte> output)
    {
        WriteRaw(output);
        Write($"{(passed ? Tag("       OK ", 32) : Tag("  FAILED  ", 31))} {name} ({Duration(durationNs)})\n");
    }

    public override void BenchmarkResult(string name, long averageNs, long iterations) =>
        Write(string.Create(CultureInfo.InvariantCulture, $"{name,-40} {averageNs,-14} {iterations}\n"));

    public override void EndTests(IReadOnlyList<string> failed, int passed)
    {
        Write($"{Tag("==========", 32)} {Tests(failed.Count + passed)} ran.\n");
        if (passed > 0)
        {
            Write($"{Tag("  PASSED  ", 32)} {Tests(passed)}.\n");
        }

        if (failed.Count > 0)
        {
            Write($"{Tag("  FAILED  ", 31)} {Tests(failed.Count)}, listed below:\n");
            foreach (var name in failed)
            {
                Write($"{Tag("  FAILED  ", 31)} {name}\n");
            }
        }
    }

    public override void End() => WriteRaw("\n\n"u8);

    static string Tests(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} test{(count == 1 ? "" : "s")}");

    static string Duration(long ns) => string.Create(CultureInfo.InvariantCulture, $"{ns switch
    {
        >= 10_000_000_000 => $"{ns / 1_000_000_000} s",
        >= 10_000_000 => $"{ns / 1_000_000} ms",
        >= 10_000 => $"{ns / 1_000} μs",
        _ => $"{ns} ns",
    }}");

    string Tag(string text, int color) => colour ? string.Create(CultureInfo.InvariantCulture, $"\u001b[{color}m[{text}]\u001b[0m") : $"[{text}]";

    void Write(string text)
    {
        Line.Clear();
        Line.Add(text);
        WriteRaw(Line.Written);
    }
}
