using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>Functions of the script: each call is replaced by the body, with variables of its own.</summary>
sealed partial class Binder
{
    const int MostInlined = 32;

    /// <summary>A call being replaced.</summary>
    sealed class InlinedCall(Subprogram function, DataType type, int copy, int depth)
    {
        public Subprogram Function { get; } = function;

        public DataType Type { get; } = type;

        public int Copy { get; } = copy;

        public int Depth { get; } = depth;

        public required BoundVariable? Result { get; init; }

        /// <summary>Whether it has returned, at run time.</summary>
        public required BoundVariable Done { get; init; }

        /// <summary>How many <c>return</c> were bound so far.</summary>
        public int Returns { get; set; }

        public InlinedCall? Outer { get; init; }
    }

    Dictionary<string, Subprogram> Subprograms => field ??= _script.Subprograms.GroupBy(function => function.Name).ToDictionary(group => group.Key, group => group.First());

    InlinedCall? _inlined;
    int _copies;

    BoundExpression BindSubprogram(Call call, Subprogram function)
    {
        if (call.Arguments.Count != function.Parameters.Count)
        {
            return Fail(call.Span, $"{call.Name}() requires {function.Parameters.Count} argument{(function.Parameters.Count == 1 ? "" : "s")} ({call.Arguments.Count} provided)");
        }

        for (var outer = _inlined; outer is not null; outer = outer.Outer)
        {
            if (outer.Function == function || outer.Depth > MostInlined)
            {
                return Fail(call.Span, $"{call.Name}() calls itself, which programs in the kernel cannot do");
            }
        }

        var type = ResolveType(function.ReturnType);
        var statements = new List<BoundStatement>();
        var arguments = call.Arguments.Select(argument => AsNumber(BindExpression(argument))).ToArray();
        var (scope, loops, caller) = (_scope, _loopDepth, _inlined);
        _scope = new(null);
        _loopDepth = 0;
        _inlined = new(function, type, ++_copies, (caller?.Depth ?? 0) + 1)
        {
            Result = type is VoidType ? null : Temporary(type),
            Done = Temporary(BoolType.Instance),
            Outer = caller,
        };
        for (var i = 0; i < arguments.Length; i++)
        {
            var parameter = function.Parameters[i];
            var variable = Declare(parameter.Name, SlotOf(parameter), parameter.Span, "This is the function parameter.", ResolveType(parameter.Type));
            variable.IsAssigned = true;
            if (!IsUnknown(arguments[i]))
            {
                statements.Add(Passable(variable.Declared!, arguments[i])
                    ? new BoundSetVariable(variable.Variable, Convert(arguments[i], variable.Declared!))
                    : AsStatement(Fail(call.Arguments[i].Span, $"{call.Name}() expects a value of type '{variable.Declared}' for {parameter.Name} ('{arguments[i].Type}' provided)")));
            }
        }

        var inlined = _inlined;
        var body = BindInScope(function.Body.Statements);
        (_scope, _loopDepth, _inlined) = (scope, loops, caller);
        if (inlined.Result is { } result)
        {
            statements.Insert(0, new BoundSetVariable(result, null));
        }

        if (inlined.Returns > 0)
        {
            statements.Insert(0, new BoundSetVariable(inlined.Done, null));
        }

        statements.AddRange(body);
        return IsUnknown(type) ? Unknown : new BoundBlockExpression(statements, inlined.Result is { } value ? new BoundVariableRead(value) : Nothing);
    }

    static bool Passable(DataType wanted, BoundExpression value) => IsUnknown(wanted) || (wanted is IntegerType && IsNumber(value.Type))
        || (wanted is BoolType && value.Type.IsScalar) || FitsDeclared(wanted, TypeJoin.Of(value));

    BoundStatement BindInlinedReturn(InlinedCall function, Return syntax)
    {
        function.Returns++;
        var statements = new List<BoundStatement>();
        if (syntax.Value is not null)
        {
            var value = AsNumber(BindExpression(syntax.Value));
            if (!IsUnknown(value))
            {
                if (function.Result is null || !Passable(function.Type, value))
                {
                    return AsStatement(Fail(syntax.Span, $"{function.Function.Name}() returns '{function.Type}', not '{value.Type}'"));
                }

                statements.Add(new BoundSetVariable(function.Result, Convert(value, function.Type)));
            }
        }
        else if (function.Result is not null)
        {
            return AsStatement(Fail(syntax.Span, $"{function.Function.Name}() must return a value of type '{function.Type}'"));
        }

        statements.Add(new BoundSetVariable(function.Done, Bool(true)));
        return new BoundBlock(statements);
    }
}
