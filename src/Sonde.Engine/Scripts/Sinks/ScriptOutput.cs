using Sonde.Engine.Output;
using Sonde.Engine.Scripts.Values;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Sinks;

/// <summary>Where what a script prints goes, in one of the formats. Used by one thread.</summary>
/// <param name="output">Takes the output.</param>
/// <param name="messages">Takes errors, warnings and what concerns the session.</param>
/// <param name="values">Writes values.</param>
abstract class ScriptOutput(OutputBuffer output, TextWriter messages, ValueFormatter values)
{
    /// <summary>What a record becomes, used again for each.</summary>
    protected Utf8Text Line { get; } = new();

    protected ValueFormatter Values => values;

    /// <summary>Whether each piece is handed on at once.</summary>
    public bool Unbuffered { get; set; }

    /// <summary>How many places were attached to.</summary>
    public abstract void AttachedProbes(int count);

    /// <summary>Text of printf.</summary>
    public abstract void Printf(Utf8Text text);

    /// <summary>Text of time, cat, system and join: <paramref name="type"/> is what JSON calls it.</summary>
    public abstract void Text(string type, ReadOnlySpan<byte> text);

    /// <summary>A value of print.</summary>
    public abstract void Value(DataType type, ReadOnlySpan<byte> value);

    /// <summary>A map.</summary>
    public abstract void Map(MapContents contents, long top, long divisor);

    /// <summary>The value of one entry of a map; null when the key is not there.</summary>
    public abstract void MapEntry(MapContents? contents);

    /// <summary>Records that were lost since the last time.</summary>
    public abstract void LostEvents(long count);

    /// <summary>What errorf and warnf say.</summary>
    public abstract void Complaint(Severity severity, SourceSpan? place, string message);

    /// <summary>A fault of the script at run time.</summary>
    public abstract void RuntimeError(Severity severity, SourceSpan? place, string message);

    /// <summary>A helper that failed.</summary>
    public abstract void HelperError(SourceSpan? place, string helper, long answer);

    /// <summary>Before the first test or benchmark.</summary>
    public virtual void BeginTests(int count, bool areBenchmarks)
    {
    }

    /// <summary>Before a test.</summary>
    public virtual void BeginTest(string name)
    {
    }

    /// <summary>How a test went.</summary>
    /// <param name="output">What it printed.</param>
    public abstract void TestResult(string name, long durationNs, bool passed, ReadOnlySpan<byte> output);

    /// <summary>How long a benchmark takes.</summary>
    public abstract void BenchmarkResult(string name, long averageNs, long iterations);

    /// <summary>After the last test.</summary>
    public virtual void EndTests(IReadOnlyList<string> failed, int passed)
    {
    }

    /// <summary>What separates the records from the maps at the end.</summary>
    public virtual void End()
    {
    }

    /// <summary>Hands everything on.</summary>
    public void Flush() => output.Flush();

    /// <summary>Says something on standard error, after what was printed before.</summary>
    public void Say(string message)
    {
        output.Flush();
        messages.Write(message.EndsWith('\n') ? message : message + "\n");
        messages.Flush();
    }

    /// <summary>Writes bytes as they are.</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        if (Unbuffered)
        {
            output.Flush();
        }
    }

    /// <summary>What a helper's failure means in words.</summary>
    protected static string Explain(string helper, long answer)
    {
        const int noRoom = -7; // E2BIG
        const int absent = -2; // ENOENT
        return (helper, answer) switch
        {
            ("map_update_elem", noRoom) => "Map full; can't update element. Try increasing max_map_keys config or manually setting the max entries in a map declaration e.g. `let @a = hash(5000)`",
            ("map_delete_elem", absent) => "Can't delete map element because it does not exist.",
            ("map_lookup_elem" or "map_lookup_percpu_elem", _) => "Can't lookup map element because it does not exist.",
            _ => ErrnoText.Of(answer),
        };
    }
}
