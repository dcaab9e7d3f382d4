using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Maps, but for aggregates.</summary>
sealed partial class ProgramLowerer
{
    static MapSpec Spec(ScriptMap map) => map.Spec!;

    /// <summary>Where the value of a map without a key lies: known when the program is loaded, no lookup needed.</summary>
    IrAddress OnlyValue(ScriptMap map) => new(Ir.MapValue(Spec(map), map.ValueOffset));

    /// <summary>A key in memory, as helpers want it.</summary>
    IrAddress Key(ScriptMap map, BoundExpression key)
    {
        if (!key.Type.IsScalar)
        {
            return Place(key);
        }

        var size = map.Key!.Size;
        var value = Scalar(key);
        var at = Temporary(size, "key");
        Ir.Store(SizeOf(size), at, value);
        return at;
    }

    /// <summary>The address of a value; 0 when there is no such key.</summary>
    VirtualRegister Lookup(ScriptMap map, BoundExpression key) => Ir.Call(Helper.MapLookupElem, Spec(map), Key(map, key));

    IrOperand ReadMapScalar(BoundMapRead read)
    {
        if (read.Key is not { } key)
        {
            return LoadScalar(read.Type, OnlyValue(read.Map));
        }

        var result = _frame.Function.NewRegister();
        var found = Lookup(read.Map, key);
        IfFound(
            found,
            () => Ir.Move(result, LoadScalar(read.Type, new IrAddress(found))),
            () =>
            {
                Ir.Move(result, 0);
                TellAbsent(Helper.MapLookupElem);
            });
        return result;
    }

    IrAddress ReadMapPlace(BoundMapRead read)
    {
        if (read.Key is not { } key)
        {
            return OnlyValue(read.Map);
        }

        var place = _frame.Function.NewRegister();
        var found = Lookup(read.Map, key);
        IfFound(
            found,
            () => Ir.Move(place, found),
            () =>
            {
                Ir.Add(new IrMapValue(place, _script.Zeros(read.Type.Size), 0));
                TellAbsent(Helper.MapLookupElem);
            });
        return new IrAddress(place);
    }

    void IfFound(VirtualRegister address, Action whenFound, Action? whenNot = null)
    {
        var found = Ir.NewBlock("found");
        var done = Ir.NewBlock("looked");
        var absent = whenNot is null ? done : Ir.NewBlock("absent");
        Ir.Branch(Condition.NotEqual, address, 0, found, absent);
        WriteArms(done, (found, whenFound), (absent, whenNot));
    }

    void SetMap(BoundSetMap set)
    {
        if (set.Key is null)
        {
            SetOnlyValue(set.Map, set.Value);
            return;
        }

        // A value that is computed from the map's own is read before the key is written again.
        IrAddress value;
        if (set.Value.Type.IsScalar)
        {
            var number = Scalar(set.Value);
            value = Temporary(set.Value.Type.Size);
            StoreScalar(set.Value.Type, value, number);
        }
        else
        {
            value = Place(set.Value);
        }

        Update(set.Map, Key(set.Map, set.Key), value);
    }

    void Update(ScriptMap map, IrAddress key, IrAddress value)
    {
        var answer = Ir.Call(Helper.MapUpdateElem, Spec(map), key, value, (int)UpdateMode.Any);
        CountIfFailed(answer, LossKind.MapUpdate);
        TellIfFailed(answer, Helper.MapUpdateElem);
    }

    void CountIfFailed(VirtualRegister answer, LossKind kind)
    {
        var failed = Ir.NewBlock("failed");
        var done = Ir.NewBlock("stored");
        Ir.Branch(Condition.Equal, answer, 0, done, failed);
        Ir.MoveTo(failed);
        CountLoss(kind);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }

    void SetOnlyValue(ScriptMap map, BoundExpression value)
    {
        if (value.Type.IsScalar)
        {
            var number = Scalar(value);
            StoreScalar(value.Type, OnlyValue(map), number);
            MarkSet(map);
            return;
        }

        // Made elsewhere and then copied at once: a reader must not see it half made.
        var whole = Temporary(map.ValueOffset + value.Type.Size);
        Into(value, whole.Plus(map.ValueOffset));
        Ir.Store(Size.Double, whole, 1);
        CountIfFailed(Ir.Call(Helper.MapUpdateElem, Spec(map), ZeroKey(), whole, (int)UpdateMode.Any), LossKind.MapUpdate);
    }

