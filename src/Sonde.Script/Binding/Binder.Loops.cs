using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    const int MostUnrolled = 100;

    /// <summary>Copies in one program: more no kernel takes, and unrolled loops in each other multiply.</summary>
    const int MostCopies = 4096;

    int _loopDepth;
    int _unrolled;

    BoundStatement BindJump(BoundStatement jump, string word, SourceSpan span)
    {
        if (_loopDepth == 0)
        {
            Error(span, $"'{word}' statement is not allowed in a {(_inlined is null ? "probe" : "function")}");
        }

        return jump;
    }

    BoundBlock BindLoopBody(Block body)
    {
        _loopDepth++;
        var before = _inlined?.Returns ?? 0;
        var bound = BindBlock(body);
        _loopDepth--;
        return _inlined is { } function && function.Returns > before
            ? new([.. bound.Statements, new BoundIf(new BoundVariableRead(function.Done), new BoundBreak(), null)])
            : bound;
    }

    BoundStatement BindWhile(While syntax)
    {
        Warn(syntax.Span.To(syntax.Body.Span), "While loops are deprecated and may be removed in the future.",
            "For loops support ranges (e.g. `for ($x : $start..$end) { ... }`), and can be used in place of while. These are more easily proven to be bounded by the verifier.");
        var condition = Truth(BindExpression(syntax.Condition), syntax.Condition.Span);
        var body = BindLoopBody(syntax.Body);
        return condition is BoundConstant { Type: BoolType, Value: 0 } ? new BoundBlock([]) : new BoundWhile(condition, body);
    }

    BoundStatement BindForRange(ForRange syntax)
    {
        var from = BindBound(syntax.Start, "start", syntax);
        var to = BindBound(syntax.End, "end", syntax);
        if (!MayDeclareLoopVariable(syntax.Variable))
        {
            return new BoundBlock([]);
        }

        EnterScope();
        var slot = SlotOf(syntax);
        slot.Add(TypeJoin.Of(from));
        slot.Add(TypeJoin.Of(to));
        var variable = DeclareLoopVariable(syntax.Variable, slot);
        var body = BindLoopBody(syntax.Body);
        LeaveScope();
        return IsUnknown(from) || IsUnknown(to) ? new BoundBlock([])
            : new BoundForRange(variable, Convert(from, variable.Type), Convert(to, variable.Type), body);
    }

    BoundExpression BindBound(Expression syntax, string word, ForRange loop)
    {
        var bound = AsNumber(BindExpression(syntax));
        return IsUnknown(bound) || bound.Type is IntegerType or EnumType ? bound : Fail(loop.Span, $"Loop range requires an integer for the {word} value");
    }

    BoundStatement BindForMap(ForMap syntax)
    {
        var map = UseMap(syntax.Map.Name, syntax.Map.Span);
        if (map.HasKeys == false)
        {
            Error(syntax.Map.Span, $"{map.Name} has no explicit keys (scalar map), and cannot be used for iteration");
            return new BoundBlock([]);
        }

        _ = IsDefined(map, syntax.Map.Span);

        if (!MayDeclareLoopVariable(syntax.Variable))
        {
            return new BoundBlock([]);
        }

        var value = map.Value.Type;
        if (value is AggregateType { IsNumber: false })
        {
            Error(syntax.Map.Span, $"Loop expression does not support type: {value}");
            value = UnknownType.Instance;
        }

        EnterScope();
        var slot = SlotOf(syntax);
        slot.Add(map.Key.Type is UnknownType || value is UnknownType ? UnknownType.Instance : new TupleType([map.Key.Type, NumberOf(value)]));
        var variable = DeclareLoopVariable(syntax.Variable, slot);
        var body = BindLoopBody(syntax.Body);
        LeaveScope();
        return new BoundForMap(variable, map.Map, body);
    }

    /// <summary>The type an aggregate that is a number has when it is read.</summary>
    static DataType NumberOf(DataType type) => type is AggregateType { IsNumber: true } aggregate
        ? aggregate.IsSigned || aggregate.Kind == AggregateKind.Count ? IntegerType.Int64 : IntegerType.UInt64
        : type;

    BoundBlock BindUnroll(Unroll syntax)
    {
        var span = syntax.Span.To(syntax.Body.Span);
        switch (BindExpression(syntax.Count))
        {
            case BoundConstant { Type: IntegerType, Value: < 1 }:
                Error(span, "unroll minimum value is 1");
                return new BoundBlock([]);
            case BoundConstant { Type: IntegerType, Value: > MostUnrolled }:
                Error(span, $"unroll maximum value is {MostUnrolled}");
                return new BoundBlock([]);
            case BoundConstant { Type: IntegerType, Value: var count }:
                if ((_unrolled += (int)count) > MostCopies)
                {
                    Error(span, $"unroll makes more than {MostCopies} copies in one probe");
                    return new BoundBlock([]);
                }

                var copies = new List<BoundStatement>();
                for (var i = 0; i < count; i++)
                {
                    copies.Add(BindBlock(syntax.Body));
                }

                return new BoundBlock(copies);
            case var other:
                if (!IsUnknown(other) || _isLast)
                {
                    Error(span, "invalid unroll value");
                }

                return new BoundBlock([]);
        }
    }
}
