using System.Text;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>What user space does for a script.</summary>
sealed partial class Binder
{
    const int MostJoined = 16;

    BoundExpression BindFormatted(Call call, ActionKind kind)
    {
        // What is written may hold a zero byte, as between names for xargs -0; what is a path, a command or the kernel's ends there.
        var isWritten = kind is ActionKind.Printf or ActionKind.Errorf or ActionKind.Warnf;
        if ((isWritten && call.Arguments[0] is StringLiteral literal ? TextOf(Encoding.Latin1.GetBytes(literal.Bytes)) : LiteralArgument(call, 0)) is not { } format)
        {
            return Unknown;
        }

        var arguments = ForFormat(format, call.Arguments.Skip(1).Select(argument => AsNumber(BindExpression(argument))).ToArray());
        if (arguments.Any(IsUnknown))
        {
            return Unknown;
        }

        if (FormatString.Check(format, [.. arguments.Select(argument => argument.Type)]) is { } complaint)
        {
            return Fail(call.Span, complaint);
        }

        return Send(new(kind, PayloadOf(arguments)) { Format = format, Span = call.Span }, arguments);
    }

    static TupleType PayloadOf(IReadOnlyList<BoundExpression> values) => new([.. values.Select(value => value.Type)]);

    BoundBlockExpression Send(ScriptAction action, IReadOnlyList<BoundExpression> payload, bool ends = false) =>
        Effect(new BoundSend(AddAction(action), payload) { EndsProgram = ends, Span = action.Span });

    /// <summary>Values for the program that made the script; no script can write this call.</summary>
    BoundExpression BindEvent(Call call)
    {
        var values = call.Arguments.Select(BindExpression).ToArray();
        return values.Any(IsUnknown) ? Unknown : Send(new(ActionKind.Event, PayloadOf(values)) { Span = call.Span }, values);
    }

    BoundExpression BindDebug(Call call)
    {
        Warn(call.Span, "The debugf() builtin is not recommended for production use. For more information see bpf_trace_printk in bpf-helpers(7).");
        return BindFormatted(call, ActionKind.Debugf);
    }

    BoundExpression BindPrint(Call call)
    {
        if (call.Arguments[0] is MapAccess access && UseMap(access.Name, access.Span) is var map)
        {
            if (access.Keys.Count == 0)
            {
                return BindPrintMap(call, access, map);
            }

            if (map.Value.Type is AggregateType)
            {
                return BindPrintEntry(call, access);
            }
        }

        var value = AsNumber(BindExpression(call.Arguments[0]));
        if (_isLast && IsUnknown(value) && call.Arguments[0] is TupleIndex or Identifier && _bag.Messages is [.., var last] && last.Span == call.Arguments[0].Span && !IsValueName(call.Arguments[0].Span.Text))
        {
            Error(call.Span, "none type passed to print() is not printable");
        }

        if (call.Arguments.Count > 1)
        {
            return Fail(call.Span, call.Arguments[0] is MapAccess
                ? "Single-value (i.e. indexed) map prints cannot take additional arguments."
                : $"Non-map print() only takes 1 argument, {call.Arguments.Count} found");
        }

        if (IsUnknown(value) || value.Type is VoidType)
        {
            return value.Type is VoidType ? Fail(call.Span, "none type passed to print() is not printable") : Unknown;
        }

        return Send(new(ActionKind.PrintValue, PayloadOf([value])) { Span = call.Span }, [value]);
    }

    BoundExpression BindPrintMap(Call call, MapAccess access, MapSlot map)
    {
        if (map.Value.Type is UnknownType)
        {
            _ = IsDefined(map, access.Span);
            return Unknown;
        }

        var numbers = new long[2];
        for (var i = 1; i < call.Arguments.Count; i++)
        {
            if (BindExpression(call.Arguments[i]) is not BoundConstant { Type: IntegerType, Value: >= 0 } number)
            {
                return Fail(call.Span, $"print(): invalid {(i == 1 ? "top" : "div")} value (must be non-negative literal)");
            }

            numbers[i - 1] = number.Value;
        }

        if (call.Arguments.Count > 1 && map.Value.Type is AggregateType { Kind: AggregateKind.Stats })
        {
            Warn(call.Span, "print()'s top and div arguments are ignored when used on stats() maps.");
        }

        if (_loopDepth > 0)
        {
            Warn(call.Span, "Due to it's asynchronous nature using 'print()' in a loop can lead to unexpected behavior. The map will likely be updated before the runtime can 'print' it.");
        }

        BoundExpression[] payload = [.. numbers.Select(number => new BoundConstant(IntegerType.UInt64, number))];
        return Send(new(ActionKind.PrintMap, PayloadOf(payload)) { Map = map.Map, Span = call.Span }, payload);
    }

    BoundExpression BindPrintEntry(Call call, MapAccess access)
    {
        if (call.Arguments.Count > 1)
        {
            return Fail(call.Span, "Single-value (i.e. indexed) map prints cannot take additional arguments.");
        }

        return TryAccess(access, out var map, out var key) && key is not null
            ? Send(new(ActionKind.PrintMapEntry, PayloadOf([key])) { Map = map.Map, Span = call.Span }, [key])
            : Unknown;
    }

