using Sonde.Engine.Scripts.Values;

namespace Sonde.Engine.Scripts.Sinks.Forms;

/// <summary>Maps put together to a table.</summary>
sealed class TableForm(TableLayout layout) : MapForm
{
    readonly CountTable _table = new(layout);
    readonly Utf8Text _part = new();

    /// <inheritdoc/>
    public override void Begin() => _table.Begin();

    /// <inheritdoc/>
    public override void Write(Utf8Text text, ValueFormatter values, MapContents contents)
    {
        for (var i = 0; i < layout.Columns.Count; i++)
        {
            if (layout.Columns[i].Maps.Contains(contents.Map.Name) && !contents.IsEmpty)
            {
                Add(values, contents, i);
            }
        }

        if (contents.Map.Name == layout.LastMap)
        {
            text.Add(_table.Take());
        }
    }

    void Add(ValueFormatter values, MapContents contents, int column)
    {
        foreach (var entry in contents.Entries)
        {
            _table.Add(Parts(values, contents.Map.Key!, entry.Key, _part), column, entry.Aggregate.Number);
        }
    }
}
