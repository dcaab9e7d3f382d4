using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    BoundBlock BindBlock(Block block) => BindStatements(block.Statements);

    BoundBlock BindStatements(IReadOnlyList<Statement> statements)
    {
        EnterScope();
        var bound = BindInScope(statements);
        LeaveScope();
        return new(bound);
    }

    /// <summary>Binds statements one after the other; what follows one that may have ended an inlined function waits for it not having.</summary>
    List<BoundStatement> BindInScope(IReadOnlyList<Statement> statements)
    {
        var result = new List<BoundStatement>();
        var target = result;
        var isReachable = true;
        foreach (var statement in statements)
        {
            if (!isReachable)
            {
                Warn(statement.Span, "Unreachable statement.");
            }

            isReachable &= statement is not (Break or Continue or Return);
            var returnsBefore = _inlined?.Returns ?? 0;
            var bound = BindStatement(statement);
            if (bound is BoundBlock { Statements.Count: 0 })
            {
                continue;
            }

            target.Add(bound with { Span = statement.Span });
            if (_inlined is { } function && function.Returns > returnsBefore)
            {
                var rest = new List<BoundStatement>();
                target.Add(new GuardedRest(function.Done, rest));
                target = rest;
            }
        }

        return CloseGuards(result);
    }

    BoundStatement BindStatement(Statement statement) => statement switch
    {
        Block block => BindBlock(block),
        ExpressionStatement expression => BindExpressionStatement(expression.Expression),
        Let let => BindLet(let),
        Assign assign => BindAssign(assign),
        Discard discard => new BoundExpressionStatement(BindExpression(discard.Expression)),
        If condition => BindIf(condition),
        While loop => BindWhile(loop),
        ForRange loop => BindForRange(loop),
        ForMap loop => BindForMap(loop),
        Unroll unroll => BindUnroll(unroll),
        Break => BindJump(new BoundBreak(), "break", statement.Span),
        Continue => BindJump(new BoundContinue(), "continue", statement.Span),
        Return value => BindReturn(value),
        _ => throw new InvalidOperationException($"no meaning for {statement.GetType().Name}"),
    };

    BoundStatement BindExpressionStatement(Expression syntax)
    {
        if (syntax is Unary { Operator: UnaryOperator.PreIncrement or UnaryOperator.PostIncrement or UnaryOperator.PreDecrement or UnaryOperator.PostDecrement })
        {
            return new BoundExpressionStatement(BindExpression(syntax));
        }

        var value = BindExpression(syntax);
        if (value.Type is not (VoidType or UnknownType) && !IsSilent(syntax))
        {
            Warn(syntax.Span, "Return value discarded.");
        }

        return AsStatement(value);
    }

    /// <summary>Whether dropping the value is what everybody does.</summary>
    static bool IsSilent(Expression syntax) => syntax is Call { Name: "delete" or "find" or "signal" or "signal_thread" or "write_user" or "override" or "unwatch" };

    static BoundStatement AsStatement(BoundExpression value) => value switch
    {
        BoundBlockExpression { Value: BoundConstant { Type: VoidType } } block => block.Statements is [var only] ? only : new BoundBlock(block.Statements),
        BoundBlockExpression block => new BoundBlock([.. block.Statements, new BoundExpressionStatement(block.Value)]),
        BoundConditional { Type: VoidType } choice => new BoundIf(choice.Condition, AsStatement(choice.WhenTrue), AsStatement(choice.WhenFalse)),
        BoundConstant => new BoundBlock([]),
        _ => new BoundExpressionStatement(value),
    };

    /// <summary>A statement where an expression stands; its value is nothing.</summary>
    static BoundBlockExpression Effect(BoundStatement statement) => new([statement], Nothing);

    BoundStatement BindIf(If syntax)
    {
        if (syntax.Condition is Comptime comptime)
        {
            return BindComptimeIf(syntax, comptime);
        }

        var condition = Truth(BindExpression(syntax.Condition), syntax.Condition.Span);
        var then = BindBlock(syntax.Then);
        var otherwise = syntax.Else is null ? null : BindStatement(syntax.Else);
        return condition is BoundConstant { Type: BoolType, Value: var known }
            ? known != 0 ? then : otherwise ?? new BoundBlock([])
            : new BoundIf(condition, then, otherwise);
    }

    /// <summary>Of a condition that must be known when compiling only the branch that is taken is looked at.</summary>
    BoundStatement BindComptimeIf(If syntax, Comptime comptime)
    {
        var condition = Truth(BindExpression(comptime.Operand), comptime.Operand.Span);
        switch (condition)
        {
            case BoundConstant { Type: BoolType, Value: var known }:
                return known != 0 ? BindBlock(syntax.Then) : syntax.Else is null ? new BoundBlock([]) : BindStatement(syntax.Else);
            default:
                if (!IsUnknown(condition) || _isLast)
                {
                    Error(comptime.Span, "Unable to resolve comptime expression");
                }

                return new BoundBlock([]);
        }
    }

    BoundStatement BindReturn(Return syntax)
    {
        if (_inlined is { } function)
        {
            return BindInlinedReturn(function, syntax);
        }

        if (syntax.Value is null)
        {
            return new BoundReturn(null);
        }

        var value = BindExpression(syntax.Value);
        if (!IsUnknown(value) && AsNumber(value) is not { Type: IntegerType or BoolType })
        {
            return AsStatement(Fail(syntax.Span, $"Probe return values can only be integers. Found {value.Type}"));
        }

        return new BoundReturn(IsUnknown(value) ? null : Convert(AsNumber(value), IntegerType.Int64));
    }

    /// <summary>What stands behind a statement that may have returned, until it is put into its condition.</summary>
    sealed record GuardedRest(BoundVariable Done, List<BoundStatement> Rest) : BoundStatement;

    static List<BoundStatement> CloseGuards(List<BoundStatement> statements)
    {
        for (var i = 0; i < statements.Count; i++)
        {
            if (statements[i] is GuardedRest guard)
            {
                var rest = CloseGuards(guard.Rest);
                if (rest.Count == 0)
                {
                    statements.RemoveAt(i--);
                }
                else
                {
                    statements[i] = new BoundIf(Not(new BoundVariableRead(guard.Done)), new BoundBlock(rest), null);
                }
            }
        }

        return statements;
    }
}
