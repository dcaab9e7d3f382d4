using System.Numerics;
using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Adding to aggregates. Additions are atomic: programs can interrupt each other on a processor.</summary>
sealed partial class ProgramLowerer
{
    void Aggregate(BoundAggregate statement)
    {
        var type = (AggregateType)statement.Map.Value!;
        IrOperand value = statement.Value is { } expression ? Scalar(expression) : 1;
        IrOperand weight = statement.Weight is { } times ? Scalar(times) : 1;
        var done = Ir.NewBlock("gathered");
        if (statement.Key is not { } key)
        {
            var only = Ir.Call(Helper.MapLookupElem, Spec(statement.Map), ZeroKey());
            var found = Ir.NewBlock("found");
            Ir.Branch(Condition.NotEqual, only, 0, found, done);
            Ir.MoveTo(found);
            Ir.Store(Size.Double, new IrAddress(only), 1);
            Add(type, new IrAddress(only, statement.Map.ValueOffset), value, weight);
        }
        else
        {
            Add(type, new IrAddress(FindOrAdd(statement.Map, Key(statement.Map, key), done)), value, weight);
        }

        Ir.Jump(done);
        Ir.MoveTo(done);
    }

    /// <summary>The address of this processor's value of a key, which begins as zeros; goes to <paramref name="failed"/> when the map is full.</summary>
    VirtualRegister FindOrAdd(ScriptMap map, IrAddress key, BasicBlock failed)
    {
        var spec = Spec(map);
        var value = _frame.Function.NewRegister();
        var found = Ir.NewBlock("found");
        var absent = Ir.NewBlock("absent");
        var full = Ir.NewBlock("full");
        Ir.Add(new IrCallHelper(value, Helper.MapLookupElem, [spec, key]));
        Ir.Branch(Condition.NotEqual, value, 0, found, absent);

        Ir.MoveTo(absent);
        var zeros = new IrAddress(Ir.MapValue(_script.Zeros(spec.ValueSize), 0));
        Ir.Call(Helper.MapUpdateElem, spec, key, zeros, (int)UpdateMode.OnlyNew);
        Ir.Add(new IrCallHelper(value, Helper.MapLookupElem, [spec, key]));
        Ir.Branch(Condition.NotEqual, value, 0, found, full);

        Ir.MoveTo(full);
        CountLoss(LossKind.MapUpdate);
        Ir.Jump(failed);
        Ir.MoveTo(found);
        if (map.Copies == 1)
        {
            return value;
        }

        var processor = Ir.Call(Helper.GetSmpProcessorId);
        var inside = Ir.NewBlock("share");
        // Never out of range; the verifier cannot see that.
        Ir.Branch(Condition.Less, processor, map.Copies, inside, failed);
        Ir.MoveTo(inside);
        return Ir.Arithmetic(IrOperation.Add, value, Ir.Arithmetic(IrOperation.Multiply, processor, map.Stride));
    }

    void Add(AggregateType type, IrAddress at, IrOperand value, IrOperand weight)
    {
        switch (type.Kind)
        {
            case AggregateKind.Count:
                AtomicAdd(at, weight);
                break;
            case AggregateKind.Sum:
                AtomicAdd(at, Times(value, weight));
                Ir.Store(Size.Double, at.Plus(8), 1);
                break;
            case AggregateKind.Average or AggregateKind.Stats:
                AtomicAdd(at, Times(value, weight));
                AtomicAdd(at.Plus(8), weight);
                break;
            case AggregateKind.Min or AggregateKind.Max:
                KeepExtreme(type, at, value);
                break;
            case AggregateKind.Histogram:
                AddToBucket(at, Bucket(type, value), type.Buckets, weight);
                break;
            case AggregateKind.LinearHistogram:
                AddToBucket(at, LinearBucket(type, value), type.Buckets, weight);
                break;
            case AggregateKind.TimeSeries:
                AddToSeries(type, at, value);
                break;
            default:
                throw new IrException($"There is no code for {type}.");
        }
    }

    IrOperand Times(IrOperand value, IrOperand weight) => weight is { Register: null, Constant: 1 } ? value : Ir.Arithmetic(IrOperation.Multiply, value, weight);

    void AtomicAdd(IrAddress at, IrOperand value) => Ir.Add(new IrAtomic(IrAtomicOperation.Add, Size.Double, at, Register(value)));

