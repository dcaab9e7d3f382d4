using Sonde.Bpf;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Engine.Flow;

sealed partial class FlowProgram
{
    const int UpdateAny = 0;
    const int UpdateNoExist = 1;

    /// <summary>The filters of a call whose function is wanted, or not decided yet: thread, depth; then it is remembered until it ends.</summary>
    void WriteFilters()
    {
        Emit(Load(Size.Double, R1, R10, Record + FlowRecord.ThreadOffset), Store(Size.Double, R10, Pointer, R1));
        if (_maps.Threads is { } threads)
        {
            var undecided = new Label("thread_undecided");
            LookUp(threads, Pointer);
            Emit(
                JumpIf(Condition.Equal, R0, 0, undecided),
                Load(Size.Double, R1, R0, 0),
                JumpIf(Condition.Equal, R1, FlowMaps.Unwanted, _out),
                Mark(undecided));
        }

        if (_maps.Depths is { } depths)
        {
            var known = new Label("depth_known");
            LookUp(depths, Pointer);
            Emit(
                Mov(R9, 0),
                JumpIf(Condition.Equal, R0, 0, known),
                Load(Size.Double, R9, R0, 0),
                Mark(known),
                JumpIf(Condition.GreaterOrEqual, R9, _options.Depth!.Value, _out));
        }
        else
        {
            Emit(Mov(R9, 0));
        }

        RememberCall();
        if (_maps.Depths is { } counted)
        {
            Emit(
                Add(R9, 1), Store(Size.Double, R10, Decision, R9),
                LoadMap(R1, counted), Mov(R2, R10), Add(R2, Pointer), Mov(R3, R10), Add(R3, Decision), Mov(R4, UpdateAny),
                Call(Helper.MapUpdateElem));
        }
    }

    /// <summary>Puts the call into the table under the frame it returns to. R9 holds its depth.</summary>
    void RememberCall()
    {
        var remembered = new Label("remembered");
        var full = new Label("full");
        Emit(Load(Size.Double, R1, R10, Record + FlowRecord.EnterParent));
        Emit(Store(Size.Double, R10, Key, R1));
        foreach (var (from, to) in new[] { (FlowRecord.EnterFrame, FlowMaps.CallFrame), (FlowRecord.EnterCode, FlowMaps.CallCode), (FlowRecord.TimeOffset, FlowMaps.CallTime) })
        {
            Emit(Load(Size.Double, R1, R10, Record + from), Store(Size.Double, R10, CallValue + to, R1));
        }

        Emit(
            Store(Size.Word, R10, CallValue + FlowMaps.CallDepth, R9),
            Load(Size.Byte, R1, R10, Record + FlowRecord.DetailOffset),
            Store(Size.Half, R10, CallValue + FlowMaps.CallDetail, R1),
            StoreImm(Size.Half, R10, CallValue + FlowMaps.CallShown, 0));
        PutCall(UpdateNoExist);
        Emit(JumpIf(Condition.Equal, R0, 0, remembered));

        // Something is there already: this same entry, passed at two sites; or a call whose exit was not seen, which this one replaces.
        LookUp(_maps.Calls!, Key);
        Emit(
            JumpIf(Condition.Equal, R0, 0, full),
            Load(Size.Double, R1, R0, FlowMaps.CallFrame),
            Load(Size.Double, R2, R10, Record + FlowRecord.EnterFrame),
            Load(Size.Double, R3, R0, FlowMaps.CallCode),
            Load(Size.Word, R9, R0, FlowMaps.CallDepth),
            Store(Size.Word, R10, CallValue + FlowMaps.CallDepth, R9));
        var replace = new Label("replace");
        Emit(
            JumpIf(Condition.NotEqual, R1, R2, replace),
            JumpIf(Condition.Equal, R3, R8, _out),
            Mark(replace));
        PutCall(UpdateAny);
        Emit(JumpIf(Condition.Equal, R0, 0, remembered), Mark(full));
        CountLoss(FlowLoss.CallsFull);
        Emit(Mark(remembered));
    }

    void PutCall(int flags) => Emit(
        LoadMap(R1, _maps.Calls!), Mov(R2, R10), Add(R2, Key), Mov(R3, R10), Add(R3, CallValue), Mov(R4, flags), Call(Helper.MapUpdateElem));

