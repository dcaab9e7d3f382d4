using Sonde.Bpf;
using Sonde.Python.Sites;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Engine.Flow;

sealed partial class FlowProgram
{
    int FrameStart => Math.Min(_layout.FrameCode, _layout.FramePrevious);

    /// <summary>Up to whole words, which the kernel copies faster than odd bytes; the frame goes on behind the fields read.</summary>
    int FrameEnd => Math.Max(_layout.FrameInstruction + 8, (_layout.FrameOwner ?? _layout.FrameState ?? 0) + 1) + 7 & ~7;

    int CodeStart => _layout.CodeFlags & ~7;

    int CodeEnd => Math.Max(_layout.CodeLineTable, Math.Max(_layout.CodeName, _layout.CodeFile)) + 8;

    int InFrame(int field) => FrameBuffer + field - FrameStart;

    int InCode(int field) => CodeBuffer + field - CodeStart;

    /// <summary>An entry: frame, code object, names if they are new, filters, record.</summary>
    void WriteEntry(ProbeSite site)
    {
        if (FrameEnd - FrameStart > FrameBufferSize || CodeEnd - CodeStart > CodeBufferSize)
        {
            throw new InvalidOperationException("the layout's fields lie farther apart than the program's buffers are long");
        }

        if (site.Frame is { } frame)
        {
            LoadLocation(R7, frame);
        }
        else
        {
            LoadCurrentFrame(R7, site.ThreadState!.Value);
        }

        ReadUser(FrameBuffer, FrameEnd - FrameStart, R7, FrameStart);
        Emit(Store(Size.Double, R10, Record + FlowRecord.EnterFrame, R7), Load(Size.Double, R8, R10, InFrame(_layout.FrameCode)));
        if (_layout.CodeTagMask != 0)
        {
            Emit(And(R8, (int)~_layout.CodeTagMask));
        }

        Emit(Store(Size.Double, R10, Record + FlowRecord.EnterCode, R8));
        ReadUser(CodeBuffer, CodeEnd - CodeStart, R8, CodeStart);
        if (_layout.ResumeBeforeGeneratorCreation)
        {
            var running = new Label("running");
            Emit(
                Load(Size.Byte, R1, R10, InFrame(_layout.FrameOwner!.Value)),
                JumpIf(Condition.NotEqual, R1, 0, running),
                Load(Size.Word, R1, R10, InCode(_layout.CodeFlags)),
                And(R1, Sonde.Python.Layouts.CallLayout.GeneratorFlags),
                JumpIf(Condition.NotEqual, R1, 0, _out),
                Mark(running));
        }

        WriteHeader(FlowRecord.Enter);
        Emit(Load(Size.Double, R9, R10, InFrame(_layout.FramePrevious)));
        ReplaceMissingParent(R9);
        Emit(Store(Size.Double, R10, Record + FlowRecord.EnterParent, R9));
        TellResumption(site);
        ComputeIdentity();
        LookUpCode();
        if (_options.FiltersInKernel)
        {
            WriteFilters();
        }

        if (_options.MinDuration == TimeSpan.Zero)
        {
            SendRecord(FlowRecord.EnterSize, FlowLoss.Entry);
        }
    }