    BoundExpression BindWholeMap(Call call, ActionKind kind)
    {
        if (call.Arguments[0] is not MapAccess { Keys.Count: 0 } access)
        {
            _ = BindExpression(call.Arguments[0]);
            return Fail(call.Arguments[0].Span, $"{call.Name}() expects a map argument");
        }

        var map = UseMap(access.Name, access.Span);
        if (map.Value.Type is UnknownType)
        {
            _ = IsDefined(map, access.Span);
            return Unknown;
        }

        return Send(new(kind, PayloadOf([])) { Map = map.Map, Span = call.Span }, []);
    }

    BoundExpression BindTime(Call call) => OptionalLiteral(call, 0, "%H:%M:%S\n") is { } format
        ? Send(new(ActionKind.Time, PayloadOf([])) { Format = format, Span = call.Span }, [])
        : Unknown;

    BoundExpression BindStrftime(Call call)
    {
        if (LiteralArgument(call, 0) is not { } format || IntegerArgument(call, 1) is not { } time)
        {
            return Unknown;
        }

        switch (time)
        {
            case BoundCall { Function: Intrinsic.Nsecs, Number: 0 }:
                return Fail(call.Span, "strftime() can not take a monotonic timestamp");
            case BoundCall { Function: Intrinsic.Nsecs, Number: 2 or 3 }:
                return Fail(call.Span, "strftime() can not take a tai timestamp", "Give it nsecs or nsecs(boot)");
            case BoundConstant { Value: < 0, Type: IntegerType { IsSigned: true } }:
                return Fail(call.Span, "strftime() does not accept negative timestamps");
        }

        return Convert(Convert(time, IntegerType.UInt64), new SymbolicType(SymbolicKind.Timestamp) { Format = format });
    }

    BoundExpression BindJoin(Call call)
    {
        if (OptionalLiteral(call, 1, " ") is not { } separator)
        {
            return Unknown;
        }

        var array = BindExpression(call.Arguments[0]);
        if (IsUnknown(array))
        {
            return Unknown;
        }

        if (array.Type is not (PointerType or IntegerType))
        {
            return Fail(call.Span, $"{call.Name}() only supports int or pointer arguments ({NameOf(array.Type)} provided)");
        }

        var text = new StringType(Math.Min(_options.Config.MaxStringLength, 1024) + 1);
        var action = new ScriptAction(ActionKind.Join, new([IntegerType.UInt64, new ArrayType(text, MostJoined)])) { Format = separator, Span = call.Span };
        return Effect(new BoundJoin(AddAction(action), Convert(array, IntegerType.UInt64), SpaceOf(array)) { Span = call.Span });
    }

    AddressSpace SpaceOf(BoundExpression address) => Space((address.Type as PointerType)?.Space ?? AddressSpace.None);

    BoundExpression BindExit(Call call)
    {
        BoundExpression code = Literals.Of(0);
        if (call.Arguments.Count > 0)
        {
            if (IntegerArgument(call, 0) is not { } given)
            {
                return Unknown;
            }

            code = given;
        }

        BoundExpression[] payload = [Convert(code, IntegerType.Int64)];
        return Send(new(ActionKind.Exit, PayloadOf(payload)) { Span = call.Span }, payload, ends: true);
    }

    BoundExpression BindAssert(Call call)
    {
        var condition = Truth(BindExpression(call.Arguments[0]), call.Arguments[0].Span);
        var message = call.Arguments.Count > 1 ? LiteralArgument(call, 1) : call.Arguments[0].Span.Text;
        if (IsUnknown(condition) || message is null)
        {
            return Unknown;
        }

        var failure = new BoundSend(AddAction(new(ActionKind.AssertionFailed, PayloadOf([])) { Message = $"assert failed: {message}", Span = call.Span }), []) { EndsProgram = true, Span = call.Span };
        return condition is BoundConstant { Value: not 0 } ? Nothing : Effect(new BoundIf(Not(condition), failure, null) { Span = call.Span });
    }

    BoundExpression BindStaticAssert(Call call)
    {
        var condition = Truth(BindExpression(call.Arguments[0]), call.Arguments[0].Span);
        var message = call.Arguments.Count > 1 ? LiteralArgument(call, 1) : $"Assertion failed: {call.Arguments[0].Span.Text}";
        return condition switch
        {
            _ when message is null => Unknown,
            BoundConstant { Type: BoolType, Value: 0 } => Fail(call.Span, message),
            BoundConstant { Type: BoolType } => Nothing,
            _ when IsUnknown(condition) && !_isLast => Unknown,
            _ => Fail(call.Span, "Unable to resolve comptime expression"),
        };
    }

    BoundExpression BindFail(Call call)
    {
        if (call.Arguments[0] is not StringLiteral || BindExpression(call.Arguments[0]) is not BoundText format)
        {
            return Fail(call.Span, "first argument to fail() must be a string literal");
        }

        var arguments = call.Arguments.Skip(1).Select(BindExpression).ToArray();
        if (arguments.Any(argument => argument is not (BoundConstant or BoundText) && !IsUnknown(argument)))
        {
            return Fail(call.Span, "fail() arguments need to be literals");
        }

        return Fail(call.Span, FormatString.Check(TextOf(format), [.. arguments.Select(argument => argument.Type)]) ?? FormatString.Fill(TextOf(format), arguments));
    }

    BoundExpression BindUnwatch(Call call)
    {
        if (IntegerOrPointer(call, 0) is not { } address)
        {
            return Unknown;
        }

        BoundExpression[] payload = [Convert(address, IntegerType.UInt64)];
        return Send(new(ActionKind.Unwatch, PayloadOf(payload)) { Span = call.Span }, payload);
    }
}