    /// <summary>
    /// At an exit under filters: finds the call that ends, forgets it, and leaves the program when it was filtered out or too short.
    /// R9 holds the parent frame; the record's common part is filled.
    /// </summary>
    void SettleCall(bool frameKnown)
    {
        StoreKey(R9);
        LookUp(_maps.Calls!, Key);
        Emit(JumpIf(Condition.Equal, R0, 0, _out), Mov(R7, R0));
        if (frameKnown)
        {
            Emit(
                Load(Size.Double, R1, R7, FlowMaps.CallFrame),
                Load(Size.Double, R2, R10, Record + FlowRecord.ExitFrame),
                JumpIf(Condition.NotEqual, R1, R2, _out));
        }

        for (var offset = 0; offset < FlowMaps.CallValueSize; offset += 8)
        {
            Emit(Load(Size.Double, R1, R7, offset), Store(Size.Double, R10, CallValue + offset, R1));
        }

        Emit(LoadMap(R1, _maps.Calls!), Mov(R2, R10), Add(R2, Key), Call(Helper.MapDeleteElem));
        if (_maps.Depths is { } depths)
        {
            Emit(
                Load(Size.Double, R1, R10, Record + FlowRecord.ThreadOffset), Store(Size.Double, R10, Pointer, R1),
                Load(Size.Word, R1, R10, CallValue + FlowMaps.CallDepth), Store(Size.Double, R10, Decision, R1),
                LoadMap(R1, depths), Mov(R2, R10), Add(R2, Pointer), Mov(R3, R10), Add(R3, Decision), Mov(R4, UpdateAny),
                Call(Helper.MapUpdateElem));
        }

        if (_options.MinDuration > TimeSpan.Zero)
        {
            var shown = new Label("shown");
            Emit(
                Load(Size.Half, R1, R10, CallValue + FlowMaps.CallShown),
                JumpIf(Condition.NotEqual, R1, 0, shown),
                Load(Size.Double, R1, R10, Record + FlowRecord.TimeOffset),
                Load(Size.Double, R2, R10, CallValue + FlowMaps.CallTime),
                Sub(R1, R2),
                LoadImm64(R2, (long)_options.MinDuration.TotalNanoseconds),
                JumpIf(Condition.Less, R1, R2, _out));
            ShowCallers();
            Emit(Mark(shown));
        }
    }

    /// <summary>Reports the call in CallValue and every caller of it that was not reported yet, innermost first.</summary>
    /// <remarks>R9 walks up the frames; the loop is bounded, which the verifier accepts from 5.3 on.</remarks>
    void ShowCallers()
    {
        var next = new Label("next_caller");
        var done = new Label("callers_done");
        // The exit's own record is rebuilt afterwards; its time and frame are kept in the code buffer, which exits do not use.
        Emit(
            Load(Size.Double, R1, R10, Record + FlowRecord.TimeOffset), Store(Size.Double, R10, CodeBuffer, R1),
            Load(Size.Double, R1, R10, Record + FlowRecord.ExitFrame), Store(Size.Double, R10, CodeBuffer + 8, R1),
            Store(Size.Double, R10, CodeBuffer + 16, R9),
            Load(Size.Double, R1, R10, Record), Store(Size.Double, R10, CodeBuffer + 24, R1),
            StoreImm(Size.Byte, R10, Record, FlowRecord.Late));
        SendLate(R9, CallValue, R10);
        Emit(Mov(R8, 0), Mark(next));
        var walk = new Label("walk");
        Emit(
            Add(R8, 1),
            JumpIf(Condition.LessOrEqual, R8, MaximumCallers, walk));
        CountLoss(FlowLoss.CallersCut);
        Emit(
            Jump(done),
            Mark(walk),
            Store(Size.Double, R10, CodeBuffer + 32, R9),
            Mov(R3, R9), Add(R3, _layout.FramePrevious),
            Mov(R1, R10), Add(R1, Pointer), Mov(R2, 8), Call(Helper.ProbeReadUser),
            JumpIf(Condition.NotEqual, R0, 0, done),
            Load(Size.Double, R9, R10, Pointer));
        ReplaceMissingParent(R9);
        Emit(Store(Size.Double, R10, Key, R9));
        LookUp(_maps.Calls!, Key);
        var climb = new Label("climb");
        Emit(
            JumpIf(Condition.Equal, R0, 0, climb),
            Mov(R7, R0),
            Load(Size.Double, R1, R7, FlowMaps.CallFrame),
            Load(Size.Double, R2, R10, CodeBuffer + 32),
            JumpIf(Condition.NotEqual, R1, R2, climb),
            Load(Size.Half, R1, R7, FlowMaps.CallShown),
            JumpIf(Condition.NotEqual, R1, 0, done),
            StoreImm(Size.Half, R7, FlowMaps.CallShown, 1));
        SendLate(R9, 0, R7);
        Emit(
            Mark(climb),
            Load(Size.Double, R1, R10, Pointer),
            JumpIf(Condition.NotEqual, R1, 0, next),
            Mark(done),
            Load(Size.Double, R1, R10, CodeBuffer), Store(Size.Double, R10, Record + FlowRecord.TimeOffset, R1),
            Load(Size.Double, R1, R10, CodeBuffer + 8), Store(Size.Double, R10, Record + FlowRecord.ExitFrame, R1),
            Load(Size.Double, R9, R10, CodeBuffer + 16),
            Load(Size.Double, R1, R10, CodeBuffer + 24), Store(Size.Double, R10, Record, R1));
    }

    /// <summary>Sends a call of the table as an entry that happened earlier.</summary>
    void SendLate(Register parent, int value, Register valueBase)
    {
        foreach (var (from, to) in new[] { (FlowMaps.CallFrame, FlowRecord.EnterFrame), (FlowMaps.CallCode, FlowRecord.EnterCode), (FlowMaps.CallTime, FlowRecord.TimeOffset) })
        {
            Emit(Load(Size.Double, R1, valueBase, value + from), Store(Size.Double, R10, Record + to, R1));
        }

        Emit(
            Load(Size.Half, R1, valueBase, value + FlowMaps.CallDetail),
            Store(Size.Byte, R10, Record + FlowRecord.DetailOffset, R1),
            Store(Size.Double, R10, Record + FlowRecord.EnterParent, parent));
        SendRecord(FlowRecord.EnterSize, FlowLoss.Entry);
    }
}