    /// <summary>Marks the record as a resumption when a generator's frame goes on from where it was suspended.</summary>
    void TellResumption(ProbeSite site)
    {
        var started = new Label("started");
        if (_layout.FrameOwner is not { } owner)
        {
            // Up to 3.10: f_lasti is -1 until the first instruction has run.
            Emit(Load(Size.Word, R1, R10, InFrame(_layout.FrameInstruction)), JumpIf32(Condition.Equal, R1, -1, started));
        }
        else if (site.Kind != SiteKind.Throw)
        {
            var found = new Label("resume");
            Emit(
                Load(Size.Byte, R1, R10, InFrame(owner)),
                JumpIf(Condition.NotEqual, R1, 1, started),
                StoreImm(Size.Double, R10, Pointer, 0));
            // The instruction's two bytes may be out of memory only if the code object is; a start is then assumed.
            Emit(
                Load(Size.Double, R3, R10, InFrame(_layout.FrameInstruction)),
                Mov(R1, R10), Add(R1, Pointer), Mov(R2, 2), Call(Helper.ProbeReadUser),
                Load(Size.Byte, R1, R10, Pointer));
            foreach (var opcode in _layout.ResumeOpcodes)
            {
                Emit(JumpIf(Condition.Equal, R1, opcode, found));
            }

            Emit(
                Jump(started),
                Mark(found),
                Load(Size.Byte, R1, R10, Pointer + 1),
                And(R1, _layout.ResumeLocationMask),
                JumpIf(Condition.Equal, R1, 0, started));
        }

        Emit(StoreImm(Size.Byte, R10, Record + FlowRecord.DetailOffset, (int)FlowEventKind.Resume), Mark(started));
    }

    /// <summary>
    /// Mixes what distinguishes code objects into 64 bits. A code object's memory is used again after it is freed (module bodies, lambdas that
    /// were compiled on the fly), so its address alone does not tell which function it is.
    /// </summary>
    void ComputeIdentity()
    {
        Emit(Load(Size.Double, R1, R10, InCode(_layout.CodeFirstLine & ~7)), LoadImm64(R3, unchecked((long)0x9e3779b97f4a7c15)));
        int[] fields = _layout.CodeVersion is { } version
            ? [_layout.CodeName, _layout.CodeFile, _layout.CodeLineTable, version & ~7]
            : [_layout.CodeName, _layout.CodeFile, _layout.CodeLineTable];
        foreach (var field in fields)
        {
            Emit(Mul(R1, R3), Load(Size.Double, R2, R10, InCode(field)), Xor(R1, R2));
        }

        Emit(Store(Size.Double, R10, Identity, R1));
    }

    /// <summary>Finds the code object among those already sent, and sends it if it is new or another than before.</summary>
    void LookUpCode()
    {
        var known = new Label("known");
        var fresh = new Label("new_code");
        StoreKey(R8);
        LookUp(_maps.Codes, Key);
        Emit(
            JumpIf(Condition.Equal, R0, 0, fresh),
            Load(Size.Double, R1, R0, 0),
            Load(Size.Double, R2, R10, Identity),
            JumpIf(Condition.NotEqual, R1, R2, fresh));
        if (_options.FiltersInKernel)
        {
            Emit(Load(Size.Double, R1, R0, 8), JumpIf(Condition.Equal, R1, FlowMaps.Unwanted, _out));
        }

        Emit(Jump(known), Mark(fresh));
        SendCode();
        Emit(Mark(known));
    }

