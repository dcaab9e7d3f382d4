using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    BoundExpression BindTextOperation(BinaryOperator op, BoundExpression left, BoundExpression right, SourceSpan span)
    {
        if (left is BoundText a && right is BoundText b)
        {
            var order = a.Bytes.AsSpan().SequenceCompareTo(b.Bytes);
            return op switch
            {
                BinaryOperator.Add => Text([.. a.Bytes, .. b.Bytes]),
                BinaryOperator.Equal => Bool(order == 0),
                BinaryOperator.NotEqual => Bool(order != 0),
                BinaryOperator.Less => Bool(order < 0),
                BinaryOperator.Greater => Bool(order > 0),
                BinaryOperator.LessOrEqual => Bool(order <= 0),
                _ => Bool(order >= 0),
            };
        }

        return IsEquality(op)
            ? new BoundMemoryEqual(left, right, op == BinaryOperator.NotEqual)
            : Fail(span, $"The {_operatorTexts[op]} operator can not be used on expressions of types {left.Type}, {right.Type}",
                op == BinaryOperator.Add ? "Use str_concat() to put texts together" : null);
    }

    /// <summary>A text without its first characters, as pointer arithmetic on a literal does in C.</summary>
    BoundExpression Skip(BoundText text, BoundConstant count, SourceSpan span)
    {
        if (count.Value < 0)
        {
            return Fail(span, "illegal literal operation with strings");
        }

        if (count.Value >= text.Bytes.Length)
        {
            Warn(span, "literal string will always be empty");
            return Text([]);
        }

        return Text(text.Bytes[(int)count.Value..]);
    }

    /// <summary>
    /// A number that stands for a name against a text: which probes and functions there are is known, so the names are looked up now. What only
    /// user space can name cannot be compared in the kernel.
    /// </summary>
    BoundExpression BindSymbolComparison(BinaryOperator op, BoundExpression symbol, SymbolicType type, BoundExpression text, SourceSpan span)
    {
        Func<ResolvedProbe, string>? name = (type.Kind, symbol) switch
        {
            (SymbolicKind.Probe, BoundCall) => probe => probe.Name,
            (SymbolicKind.KernelSymbol or SymbolicKind.UserSymbol, BoundCall { Function: Intrinsic.FunctionAddress }) => probe => probe.Function,
            (SymbolicKind.KernelSymbol or SymbolicKind.UserSymbol, BoundConvert { Operand: BoundCall { Function: Intrinsic.FunctionAddress } }) => probe => probe.Function,
            _ => null,
        };
        if (name is not null && text is BoundText wanted)
        {
            var matches = _program.Places.Where(place => name(place) == TextOf(wanted)).Select(place => (long)place.NameIndex).Distinct().ToArray();
            return IsOneOf(matches, op == BinaryOperator.NotEqual);
        }

        return type.Kind switch
        {
            SymbolicKind.Probe when text is BoundText known => _probeNames.IndexOf(TextOf(known)) is >= 0 and var index
                ? new BoundBinary(op, Convert(symbol, IntegerType.UInt64), new BoundConstant(IntegerType.UInt64, index), BoolType.Instance)
                : Bool(op == BinaryOperator.NotEqual),
            SymbolicKind.Probe => BindTextOperation(op, ProbeText(symbol), text, span),
            SymbolicKind.PythonFunction or SymbolicKind.PythonFile => Fail(span, $"'{_operatorTexts[op]}' cannot compare a Python name in the kernel",
                "Say it in the attach point: pycall:FILE:FUNCTION takes wildcards"),
            _ => Fail(span, $"Type mismatch for '{_operatorTexts[op]}': comparing {type} with {text.Type}",
                "What this value is called is only known when it is printed"),
        };
    }

    /// <summary>The name of a probe as a text; anything else as it stands.</summary>
    BoundExpression ProbeText(BoundExpression value) => value.Type is SymbolicType { Kind: SymbolicKind.Probe } probe
        ? value is BoundCall && _program.Places.DistinctBy(place => place.NameIndex).Count() == 1
            ? Text(_program.Places[0].Name)
            : new BoundConvert(value, new StringType(probe.TextCapacity)) { Span = value.Span }
        : value;

    BoundExpression IsOneOf(long[] indices, bool negated)
    {
        var all = _program.Places.Select(place => place.NameIndex).Distinct().Count();
        if (indices.Length == 0 || indices.Length == all)
        {
            return Bool(indices.Length == 0 == negated);
        }

        BoundExpression? any = null;
        foreach (var index in indices)
        {
            var hit = new BoundBinary(BinaryOperator.Equal, new BoundCall(Intrinsic.ProbeIndex, [], IntegerType.UInt64), new BoundConstant(IntegerType.UInt64, index), BoolType.Instance);
            any = any is null ? hit : new BoundLogical(false, any, hit);
        }

        return negated ? Not(any!) : any!;
    }

    static BoundExpression BindSymbolsEqual(BinaryOperator op, BoundExpression left, BoundExpression right) => left.Type.IsScalar
        ? new BoundBinary(op, Convert(left, IntegerType.UInt64), Convert(right, IntegerType.UInt64), BoolType.Instance)
        : new BoundMemoryEqual(left, right, op == BinaryOperator.NotEqual);

    static BoundExpression? BindTuplesEqual(BinaryOperator op, BoundExpression left, BoundExpression right)
    {
        var (a, b) = ((TupleType)left.Type, (TupleType)right.Type);
        if (a.Elements.Count == 0 && b.Elements.Count == 0)
        {
            return Bool(op == BinaryOperator.Equal);
        }

        return TypeJoin.Join(TypeJoin.Of(left), TypeJoin.Of(right)) is { } joined && TypeJoin.Settle(joined) is var type
            ? new BoundMemoryEqual(Convert(left, type), Convert(right, type), op == BinaryOperator.NotEqual)
            : null;
    }

    BoundExpression BindArraysEqual(BinaryOperator op, BoundExpression left, BoundExpression right, ArrayType a, ArrayType b, SourceSpan span) => (a.Element, b.Element) switch
    {
        _ when a.Count != b.Count => Fail(span, "Only arrays of same size support comparison operators."),
        (IntegerType x, IntegerType y) when x.Size == y.Size => new BoundMemoryEqual(left, right, op == BinaryOperator.NotEqual),
        _ => Fail(span, "Only arrays of same sized integer support comparison operators."),
    };
}
