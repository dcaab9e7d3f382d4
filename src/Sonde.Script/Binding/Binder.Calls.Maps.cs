using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    /// <summary>The map an argument names as a whole; null after an error or while nothing is known of it.</summary>
    MapSlot? MapArgument(Call call)
    {
        if (call.Arguments[0] is not MapAccess { Keys.Count: 0 } access)
        {
            Error(call.Arguments[0].Span, $"{call.Name}() expects a map argument");
            return null;
        }

        return UseMap(access.Name, access.Span);
    }

    bool IsDefined(MapSlot map, SourceSpan span)
    {
        if (map.Value.Type is not UnknownType)
        {
            return true;
        }

        if (_isLast && !map.Value.IsBroken)
        {
            Error(span, $"Undefined map: {map.Name}");
        }

        return false;
    }

    BoundExpression BindDelete(Call call)
    {
        if (call.Arguments.Count == 1)
        {
            // The old form names the entry as it is read; a map without keys has only one.
            if (call.Arguments[0] is not MapAccess access)
            {
                return Fail(call.Arguments[0].Span, $"{call.Name}() expects a map argument");
            }

            if (access.Keys.Count == 0 && UseMap(access.Name, access.Span).HasKeys == true)
            {
                return Fail(call.Span, $"call to {call.Name}() expects a map without explicit keys (scalar map)", $"Name the key: delete({access.Name}, key), or empty the map with clear({access.Name})");
            }

            return TryAccess(access, out var old, out var oldKey) && IsDefined(old, access.Span) ? new BoundDelete(old.Map, oldKey) : Unknown;
        }

        return MapArgument(call) is { } map && TryKey(map, BindExpression(call.Arguments[1]), call.Span, out var key) && IsDefined(map, call.Arguments[0].Span)
            ? new BoundDelete(map.Map, key)
            : Unknown;
    }

    BoundExpression BindHasKey(Call call) =>
        MapArgument(call) is { } map && TryKey(map, BindExpression(call.Arguments[1]), call.Span, out var key) && IsDefined(map, call.Arguments[0].Span)
            ? new BoundHasKey(map.Map, key)
            : Unknown;

    BoundExpression BindFind(Call call)
    {
        if (call.Arguments[2] is not Variable name)
        {
            return Fail(call.Arguments[2].Span, $"{call.Name}() expects a variable for arg {3}");
        }

        if (MapArgument(call) is not { } map || !TryKey(map, BindExpression(call.Arguments[1]), call.Span, out var key) || !IsDefined(map, call.Arguments[0].Span))
        {
            return Unknown;
        }

        if (map.Value.Type is AggregateType aggregate)
        {
            return Fail(call.Span, $"Value '{aggregate}' cannot be assigned to a scratch variable.");
        }

        var variable = _scope.Find(name.Name) ?? Declare(name.Name, SlotOf(call), call.Span, "This is the initial assignment.");
        variable.IsAssigned = true;
        if (variable.Declared is { } declared ? declared != map.Value.Type : !variable.Slot.Add(map.Value.Type))
        {
            ReportMismatch(call.Span, name.Name, map.Value.Type, "variable", variable.Variable.Type);
            return Unknown;
        }

        return new BoundFind(map.Map, key!, variable.Variable);
    }

    BoundExpression BindLength(Call call)
    {
        if (call.Arguments[0] is MapAccess { Keys.Count: 0 } access && UseMap(access.Name, access.Span) is { HasKeys: not false } map)
        {
            return IsDefined(map, access.Span) ? new BoundLength(map.Map, null) : Unknown;
        }

        var value = BindExpression(call.Arguments[0]);
        return value.Type switch
        {
            _ when IsUnknown(value) => Unknown,
            _ when IsPythonValue(value) => new BoundCall(Intrinsic.PythonLength, ((BoundCall)value).Arguments, IntegerType.Int64) { Span = call.Span },
            SymbolicType { Kind: SymbolicKind.KernelStack or SymbolicKind.UserStack or SymbolicKind.PythonStack } => new BoundLength(null, value),
            _ => Fail(call.Span, "call to len() expects a map, ustack, or kstack"),
        };
    }
}