    /// <summary>Sends the code object's record, then remembers it: in this order, so that a record that found no room is sent at the next call.</summary>
    void SendCode()
    {
        var lost = new Label("code_lost");
        var done = new Label("code_done");
        Emit(
            LoadMap(R1, _maps.Records), Mov(R2, FlowRecord.CodeSize), Mov(R3, 0), Call(Helper.RingbufReserve),
            JumpIf(Condition.Equal, R0, 0, lost),
            Mov(R9, R0));
        for (var offset = 0; offset < FlowRecord.CodeAddress; offset += 8)
        {
            Emit(Load(Size.Double, R1, R10, Record + offset), Store(Size.Double, R9, offset, R1));
        }

        Emit(
            StoreImm(Size.Byte, R9, FlowRecord.KindOffset, FlowRecord.Code),
            Store(Size.Double, R9, FlowRecord.CodeAddress, R8),
            Load(Size.Double, R1, R10, Identity),
            Store(Size.Double, R9, FlowRecord.CodeIdentity, R1),
            Load(Size.Word, R1, R10, InCode(_layout.CodeFlags)),
            Store(Size.Word, R9, FlowRecord.CodeFlags, R1),
            Load(Size.Word, R1, R10, InCode(_layout.CodeFirstLine)),
            Store(Size.Word, R9, FlowRecord.CodeFirstLine, R1),
            Mov(R1, R10), Add(R1, Pointer), Mov(R2, 8), Mov(R3, R8), Add(R3, _layout.ObjectType), Call(Helper.ProbeReadUser),
            Load(Size.Double, R1, R10, Pointer),
            Store(Size.Double, R9, FlowRecord.CodeType, R1));
        CopyText(_layout.CodeName, FlowRecord.CodeName);
        CopyText(_layout.CodeFile, FlowRecord.CodeFile);
        Emit(
            Mov(R1, R9), Mov(R2, NoWakeup), Call(Helper.RingbufSubmit),
            Load(Size.Double, R1, R10, Identity),
            Store(Size.Double, R10, CallValue, R1),
            StoreImm(Size.Double, R10, CallValue + 8, FlowMaps.Undecided),
            LoadMap(R1, _maps.Codes), Mov(R2, R10), Add(R2, Key), Mov(R3, R10), Add(R3, CallValue), Mov(R4, 0),
            Call(Helper.MapUpdateElem),
            Jump(done),
            Mark(lost));
        CountLoss(FlowLoss.Code);
        Emit(Mark(done));
    }

    /// <summary>Copies a string object that the code object points to into the reserved record at R9.</summary>
    void CopyText(int field, int part)
    {
        var compact = new Label("compact");
        var fits = new Label("fits");
        var copied = new Label("copied");
        // TextHeader: length at 0, state at 8. R7 is free here: the frame is already in the record.
        Emit(
            StoreImm(Size.Double, R10, TextHeader, 0),
            StoreImm(Size.Double, R10, TextHeader + 8, 0),
            Load(Size.Double, R7, R10, InCode(field)),
            Mov(R1, R10), Add(R1, TextHeader), Mov(R2, 8), Mov(R3, R7), Add(R3, _layout.TextLength), Call(Helper.ProbeReadUser),
            Mov(R1, R10), Add(R1, TextHeader + 8), Mov(R2, 4), Mov(R3, R7), Add(R3, _layout.TextState), Call(Helper.ProbeReadUser),
            Load(Size.Double, R1, R10, TextHeader),
            Store(Size.Double, R9, part + FlowRecord.TextLength, R1),
            Load(Size.Word, R4, R10, TextHeader + 8),
            Store(Size.Word, R9, part + FlowRecord.TextState, R4),
            // bytes = min(length, capacity) * bytes per character, again at most the capacity
            Mov(R2, R1),
            JumpIf(Condition.LessOrEqual, R2, FlowRecord.TextCapacity, fits),
            Mov(R2, FlowRecord.TextCapacity),
            Mark(fits),
            Mov(R5, R4), Rsh(R5, 2), And(R5, 7), Mul(R2, R5));
        var within = new Label("within");
        Emit(
            JumpIf(Condition.LessOrEqual, R2, FlowRecord.TextCapacity, within),
            Mov(R2, FlowRecord.TextCapacity),
            Mark(within),
            Mov(R3, R7),
            Mov(R5, R4), And(R5, 1 << 6),
            JumpIf(Condition.Equal, R5, 0, compact),
            Add(R3, _layout.TextAscii - _layout.TextCompact),
            Mark(compact),
            Add(R3, _layout.TextCompact),
            Store(Size.Word, R9, part + FlowRecord.TextCopied, R2),
            Mov(R1, R9), Add(R1, part + FlowRecord.TextBytes),
            Call(Helper.ProbeReadUser),
            JumpIf(Condition.Equal, R0, 0, copied),
            StoreImm(Size.Word, R9, part + FlowRecord.TextCopied, -1),
            Mark(copied));
    }
}
