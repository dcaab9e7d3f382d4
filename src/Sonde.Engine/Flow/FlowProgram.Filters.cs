using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Engine.Flow;

sealed partial class FlowProgram
{
    const int UpdateAny = 0;
    const int UpdateNoExist = 1;

    IrAddress InCall(int field) => new(_callValue, field);

    /// <summary>The filters of a call whose function is wanted, or not decided yet: thread, depth; then it is remembered until it ends.</summary>
    void WriteFilters(VirtualRegister code)
    {
        var thread = _function.NewSlot("thread", 8);
        Copy(Size.Double, InRecord(FlowRecord.ThreadOffset), new IrAddress(thread));
        if (_maps.Threads is { } threads)
        {
            var (decided, wanted) = (_ir.NewBlock("thread_decided"), _ir.NewBlock("thread_wanted"));
            var found = _ir.Call(Helper.MapLookupElem, threads, thread);
            _ir.Branch(Condition.Equal, found, 0, wanted, decided);
            _ir.MoveTo(decided);
            _ir.Branch(Condition.Equal, _ir.Load(Size.Double, new IrAddress(found)), FlowMaps.Unwanted, _out, wanted);
            _ir.MoveTo(wanted);
        }

        var depth = _ir.Constant(0);
        if (_maps.Depths is { } depths)
        {
            var (known, either) = (_ir.NewBlock("depth_known"), _ir.NewBlock("depth"));
            var found = _ir.Call(Helper.MapLookupElem, depths, thread);
            _ir.Branch(Condition.Equal, found, 0, either, known);
            _ir.MoveTo(known);
            _ir.Move(depth, _ir.Load(Size.Double, new IrAddress(found)));
            _ir.Jump(either);
            _ir.MoveTo(either);
            Require(Condition.Less, depth, _options.Depth!.Value, _out);
        }

        RememberCall(code, depth);
        if (_maps.Depths is { } counted)
        {
            SetDepth(counted, thread, _ir.Arithmetic(IrOperation.Add, depth, 1));
        }
    }

