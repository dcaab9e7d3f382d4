using Sonde.Script;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Whether a script shows symbols of processes, whose mappings must then be followed.</summary>
static class UserNames
{
    public static bool AreUsedBy(CompiledScript script) =>
        script.Actions.Any(action => Uses(action.Payload)) || script.Maps.Any(map => Uses(map.Key) || Uses(map.Value));

    static bool Uses(DataType? type) => type switch
    {
        SymbolicType symbolic => symbolic.Kind is SymbolicKind.UserStack or SymbolicKind.UserSymbol,
        TupleType tuple => tuple.Elements.Any(Uses),
        ArrayType array => Uses(array.Element),
        _ => false,
    };
}