    void MarkSet(ScriptMap map) => Ir.Store(Size.Double, new IrAddress(Ir.MapValue(Spec(map), 0)), 1);

    /// <summary>The key of one-entry arrays.</summary>
    IrAddress ZeroKey()
    {
        var key = Temporary(sizeof(int), "zero");
        Ir.Store(Size.Word, key, 0);
        return key;
    }

    IrOperand HasValue(ScriptMap map)
    {
        if (map.Value is not AggregateType)
        {
            return Truth(new BoundElement(new BoundPlace(IntegerType.UInt64, new IrAddress(Ir.MapValue(Spec(map), 0))), 0, IntegerType.UInt64));
        }

        var result = _frame.Function.NewRegister();
        var found = Ir.Call(Helper.MapLookupElem, Spec(map), ZeroKey());
        IfFound(found, () => Ir.Move(result, Ir.Load(Size.Double, new IrAddress(found))), () => Ir.Move(result, 0));
        return result;
    }

    IrOperand Delete(BoundDelete delete)
    {
        var result = _frame.Function.NewRegister();
        VirtualRegister answer;
        if (delete.Key is { } key)
        {
            answer = Ir.Call(Helper.MapDeleteElem, Spec(delete.Map), Key(delete.Map, key));
            TellIfFailed(answer, Helper.MapDeleteElem);
        }
        else
        {
            var size = Spec(delete.Map).ValueSize;
            answer = Ir.Call(Helper.MapUpdateElem, Spec(delete.Map), ZeroKey(), new IrAddress(Ir.MapValue(_script.Zeros(size), 0)), (int)UpdateMode.Any);
        }

        IfFound(answer, () => Ir.Move(result, 0), () => Ir.Move(result, 1));
        return result;
    }

    IrOperand Find(BoundFind find)
    {
        var result = _frame.Function.NewRegister();
        if (!_assigned.Contains(find.Into))
        {
            SetVariable(find.Into, null);
        }

        var found = Lookup(find.Map, find.Key);
        IfFound(
            found,
            () =>
            {
                var type = find.Into.Type;
                var from = new IrAddress(found);
                if (IsRegister(find.Into))
                {
                    Ir.Move(VariableRegister(find.Into), LoadScalar(type, from));
                }
                else
                {
                    Copy(VariableAddress(find.Into), from, type.Size);
                }

                Ir.Move(result, 1);
            },
            () => Ir.Move(result, 0));
        return result;
    }

    IrOperand IncrementMap(BoundIncrement increment, bool isWanted)
    {
        var map = increment.Map!;
        if (increment.Key is not { } keyExpression)
        {
            var only = IncrementAt(OnlyValue(map), increment, isWanted);
            MarkSet(map);
            return only;
        }

        var result = _frame.Function.NewRegister();
        var key = Key(map, keyExpression);
        var found = Ir.Call(Helper.MapLookupElem, Spec(map), key);
        IfFound(
            found,
            () =>
            {
                var answer = IncrementAt(new IrAddress(found), increment, isWanted);
                if (isWanted)
                {
                    Ir.Move(result, answer);
                }
            },
            () =>
            {
                var value = Temporary(increment.Type.Size);
                StoreScalar(increment.Type, value, increment.Delta);
                Update(map, key, value);
                if (isWanted)
                {
                    Ir.Move(result, increment.ReturnsOld ? 0 : Cut(increment.Delta, increment.Type));
                }
            });
        return isWanted ? result : 0;
    }

    IrOperand IncrementAt(IrAddress at, BoundIncrement increment, bool isWanted)
    {
        var type = increment.Type;
        if (!isWanted && type.Size == 8)
        {
            Ir.Add(new IrAtomic(IrAtomicOperation.Add, Size.Double, at, Ir.Constant(increment.Delta)));
            return 0;
        }

        var old = LoadScalar(type, at);
        var sum = Narrow(Ir.Arithmetic(IrOperation.Add, old, increment.Delta), type);
        StoreScalar(type, at, sum);
        return increment.ReturnsOld ? old : sum;
    }

    IrOperand Length(BoundLength length)
    {
        if (length.Map is { } map)
        {
            return map.Key is null ? HasValue(map) : CountEntries(map);
        }

        return StackLength(length.Stack!);
    }
}
