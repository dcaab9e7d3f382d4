using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>
/// A type that is found by going over the script until it no longer changes: what one pass gathers is what the next one reads.
/// </summary>
sealed class TypeSlot
{
    DataType _gathered = UnknownType.Instance;
    DataType? _known;

    /// <summary>Whether something was wrong with a value that belongs here, so that nothing more needs to be said.</summary>
    public bool IsBroken { get; set; }

    /// <summary>What a use may rely on: the pass before's result, else what this pass has seen so far.</summary>
    public DataType Type => _known ?? TypeJoin.Settle(_gathered);

    /// <summary>Takes one more value in; false if it does not go with those before.</summary>
    public bool Add(DataType shape)
    {
        if (TypeJoin.Join(_gathered, shape) is not { } joined)
        {
            return false;
        }

        _gathered = joined;
        return true;
    }

    /// <summary>What this pass gathered before the value at hand, for messages.</summary>
    public DataType Gathered => TypeJoin.Settle(_gathered);

    /// <summary>Ends a pass; whether the result is another one than before.</summary>
    public bool EndPass()
    {
        var settled = TypeJoin.Settle(_gathered);
        var changed = _known is null ? settled is not UnknownType : settled != _known;
        _known = settled is UnknownType ? null : settled;
        _gathered = UnknownType.Instance;
        return changed;
    }
}

/// <summary>A map while its types are being found.</summary>
sealed class MapSlot(string name)
{
    public string Name { get; } = name;

    public TypeSlot Key { get; } = new();

    public TypeSlot Value { get; } = new();

    /// <summary>Whether it has keys: as its first use says.</summary>
    public bool? HasKeys { get; set; }

    public MapDeclaration? Declaration { get; init; }

    /// <summary>What the bound tree refers to; its types are set after the last pass.</summary>
    public required ScriptMap Map { get; init; }
}

/// <summary>A variable in sight.</summary>
/// <param name="Variable">What the bound tree refers to.</param>
/// <param name="Slot">Its type.</param>
/// <param name="Declaration">Where it was declared or first assigned.</param>
/// <param name="Origin">How it came to be, for messages.</param>
sealed record VisibleVariable(BoundVariable Variable, TypeSlot Slot, SourceSpan Declaration, string Origin)
{
    /// <summary>The type of a declaration that names one.</summary>
    public DataType? Declared { get; init; }

    public bool IsAssigned { get; set; }
}

/// <summary>A block's variables.</summary>
sealed class Scope(Scope? outer)
{
    readonly Dictionary<string, VisibleVariable> _variables = [];

    public Scope? Outer { get; } = outer;

    public IEnumerable<VisibleVariable> Variables => _variables.Values;

    public void Add(VisibleVariable variable) => _variables[variable.Variable.Name] = variable;

    public VisibleVariable? Find(string name) => _variables.TryGetValue(name, out var found) ? found : Outer?.Find(name);
}
