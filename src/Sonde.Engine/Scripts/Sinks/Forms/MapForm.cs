using Sonde.Engine.Scripts.Values;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Sinks.Forms;

/// <summary>What the maps of a verb's program look like for people.</summary>
abstract class MapForm
{
    /// <summary>Everything is attached: from now on is counted.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Writes a map, or keeps it until others have come that belong to it.</summary>
    /// <param name="text">Takes it.</param>
    /// <param name="values">Writes values.</param>
    /// <param name="contents">What the map held.</param>
    public abstract void Write(Utf8Text text, ValueFormatter values, MapContents contents);

    /// <summary>The parts of a key as texts; one for a key that is no tuple.</summary>
    protected static List<string> Parts(ValueFormatter values, DataType type, byte[] key, Utf8Text line)
    {
        var parts = new List<string>();
        if (type is not TupleType tuple)
        {
            parts.Add(Part(values, type, key, line));
            return parts;
        }

        for (var i = 0; i < tuple.Elements.Count; i++)
        {
            parts.Add(Part(values, tuple.Elements[i], ValueFormatter.Element(tuple, i, key), line));
        }

        return parts;
    }

    static string Part(ValueFormatter values, DataType type, ReadOnlySpan<byte> value, Utf8Text line)
    {
        line.Clear();
        values.Write(line, type, value);
        return line.ToString();
    }
}
