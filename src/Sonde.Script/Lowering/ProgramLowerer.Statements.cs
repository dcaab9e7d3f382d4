using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Statements, apart from loops and records.</summary>
sealed partial class ProgramLowerer
{
    void Statement(BoundStatement statement)
    {
        var (stackTop, scratchTop, around) = (_frame.StackTop, _scratchTop, _source);
        _source = statement.Span ?? around;
        switch (statement)
        {
            case BoundBlock block:
                Block(block.Statements);
                break;
            case BoundExpressionStatement only:
                Effect(only.Expression);
                break;
            case BoundSetVariable set:
                SetVariable(set.Variable, set.Value);
                break;
            case BoundSetMap set:
                SetMap(set);
                break;
            case BoundAggregate aggregate:
                Aggregate(aggregate);
                break;
            case BoundSend send:
                Send(send);
                break;
            case BoundJoin join:
                Join(join);
                break;
            case BoundIf choice:
                If(choice);
                break;
            case BoundWhile loop:
                While(loop);
                break;
            case BoundForRange loop:
                ForRange(loop);
                break;
            case BoundForMap loop:
                ForMap(loop);
                break;
            case BoundBreak:
                Break();
                break;
            case BoundContinue:
                ContinueLoop();
                break;
            case BoundReturn leave:
                Return(leave.Value);
                break;
            default:
                throw new IrException($"There is no code for {statement.GetType().Name}.");
        }

        (_frame.StackTop, _scratchTop, _source) = (stackTop, scratchTop, around);
    }

    void Block(IReadOnlyList<BoundStatement> statements)
    {
        foreach (var statement in statements)
        {
            if (Ir.IsEnded)
            {
                return;
            }

            Statement(statement);
        }
    }

    void Effect(BoundExpression expression)
    {
        switch (expression)
        {
            case BoundIncrement increment:
                Increment(increment, isWanted: false);
                break;
            case BoundConditional { Type: VoidType } choice:
                Choose(choice.Condition, () => Effect(choice.WhenTrue), () => Effect(choice.WhenFalse));
                break;
            case BoundBlockExpression block:
                Block(block.Statements);
                if (!Ir.IsEnded)
                {
                    Effect(block.Value);
                }

                break;
            case BoundConstant or BoundText or BoundBytes:
                break;
            case { Type.IsScalar: true } or BoundCall { Type: VoidType }:
                Scalar(expression);
                break;
            case { Type: VoidType }:
                break;
            default:
                Place(expression);
                break;
        }
    }

    void SetVariable(BoundVariable variable, BoundExpression? value)
    {
        _assigned.Add(variable);
        if (IsRegister(variable))
        {
            Ir.Move(VariableRegister(variable), value is null ? 0 : Scalar(value));
            return;
        }

        var address = VariableAddress(variable);
        if (value is null)
        {
            Clear(address, variable.Type.Size);
        }
        else if (variable.Type.IsScalar)
        {
            StoreScalar(variable.Type, address, Scalar(value));
        }
        else if (ProbeFacts.Mentions(value, variable))
        {
            Copy(address, Place(value), variable.Type.Size);
        }
        else
        {
            Into(value, address);
        }
    }

    void If(BoundIf choice)
    {
        if (choice is { Else: null, Then: BoundReturn { Value: null } or BoundBlock { Statements: [BoundReturn { Value: null }] } } && _frame == _main)
        {
            var next = Ir.NewBlock("next");
            Branch(choice.Condition, _leave, next);
            Ir.MoveTo(next);
            return;
        }

        Choose(choice.Condition, () => Statement(choice.Then), choice.Else is { } otherwise ? () => Statement(otherwise) : null);
    }

    /// <summary>Writes one of two, by a condition; what one of them makes known is not known behind.</summary>
    void Choose(BoundExpression condition, Action whenTrue, Action? whenFalse)
    {
        var then = Ir.NewBlock("then");
        var done = Ir.NewBlock("endif");
        var otherwise = whenFalse is null ? done : Ir.NewBlock("else");
        Branch(condition, then, otherwise);
        WriteArms(done, (then, whenTrue), (otherwise, whenFalse));
    }

    void WriteArms(BasicBlock done, params ReadOnlySpan<(BasicBlock Block, Action? Write)> arms)
    {
        var known = _frame.Known;
        foreach (var (block, write) in arms)
        {
            if (write is not null)
            {
                _frame.Known = new(known);
                Ir.MoveTo(block);
                write();
                Ir.Jump(done);
            }
        }

        _frame.Known = known;
        Ir.MoveTo(done);
    }

    void Return(BoundExpression? value)
    {
        if (value is not null)
        {
            var result = Scalar(value);
            if (_facts.HasCallbacks)
            {
                Ir.Store(Size.Double, Shared(SharedResult), result);
            }
            else
            {
                Ir.Move(_result, result);
            }
        }

        Leave();
    }
}
