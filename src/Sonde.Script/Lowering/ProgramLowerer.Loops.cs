using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Loops: functions that the kernel calls back, so that the verifier walks their bodies once; short ones in place.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>Most turns of <c>bpf_loop</c> (<c>BPF_MAX_LOOPS</c>, include/linux/bpf.h).</summary>
    const int MostTurns = 8 << 20;

    /// <summary>Most turns of a loop that the verifier walks one by one.</summary>
    const int MostWalkedTurns = 1024;

    /// <summary>Stack of a function called back; program and functions share 512 bytes.</summary>
    const int CallbackStackBudget = 96;

    /// <summary>Writes a function that is called back; its last parameter is the address of what is shared.</summary>
    IrFunction Callback(string name, int parameters, int sharedParameter, Action<IReadOnlyList<VirtualRegister>> body)
    {
        var function = new IrFunction(name, parameters);
        _program.Functions.Add(function);
        _ = SharedSlot;
        var outer = _frame;
        _frame = new FunctionFrame(function, function.Parameters[sharedParameter], _script.StackBudget(_probe, CallbackStackBudget));
        body(function.Parameters);
        Ir.Return(0);

        Ir.MoveTo(_frame.Entry);
        if (_frame.UsesContext)
        {
            Ir.Add(new IrLoad(_frame.Context, Size.Double, Shared(SharedContext)));
        }

        if (_frame.UsesScratch)
        {
            Ir.Add(new IrLoad(_frame.Scratch, Size.Double, Shared(SharedScratch)));
        }

        Ir.Jump(_frame.Body);
        _frame = outer;
        return function;
    }

    /// <summary>The argument that hands on what is shared.</summary>
    IrArgument SharedArgument() => _frame.Shared is { } shared ? shared : SharedSlot;

    /// <summary>Ends the program behind a loop in which it was ended.</summary>
    void LeaveIfLeft(BoundStatement loop)
    {
        if (!_facts.MayLeave(loop))
        {
            return;
        }

        var left = Ir.NewBlock("left");
        var stays = Ir.NewBlock("stays");
        Ir.Branch(Condition.NotEqual, Ir.Load(Size.Double, Shared(SharedLeave)), 0, left, stays);
        Ir.MoveTo(left);
        Leave();
        Ir.MoveTo(stays);
    }

    void While(BoundWhile loop)
    {
        if (!_facts.IsCallback(loop))
        {
            WalkedLoop(MostWalkedTurns, (_, body, done) =>
            {
                Branch(loop.Condition, body, done);
                Ir.MoveTo(body);
                Statement(loop.Body);
            });
            return;
        }

        var function = Callback("while", 2, 1, _ =>
        {
            var body = Ir.NewBlock("turn");
            var done = Ir.NewBlock("done");
            Branch(loop.Condition, body, done);
            Ir.MoveTo(done);
            Ir.Return(1);
            Ir.MoveTo(body);
            Statement(loop.Body);
        });
        Ir.Call(Helper.Loop, MostTurns, function, SharedArgument(), 0);
        LeaveIfLeft(loop);
    }

    void ForRange(BoundForRange loop)
    {
        var from = Register(Scalar(loop.From));
        var to = Scalar(loop.To);
        if (!_facts.IsCallback(loop))
        {
            var most = loop is { From: BoundConstant lower, To: BoundConstant upper } ? (int)Int128.Clamp(upper.Value - (Int128)lower.Value, 0, MostWalkedTurns) : MostWalkedTurns;
            var variable = Ir.Copy(from);
            WalkedLoop(most, (index, body, done) =>
            {
                var number = Ir.Arithmetic(IrOperation.Add, variable, index);
                Ir.Branch(IsSigned(loop.Variable.Type) ? Condition.SignedLess : Condition.Less, number, to, body, done);
                Ir.MoveTo(body);
                SetNumber(loop.Variable, number);
                Statement(loop.Body);
            });
            return;
        }

        var start = Ir.NewBlock("loop");
        var over = Ir.NewBlock("looped");
        Ir.Branch(IsSigned(loop.Variable.Type) ? Condition.SignedLess : Condition.Less, from, to, start, over);
        Ir.MoveTo(start);
        var turns = Bounded(Ir.Arithmetic(IrOperation.Subtract, to, from), MostTurns);
        // In scratch memory, not on the stack: a number the verifier does not know.
        var begin = ScratchTemporary(8);
        Ir.Store(Size.Double, begin, from);
        var known = _frame.Known;
        var function = Callback("for", 2, 1, parameters =>
        {
            var first = Ir.Load(Size.Double, ScratchAddress(begin.Offset));
            SetNumber(loop.Variable, Narrow(Ir.Arithmetic(IrOperation.Add, first, parameters[0]), loop.Variable.Type));
            Statement(loop.Body);
        });
        _frame.Known = known;
        Ir.Call(Helper.Loop, turns, function, SharedArgument(), 0);
        LeaveIfLeft(loop);
        Ir.Jump(over);
        Ir.MoveTo(over);
    }

    void SetNumber(BoundVariable variable, IrOperand value)
    {
        if (IsRegister(variable))
        {
            Ir.Move(VariableRegister(variable), value);
        }
        else
        {
            StoreScalar(variable.Type, VariableAddress(variable), value);
        }
    }

    /// <summary>A loop in place, which the verifier walks turn by turn.</summary>
    void WalkedLoop(int turns, Action<VirtualRegister, BasicBlock, BasicBlock> write)
    {
        if (turns > 1 && !_kernel.HasBoundedLoops)
        {
            throw new IrException("Loops need Linux 5.3.");
        }

        var outer = _frame.Loop;
        var known = _frame.Known;
        _frame.Known = [];
        var index = _frame.Function.NewRegister();
        var turn = Ir.NewBlock("turn");
        var body = Ir.NewBlock("body");
        var next = Ir.NewBlock("next");
        var done = Ir.NewBlock("done");
        _frame.Loop = (done, next);
        Ir.Move(index, 0);
        Ir.Jump(turn);
        Ir.MoveTo(turn);
        write(index, body, done);
        Ir.Jump(next);
        Ir.MoveTo(next);
        Ir.Move(index, Ir.Arithmetic(IrOperation.Add, index, 1));
        Ir.Branch(Condition.Less, index, turns, turn, done);
        Ir.MoveTo(done);
        _frame.Loop = outer;
        _frame.Known = known;
    }

    void Break()
    {
        if (_frame.Loop is { } loop)
        {
            Ir.Jump(loop.Break);
        }
        else
        {
            Ir.Return(1);
        }
    }

    void ContinueLoop()
    {
        if (_frame.Loop is { } loop)
        {
            Ir.Jump(loop.Continue);
        }
        else
        {
            Ir.Return(0);
        }
    }

    void ForMap(BoundForMap loop)
    {
        RequireForEach(loop.Map);
        var pair = (TupleType)loop.Variable.Type;
        var function = Callback("foreach", 4, 3, parameters =>
        {
            var key = new IrAddress(parameters[1]);
            var to = VariableAddress(loop.Variable);
            var (keyType, valueType) = (pair.Elements[0], pair.Elements[1]);
            BoundExpression value = (loop.Map.Value, valueType) switch
            {
                (AggregateType, { IsScalar: true }) => new BoundNumber(valueType, Narrow(ReadAggregate(loop.Map, CopyOfKey(key, keyType)), valueType)),
                (AggregateType aggregate, _) => throw new IrException($"{loop.Map.Name} is a {aggregate}, which programs cannot go through; print it instead."),
                _ => new BoundPlace(valueType, new IrAddress(parameters[2])),
            };
            StoreTuple(new BoundTuple([new BoundPlace(keyType, key), value], pair), to, isClean: true);
            Statement(loop.Body);
        });
        Ir.Call(Helper.ForEachMapElem, Spec(loop.Map), function, SharedArgument(), 0);
        LeaveIfLeft(loop);
    }

    /// <summary>The key that an enumeration shows may be looked up only where it is copied to (Linux before 5.18 knows no map keys as arguments).</summary>
    IrAddress CopyOfKey(IrAddress key, DataType type)
    {
        var copy = Temporary(type.Size, "key");
        Copy(copy, key, type.Size);
        return copy;
    }

    /// <summary>How many entries there are: the enumeration's own answer.</summary>
    VirtualRegister CountEntries(ScriptMap map)
    {
        RequireForEach(map);
        var function = Callback("count", 4, 3, _ => { });
        return Ir.Call(Helper.ForEachMapElem, Spec(map), function, SharedArgument(), 0);
    }

    void RequireForEach(ScriptMap map)
    {
        if (!_kernel.HasForEachMapElement)
        {
            throw new IrException($"Going through {map.Name} in a program needs Linux 5.13 (bpf_for_each_map_elem). Print it instead.");
        }
    }
}