    void KeepExtreme(AggregateType type, IrAddress at, IrOperand value)
    {
        var number = Register(value);
        var compare = Ir.NewBlock("compare");
        var store = Ir.NewBlock("store");
        var done = Ir.NewBlock("kept");
        Ir.Branch(Condition.NotEqual, Ir.Load(Size.Double, at.Plus(8)), 0, compare, store);
        Ir.MoveTo(compare);
        Ir.Branch(Beats(type), number, Ir.Load(Size.Double, at), store, done);
        Ir.MoveTo(store);
        Ir.Store(Size.Double, at, number);
        Ir.Store(Size.Double, at.Plus(8), 1);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }

    static Condition Beats(AggregateType type) => (type.Kind == AggregateKind.Min || type.Reduction == SeriesReduction.Min && type.Kind == AggregateKind.TimeSeries, type.IsSigned) switch
    {
        (true, true) => Condition.SignedLess,
        (true, false) => Condition.Less,
        (false, true) => Condition.SignedGreater,
        (false, false) => Condition.Greater,
    };

    void AddToBucket(IrAddress buckets, VirtualRegister bucket, int count, IrOperand weight)
    {
        // Never out of range; the verifier cannot see that everywhere.
        var inside = Ir.NewBlock("bucket");
        var done = Ir.NewBlock("counted");
        Ir.Branch(Condition.Less, bucket, count, inside, done);
        Ir.MoveTo(inside);
        var offset = Ir.Arithmetic(IrOperation.ShiftLeft, bucket, 3);
        var start = buckets.Offset == 0 && buckets.Base is { } register ? register : Ir.AddressOf(buckets);
        AtomicAdd(new IrAddress(Ir.Arithmetic(IrOperation.Add, start, offset)), weight);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }

    /// <summary>The bucket of a power-of-two histogram: see <see cref="AggregateType.Buckets"/>.</summary>
    VirtualRegister Bucket(AggregateType type, IrOperand value)
    {
        var number = Ir.Copy(Register(value));
        var bucket = _frame.Function.NewRegister();
        var done = Ir.NewBlock("inbucket");
        if (type.IsSigned)
        {
            var negative = Ir.NewBlock("negative");
            var positive = Ir.NewBlock("positive");
            Ir.Branch(Condition.SignedLess, number, 0, negative, positive);
            Ir.MoveTo(negative);
            Ir.Move(bucket, 0);
            Ir.Jump(done);
            Ir.MoveTo(positive);
        }

        var small = Ir.NewBlock("small");
        var large = Ir.NewBlock("large");
        var powers = 1L << type.Bits;
        Ir.Branch(Condition.Less, number, powers, small, large);
        Ir.MoveTo(small);
        Ir.Move(bucket, Ir.Arithmetic(IrOperation.Add, number, 1));
        Ir.Jump(done);

        Ir.MoveTo(large);
        var power = Logarithm(number);
        var within = Ir.Arithmetic(IrOperation.Subtract, power, type.Bits);
        var index = within;
        if (type.Bits > 0)
        {
            var part = Ir.Arithmetic(IrOperation.And, Ir.Arithmetic(IrOperation.ShiftRightLogical, number, within), powers - 1);
            index = Ir.Arithmetic(IrOperation.Add, Ir.Arithmetic(IrOperation.ShiftLeft, within, type.Bits), part);
        }

        Ir.Move(bucket, Ir.Arithmetic(IrOperation.Add, index, powers + 1));
        Ir.Jump(done);
        Ir.MoveTo(done);
        return bucket;
    }

