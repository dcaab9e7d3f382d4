using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Script.Conditions;
using Sonde.Script.Ir;
using Sonde.Script.Lowering.Python;

namespace Sonde.Engine.Flow;

/// <content>A condition on the arguments: a call that does not fulfil it leaves no trace, its exit neither.</content>
sealed partial class FlowProgram
{
    /// <summary>Finds out where a function's frames hold the arguments that the condition asks for; once for each code object.</summary>
    void FindArguments(VirtualRegister code)
    {
        for (var offset = FlowMaps.CodeHeadSize; offset < _maps.Codes.ValueSize; offset += 8)
        {
            _ir.Store(Size.Double, new IrAddress(_callValue, offset), 0);
        }

        // Apart: what the search needs of the stack, the condition has then.
        var function = new IrFunction("find_arguments", 2);
        _program.Functions.Add(function);
        var ir = new IrBuilder(function);
        PythonVariableSearch.Write(_program, ir, function.Parameters[0], ValueLayout.For(_version), _layout, _maps.Names, new IrAddress(function.Parameters[1]));
        ir.Return(0);
        _ir.Add(new IrCallFunction(null, function, [code, _callValue]));
    }

    /// <summary>Goes on when the condition holds. A generator that goes on was asked when it started.</summary>
    void WriteCondition(PythonCondition condition, VirtualRegister frame)
    {
        var (started, resumed, met, known, chosen, decided) =
            (_ir.NewBlock("ask"), _ir.NewBlock("asked_before"), _ir.NewBlock("condition_met"), _ir.NewBlock("slots_known"), _ir.NewBlock("chosen"), _ir.NewBlock("condition_done"));
        _ir.Branch(Condition.Equal, _ir.Load(Size.Byte, InRecord(FlowRecord.DetailOffset)), (int)FlowEventKind.Resume, resumed, started);
        _ir.MoveTo(resumed);
        StoreKey(frame);
        _ir.Branch(Condition.NotEqual, _ir.Call(Helper.MapLookupElem, _maps.Chosen!, _key), 0, decided, _out);

        _ir.MoveTo(started);
        StoreKey(_ir.Load(Size.Double, InRecord(FlowRecord.EnterCode)));
        var found = _ir.Call(Helper.MapLookupElem, _maps.Codes, _key);
        _ir.Branch(Condition.Equal, found, 0, _out, known);
        _ir.MoveTo(known);
        var verdict = _function.NewRegister();
        _ir.Add(new IrCallFunction(verdict, PythonConditionCode.Write(_program, condition, _version, _layout, _maps.Names), [found, frame]));
        StoreKey(frame);
        var unmet = _ir.NewBlock("condition_unmet");
        _ir.Branch(Condition.Equal, verdict, (int)Verdict.Met, met, unmet);

        _ir.MoveTo(unmet);
        // The frame may lie where one was that fulfilled it.
        _ir.Add(new IrCallHelper(null, Helper.MapDeleteElem, [_maps.Chosen!, _key]));
        CountIf(verdict, Verdict.Undecided, FlowLoss.Undecided);
        CountIf(verdict, Verdict.Unnamed, FlowLoss.Unnamed);
        _ir.Jump(_out);

        _ir.MoveTo(met);
        var generator = _ir.Arithmetic(IrOperation.And, _ir.Load(Size.Word, InCode(_layout.CodeFlags)), CallLayout.GeneratorFlags);
        _ir.Branch(Condition.NotEqual, generator, 0, chosen, decided);
        _ir.MoveTo(chosen);
        _ir.Store(Size.Double, new IrAddress(_word), 1);
        _ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [_maps.Chosen!, _key, _word, UpdateAny]));
        _ir.Jump(decided);
        _ir.MoveTo(decided);
    }

    void CountIf(VirtualRegister verdict, Verdict wanted, FlowLoss counter)
    {
        var (same, other) = (_ir.NewBlock("counted"), _ir.NewBlock("not_counted"));
        _ir.Branch(Condition.Equal, verdict, (int)wanted, same, other);
        _ir.MoveTo(same);
        CountLoss(counter);
        _ir.Jump(other);
        _ir.MoveTo(other);
    }
}
