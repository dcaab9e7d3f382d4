using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Reading aggregates: one number of all processors' shares.</summary>
sealed partial class ProgramLowerer
{
    IrOperand ReadAggregate(BoundAggregateRead read)
    {
        if (read.Key is not { } expression)
        {
            return ReadAggregate(read.Map, ZeroKey());
        }

        var key = Key(read.Map, expression);
        if (_script.Script.TellsFailures)
        {
            IfFound(Ir.Call(Helper.MapLookupElem, Spec(read.Map), key), () => { }, () => TellAbsent(Helper.MapLookupPercpuElem));
        }

        return ReadAggregate(read.Map, key);
    }

    IrOperand ReadAggregate(ScriptMap map, IrAddress key)
    {
        if (!_kernel.HasBoundedLoops)
        {
            throw new IrException($"Reading {map.Name} in a program needs Linux 5.3 (bounded loops): its value is the sum of all processors'. Print it instead.");
        }

        if (map.Copies == 1 && !_kernel.HasPerCpuLookup)
        {
            throw new IrException($"Reading {map.Name} in a program needs Linux 5.19 (bpf_map_lookup_percpu_elem): it is kept by processor. Print it instead, or give it fewer keys (max_map_keys).");
        }

        var type = (AggregateType)map.Value!;
        if (!type.IsNumber)
        {
            throw new IrException($"{map.Name} is a {type}, which programs cannot read as a number.");
        }

        var (total, count) = (_frame.Function.NewRegister(), _frame.Function.NewRegister());
        var processor = _frame.Function.NewRegister();
        Ir.Move(total, 0);
        Ir.Move(count, 0);
        Ir.Move(processor, 0);
        if (map.Copies > 1)
        {
            var entry = Ir.Call(Helper.MapLookupElem, Spec(map), key);
            IfFound(entry, () => ForEachProcessor(() =>
                Gather(type, new IrAddress(Ir.Arithmetic(IrOperation.Add, entry, Ir.Arithmetic(IrOperation.Multiply, processor, map.Stride))), total, count)));
        }
        else
        {
            ForEachProcessor(() =>
            {
                var share = Ir.Call(Helper.MapLookupPercpuElem, Spec(map), key, processor);
                IfFound(share, () => Gather(type, new IrAddress(share, map.ValueOffset), total, count));
            });
        }

        return type.Kind == AggregateKind.Average ? Mean(type, total, count) : total;

        void ForEachProcessor(Action gather)
        {
            var turn = Ir.NewBlock("processor");
            var next = Ir.NewBlock("next");
            var done = Ir.NewBlock("summed");
            Ir.Jump(turn);
            Ir.MoveTo(turn);
            gather();
            Ir.Jump(next);
            Ir.MoveTo(next);
            Ir.Move(processor, Ir.Arithmetic(IrOperation.Add, processor, 1));
            Ir.Branch(Condition.Less, processor, _kernel.Processors, turn, done);
            Ir.MoveTo(done);
        }
    }

    /// <summary>Adds one processor's share.</summary>
    void Gather(AggregateType type, IrAddress share, VirtualRegister total, VirtualRegister count)
    {
        var value = Ir.Load(Size.Double, share);
        if (type.Kind is AggregateKind.Min or AggregateKind.Max)
        {
            var any = Ir.NewBlock("any");
            var compare = Ir.NewBlock("compare");
            var take = Ir.NewBlock("take");
            var done = Ir.NewBlock("taken");
            Ir.Branch(Condition.NotEqual, Ir.Load(Size.Double, share.Plus(8)), 0, any, done);
            Ir.MoveTo(any);
            Ir.Branch(Condition.Equal, count, 0, take, compare);
            Ir.MoveTo(compare);
            Ir.Branch(Beats(type), value, total, take, done);
            Ir.MoveTo(take);
            Ir.Move(total, value);
            Ir.Move(count, 1);
            Ir.Jump(done);
            Ir.MoveTo(done);
            return;
        }

        Ir.Move(total, Ir.Arithmetic(IrOperation.Add, total, value));
        if (type.Kind == AggregateKind.Average)
        {
            Ir.Move(count, Ir.Arithmetic(IrOperation.Add, count, Ir.Load(Size.Double, share.Plus(8))));
        }
    }

    VirtualRegister Mean(AggregateType type, VirtualRegister total, VirtualRegister count)
    {
        var mean = _frame.Function.NewRegister();
        Ir.Move(mean, 0);
        var divide = Ir.NewBlock("divide");
        var done = Ir.NewBlock("mean");
        Ir.Branch(Condition.NotEqual, count, 0, divide, done);
        Ir.MoveTo(divide);
        Ir.Move(mean, Ir.Arithmetic(type.IsSigned ? IrOperation.SignedDivide : IrOperation.UnsignedDivide, total, count));
        Ir.Jump(done);
        Ir.MoveTo(done);
        return mean;
    }
}