    /// <summary>The power of two a number that is not 0 lies at or above.</summary>
    /// <remarks>Without branches: the verifier would walk the rest of the program for each of the 64 answers.</remarks>
    VirtualRegister Logarithm(VirtualRegister number)
    {
        var rest = number;
        VirtualRegister? power = null;
        for (var step = 32; step >= 2; step >>= 1)
        {
            // 2^step - 1 - rest is negative exactly when rest has a bit at or above step; for the first step rest may itself look negative.
            var distance = step == 32
                ? Ir.Arithmetic(IrOperation.Subtract, 0, Ir.Arithmetic(IrOperation.ShiftRightLogical, rest, 32))
                : Ir.Arithmetic(IrOperation.Subtract, (1L << step) - 1, rest);
            var bits = Ir.Arithmetic(IrOperation.ShiftLeft, Ir.Arithmetic(IrOperation.ShiftRightLogical, distance, 63), BitOperations.Log2((uint)step));
            rest = Ir.Arithmetic(IrOperation.ShiftRightLogical, rest, bits);
            power = power is { } sum ? Ir.Arithmetic(IrOperation.Or, sum, bits) : bits;
        }

        // What is left is 1, 2 or 3.
        return Ir.Arithmetic(IrOperation.Or, power!.Value, Ir.Arithmetic(IrOperation.ShiftRightLogical, rest, 1));
    }

    VirtualRegister LinearBucket(AggregateType type, IrOperand value)
    {
        var number = Register(value);
        var bucket = _frame.Function.NewRegister();
        var (less, greater) = type.IsSigned ? (Condition.SignedLess, Condition.SignedGreaterOrEqual) : (Condition.Less, Condition.GreaterOrEqual);
        var below = Ir.NewBlock("below");
        var above = Ir.NewBlock("above");
        var upper = Ir.NewBlock("upper");
        var inside = Ir.NewBlock("inside");
        var done = Ir.NewBlock("inbucket");
        Ir.Branch(less, number, type.Minimum, below, upper);
        Ir.MoveTo(below);
        Ir.Move(bucket, 0);
        Ir.Jump(done);
        Ir.MoveTo(upper);
        Ir.Branch(greater, number, type.Maximum, above, inside);
        Ir.MoveTo(above);
        Ir.Move(bucket, type.Buckets - 1);
        Ir.Jump(done);
        Ir.MoveTo(inside);
        var distance = type.Minimum == 0 ? number : Ir.Arithmetic(IrOperation.Subtract, number, type.Minimum);
        var step = type.Step == 1 ? distance : Ir.Arithmetic(IrOperation.UnsignedDivide, distance, type.Step);
        Ir.Move(bucket, Ir.Arithmetic(IrOperation.Add, step, 1));
        Ir.Jump(done);
        Ir.MoveTo(done);
        return bucket;
    }

    /// <summary>Intervals follow each other in a ring; one of an older round is begun anew.</summary>
    void AddToSeries(AggregateType type, IrAddress at, IrOperand value)
    {
        var number = Register(value);
        var interval = Ir.Arithmetic(IrOperation.UnsignedDivide, Now(), type.Interval);
        var place = Ir.Arithmetic(IrOperation.UnsignedModulo, interval, type.Intervals);
        var inside = Ir.NewBlock("interval");
        var done = Ir.NewBlock("gathered");
        Ir.Branch(Condition.Less, place, type.Intervals, inside, done);
        Ir.MoveTo(inside);
        var entry = new IrAddress(Ir.Arithmetic(IrOperation.Add, Ir.AddressOf(at), Ir.Arithmetic(IrOperation.Multiply, place, AggregateType.SeriesEntrySize)));
        var begin = Ir.NewBlock("begin");
        var goOn = Ir.NewBlock("goon");
        Ir.Branch(Condition.Equal, Ir.Load(Size.Double, entry), interval, goOn, begin);
        Ir.MoveTo(begin);
        Ir.Store(Size.Double, entry, interval);
        Ir.Store(Size.Double, entry.Plus(8), number);
        Ir.Store(Size.Double, entry.Plus(16), 1);
        Ir.Jump(done);

        Ir.MoveTo(goOn);
        switch (type.Reduction)
        {
            case SeriesReduction.Last:
                Ir.Store(Size.Double, entry.Plus(8), number);
                break;
            case SeriesReduction.Min or SeriesReduction.Max:
                var store = Ir.NewBlock("store");
                var kept = Ir.NewBlock("kept");
                Ir.Branch(Beats(type), number, Ir.Load(Size.Double, entry.Plus(8)), store, kept);
                Ir.MoveTo(store);
                Ir.Store(Size.Double, entry.Plus(8), number);
                Ir.Jump(kept);
                Ir.MoveTo(kept);
                break;
            default:
                AtomicAdd(entry.Plus(8), number);
                break;
        }

        AtomicAdd(entry.Plus(16), 1);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }
}