    void SetDepth(MapSpec depths, StackSlot thread, VirtualRegister depth)
    {
        _ir.Store(Size.Double, new IrAddress(_word), depth);
        _ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [depths, thread, _word, UpdateAny]));
    }

    /// <summary>Puts the call into the table under the frame it returns to.</summary>
    /// <param name="code">Its code object.</param>
    /// <param name="depth">Its depth; that of the call it replaces, if there is one.</param>
    void RememberCall(VirtualRegister code, VirtualRegister depth)
    {
        var (taken, present, same, replace, full, remembered) =
            (_ir.NewBlock("taken"), _ir.NewBlock("present"), _ir.NewBlock("same_frame"), _ir.NewBlock("replace"), _ir.NewBlock("full"), _ir.NewBlock("remembered"));
        Copy(Size.Double, InRecord(FlowRecord.EnterParent), new IrAddress(_key));
        Copy(Size.Double, InRecord(FlowRecord.EnterFrame), InCall(FlowMaps.CallFrame));
        Copy(Size.Double, InRecord(FlowRecord.EnterCode), InCall(FlowMaps.CallCode));
        Copy(Size.Double, InRecord(FlowRecord.TimeOffset), InCall(FlowMaps.CallTime));
        _ir.Store(Size.Word, InCall(FlowMaps.CallDepth), depth);
        _ir.Store(Size.Half, InCall(FlowMaps.CallDetail), _ir.Load(Size.Byte, InRecord(FlowRecord.DetailOffset)));
        _ir.Store(Size.Half, InCall(FlowMaps.CallShown), 0);
        _ir.Branch(Condition.Equal, PutCall(UpdateNoExist), 0, remembered, taken);

        // Something is there already: this same entry, passed at two sites; or a call whose exit was not seen, which this one replaces.
        _ir.MoveTo(taken);
        var found = _ir.Call(Helper.MapLookupElem, _maps.Calls!, _key);
        _ir.Branch(Condition.Equal, found, 0, full, present);
        _ir.MoveTo(present);
        _ir.Move(depth, _ir.Load(Size.Word, new IrAddress(found, FlowMaps.CallDepth)));
        _ir.Store(Size.Word, InCall(FlowMaps.CallDepth), depth);
        var other = _ir.Load(Size.Double, new IrAddress(found, FlowMaps.CallCode));
        _ir.Branch(Condition.Equal, _ir.Load(Size.Double, new IrAddress(found, FlowMaps.CallFrame)), _ir.Load(Size.Double, InRecord(FlowRecord.EnterFrame)), same, replace);
        _ir.MoveTo(same);
        _ir.Branch(Condition.Equal, other, code, _out, replace);
        _ir.MoveTo(replace);
        _ir.Branch(Condition.Equal, PutCall(UpdateAny), 0, remembered, full);
        _ir.MoveTo(full);
        CountLoss(FlowLoss.CallsFull);
        _ir.Jump(remembered);
        _ir.MoveTo(remembered);
    }

    VirtualRegister PutCall(int flags) => _ir.Call(Helper.MapUpdateElem, _maps.Calls!, _key, _callValue, flags);

    /// <summary>At an exit under filters: finds the call that ends, forgets it, and leaves the program when it was filtered out or too short.</summary>
    void SettleCall(VirtualRegister parent, VirtualRegister? frame)
    {
        StoreKey(parent);
        var call = _ir.Call(Helper.MapLookupElem, _maps.Calls!, _key);
        Require(Condition.NotEqual, call, 0, _out);
        if (frame is { } left)
        {
            Require(Condition.Equal, _ir.Load(Size.Double, new IrAddress(call, FlowMaps.CallFrame)), left, _out);
        }

        for (var offset = 0; offset < FlowMaps.CallValueSize; offset += 8)
        {
            Copy(Size.Double, new IrAddress(call, offset), InCall(offset));
        }

        _ir.Add(new IrCallHelper(null, Helper.MapDeleteElem, [_maps.Calls!, _key]));
        if (_maps.Depths is { } depths)
        {
            var thread = _function.NewSlot("thread", 8);
            Copy(Size.Double, InRecord(FlowRecord.ThreadOffset), new IrAddress(thread));
            SetDepth(depths, thread, _ir.Load(Size.Word, InCall(FlowMaps.CallDepth)));
        }

        if (_options.MinDuration > TimeSpan.Zero)
        {
            var (measured, shown) = (_ir.NewBlock("measured"), _ir.NewBlock("shown"));
            _ir.Branch(Condition.NotEqual, _ir.Load(Size.Half, InCall(FlowMaps.CallShown)), 0, shown, measured);
            _ir.MoveTo(measured);
            var duration = _ir.Arithmetic(IrOperation.Subtract, _ir.Load(Size.Double, InRecord(FlowRecord.TimeOffset)), _ir.Load(Size.Double, InCall(FlowMaps.CallTime)));
            Require(Condition.GreaterOrEqual, duration, _ir.Constant((long)_options.MinDuration.TotalNanoseconds), _out);
            ShowCallers(parent);
            _ir.Jump(shown);
            _ir.MoveTo(shown);
        }
    }

    /// <summary>Reports the call that ends and every caller of it that was not reported yet, innermost first.</summary>
    /// <remarks>The loop is bounded, which the verifier accepts from 5.3 on.</remarks>
    void ShowCallers(VirtualRegister parent)
    {
        var late = _function.NewSlot("late", FlowRecord.EnterSize);
        Copy(Size.Double, InRecord(0), new IrAddress(late));
        _ir.Store(Size.Byte, new IrAddress(late, FlowRecord.KindOffset), FlowRecord.Late);
        Copy(Size.Double, InRecord(FlowRecord.ThreadOffset), new IrAddress(late, FlowRecord.ThreadOffset));
        SendLate(late, parent, InCall(0));

        var (next, walk, cut, climb, done) = (_ir.NewBlock("next_caller"), _ir.NewBlock("walk"), _ir.NewBlock("cut"), _ir.NewBlock("climb"), _ir.NewBlock("callers_done"));
        var frame = _ir.Copy(parent);
        var turn = _ir.Constant(0);
        _ir.Jump(next);
        _ir.MoveTo(next);
        _ir.Move(turn, _ir.Arithmetic(IrOperation.Add, turn, 1));
        _ir.Branch(Condition.LessOrEqual, turn, MaximumCallers, walk, cut);
        _ir.MoveTo(cut);
        CountLoss(FlowLoss.CallersCut);
        _ir.Jump(done);

        _ir.MoveTo(walk);
        Require(Condition.Equal, _ir.Call(Helper.ProbeReadUser, _word, 8, Behind(frame, _layout.FramePrevious)), 0, done);
        var above = _ir.Load(Size.Double, new IrAddress(_word));
        var caller = _ir.Copy(above);
        ReplaceMissingParent(caller);
        _ir.Store(Size.Double, new IrAddress(_key), caller);
        var call = _ir.Call(Helper.MapLookupElem, _maps.Calls!, _key);
        Require(Condition.NotEqual, call, 0, climb);
        Require(Condition.Equal, _ir.Load(Size.Double, new IrAddress(call, FlowMaps.CallFrame)), frame, climb);
        Require(Condition.Equal, _ir.Load(Size.Half, new IrAddress(call, FlowMaps.CallShown)), 0, done);
        _ir.Store(Size.Half, new IrAddress(call, FlowMaps.CallShown), 1);
        SendLate(late, caller, new IrAddress(call));
        _ir.Jump(climb);
        _ir.MoveTo(climb);
        _ir.Move(frame, above);
        _ir.Branch(Condition.NotEqual, above, 0, next, done);
        _ir.MoveTo(done);
    }

    /// <summary>Sends a call of the table as an entry that happened earlier.</summary>
    void SendLate(StackSlot late, VirtualRegister parent, IrAddress call)
    {
        Copy(Size.Double, call.Plus(FlowMaps.CallFrame), new IrAddress(late, FlowRecord.EnterFrame));
        Copy(Size.Double, call.Plus(FlowMaps.CallCode), new IrAddress(late, FlowRecord.EnterCode));
        Copy(Size.Double, call.Plus(FlowMaps.CallTime), new IrAddress(late, FlowRecord.TimeOffset));
        _ir.Store(Size.Byte, new IrAddress(late, FlowRecord.DetailOffset), _ir.Load(Size.Half, call.Plus(FlowMaps.CallDetail)));
        _ir.Store(Size.Double, new IrAddress(late, FlowRecord.EnterParent), parent);
        SendRecord(late, FlowRecord.EnterSize, FlowLoss.Entry);
    }
}
