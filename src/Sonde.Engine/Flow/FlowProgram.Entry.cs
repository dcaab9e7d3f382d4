using Sonde.Bpf;
using Sonde.Python.Sites;
using Sonde.Script.Ir;

namespace Sonde.Engine.Flow;

sealed partial class FlowProgram
{
    int FrameStart => Math.Min(_layout.FrameCode, _layout.FramePrevious);

    /// <summary>Up to whole words, which the kernel copies faster than odd bytes; the frame goes on behind the fields read.</summary>
    int FrameEnd => Math.Max(_layout.FrameInstruction + 8, (_layout.FrameOwner ?? _layout.FrameState ?? 0) + 1) + 7 & ~7;

    int CodeStart => _layout.CodeFlags & ~7;

    int CodeEnd => Math.Max(_layout.CodeLineTable, Math.Max(_layout.CodeName, _layout.CodeFile)) + 8;

    IrAddress InFrame(int field) => new(_frameBytes, field - FrameStart);

    IrAddress InCode(int field) => new(_codeBytes, field - CodeStart);

    /// <summary>An entry: frame, code object, names if they are new, filters, record.</summary>
    void WriteEntry(ProbeSite site)
    {
        if (FrameEnd - FrameStart > LongestRead || CodeEnd - CodeStart > LongestRead)
        {
            throw new InvalidOperationException("the layout's fields lie farther apart than a program reads at once");
        }

        var frame = site.Frame is { } location ? LoadLocation(location) : LoadCurrentFrame(site.ThreadState!.Value);
        ReadUser(_frameBytes, FrameEnd - FrameStart, frame, FrameStart);
        _ir.Store(Size.Double, InRecord(FlowRecord.EnterFrame), frame);
        // All that is told by the frame comes first: the code object takes its place on the stack.
        var code = _ir.Load(Size.Double, InFrame(_layout.FrameCode));
        var parent = _ir.Load(Size.Double, InFrame(_layout.FramePrevious));
        var instruction = _ir.Load(_layout.FrameOwner is null ? Size.Word : Size.Double, InFrame(_layout.FrameInstruction));
        VirtualRegister? owner = _layout.FrameOwner is { } field ? _ir.Load(Size.Byte, InFrame(field)) : null;
        if (_layout.CodeTagMask != 0)
        {
            code = _ir.Arithmetic(IrOperation.And, code, ~_layout.CodeTagMask);
        }

        _ir.Store(Size.Double, InRecord(FlowRecord.EnterCode), code);
        ReadUser(_codeBytes, CodeEnd - CodeStart, code, CodeStart);
        if (_layout.ResumeBeforeGeneratorCreation)
        {
            var (starting, running) = (_ir.NewBlock("starting"), _ir.NewBlock("running"));
            _ir.Branch(Condition.NotEqual, owner!.Value, 0, running, starting);
            _ir.MoveTo(starting);
            var flags = _ir.Arithmetic(IrOperation.And, _ir.Load(Size.Word, InCode(_layout.CodeFlags)), Sonde.Python.Layouts.CallLayout.GeneratorFlags);
            _ir.Branch(Condition.NotEqual, flags, 0, _out, running);
            _ir.MoveTo(running);
        }

        WriteHeader(FlowRecord.Enter);
        ReplaceMissingParent(parent);
        _ir.Store(Size.Double, InRecord(FlowRecord.EnterParent), parent);
        TellResumption(site, instruction, owner);
        LookUpCode(code);
        if (_maps.Condition is { } condition)
        {
            WriteCondition(condition, frame);
        }

        if (_options.FiltersInKernel)
        {
            WriteFilters(code);
        }

        if (_options.Arguments)
        {
            SendEntryWithArguments(frame, code);
        }
        else if (_options.MinDuration == TimeSpan.Zero)
        {
            SendRecord(_record, FlowRecord.EnterSize, FlowLoss.Entry);
        }
    }

    /// <summary>Marks the record as a resumption when a generator's frame goes on from where it was suspended.</summary>
    void TellResumption(ProbeSite site, VirtualRegister instruction, VirtualRegister? owner)
    {
        var (resumed, started) = (_ir.NewBlock("resumed"), _ir.NewBlock("started"));
        if (owner is not { } whose)
        {
            // Up to 3.10: f_lasti is -1 until the first instruction has run.
            _ir.End(new IrBranch(Condition.Equal, instruction, -1, started, resumed, Is32: true));
        }
        else if (site.Kind != SiteKind.Throw)
        {
            Require(Condition.Equal, whose, 1, started);
            // The instruction's two bytes may be out of memory only if the code object is; a start is then assumed.
            _ir.Store(Size.Double, new IrAddress(_word), 0);
            _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [_word, 2, instruction]));
            var opcode = _ir.Load(Size.Byte, new IrAddress(_word));
            var found = _ir.NewBlock("resume");
            foreach (var resume in _layout.ResumeOpcodes)
            {
                var next = _ir.NewBlock("next");
                _ir.Branch(Condition.Equal, opcode, resume, found, next);
                _ir.MoveTo(next);
            }

            _ir.Jump(started);
            _ir.MoveTo(found);
            var place = _ir.Arithmetic(IrOperation.And, _ir.Load(Size.Byte, new IrAddress(_word, 1)), _layout.ResumeLocationMask);
            _ir.Branch(Condition.Equal, place, 0, started, resumed);
        }
        else
        {
            _ir.Jump(resumed);
        }

        _ir.MoveTo(resumed);
        _ir.Store(Size.Byte, InRecord(FlowRecord.DetailOffset), (int)FlowEventKind.Resume);
        _ir.Jump(started);
        _ir.MoveTo(started);
    }

    /// <summary>
    /// Mixes what distinguishes code objects into 64 bits. A code object's memory is used again after it is freed (module bodies, lambdas that
    /// were compiled on the fly), so its address alone does not tell which function it is.
    /// </summary>
    VirtualRegister ComputeIdentity()
    {
        var identity = _ir.Load(Size.Double, InCode(_layout.CodeFirstLine & ~7));
        const int factor = 0x61c88647; // the golden ratio in 32 bits (include/linux/hash.h), which an instruction can hold
        int[] fields = _layout.CodeVersion is { } version
            ? [_layout.CodeName, _layout.CodeFile, _layout.CodeLineTable, version & ~7]
            : [_layout.CodeName, _layout.CodeFile, _layout.CodeLineTable];
        foreach (var field in fields)
        {
            identity = _ir.Arithmetic(IrOperation.Xor, _ir.Arithmetic(IrOperation.Multiply, identity, factor), _ir.Load(Size.Double, InCode(field)));
        }

        return identity;
    }

    /// <summary>Finds the code object among those already sent, and sends it if it is new or another than before.</summary>
    void LookUpCode(VirtualRegister code)
    {
        var (known, fresh) = (_ir.NewBlock("known"), _ir.NewBlock("new_code"));
        StoreKey(code);
        var found = _ir.Call(Helper.MapLookupElem, _maps.Codes, _key);
        var identity = ComputeIdentity();
        Require(Condition.NotEqual, found, 0, fresh);
        Require(Condition.Equal, _ir.Load(Size.Double, new IrAddress(found)), identity, fresh);
        if (_options.FiltersInKernel)
        {
            _ir.Branch(Condition.Equal, _ir.Load(Size.Double, new IrAddress(found, 8)), FlowMaps.Unwanted, _out, known);
        }
        else
        {
            _ir.Jump(known);
        }

        _ir.MoveTo(fresh);
        SendCode(code, identity);
        _ir.Jump(known);
        _ir.MoveTo(known);
    }

    /// <summary>Sends the code object's record, then remembers it: in this order, so that a record that found no room is sent at the next call.</summary>
    void SendCode(VirtualRegister code, VirtualRegister identity)
    {
        var (reserved, lost, done) = (_ir.NewBlock("reserved"), _ir.NewBlock("code_lost"), _ir.NewBlock("code_done"));
        var record = _ir.Call(Helper.RingbufReserve, _maps.Records, FlowRecord.CodeSize, 0);
        _ir.Branch(Condition.Equal, record, 0, lost, reserved);
        _ir.MoveTo(reserved);
        for (var offset = 0; offset < FlowRecord.CodeAddress; offset += 8)
        {
            Copy(Size.Double, InRecord(offset), new IrAddress(record, offset));
        }

        _ir.Store(Size.Byte, new IrAddress(record, FlowRecord.KindOffset), FlowRecord.Code);
        _ir.Store(Size.Double, new IrAddress(record, FlowRecord.CodeAddress), code);
        _ir.Store(Size.Double, new IrAddress(record, FlowRecord.CodeIdentity), identity);
        Copy(Size.Word, InCode(_layout.CodeFlags), new IrAddress(record, FlowRecord.CodeFlags));
        Copy(Size.Word, InCode(_layout.CodeFirstLine), new IrAddress(record, FlowRecord.CodeFirstLine));
        _ir.Store(Size.Double, new IrAddress(_word), 0);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [_word, 8, Behind(code, _layout.ObjectType)]));
        Copy(Size.Double, new IrAddress(_word), new IrAddress(record, FlowRecord.CodeType));
        CopyText(_layout.CodeName, record, FlowRecord.CodeName);
        CopyText(_layout.CodeFile, record, FlowRecord.CodeFile);
        _ir.Add(new IrCallHelper(null, Helper.RingbufSubmit, [record, NoWakeup]));
        _ir.Store(Size.Double, new IrAddress(_callValue), identity);
        _ir.Store(Size.Double, new IrAddress(_callValue, 8), FlowMaps.Undecided);
        if (_maps.Condition is not null)
        {
            FindArguments(code);
        }

        _ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [_maps.Codes, _key, _callValue, UpdateAny]));
        if (_options.Arguments)
        {
            SendNames(code);
        }

        _ir.Jump(done);
        _ir.MoveTo(lost);
        CountLoss(FlowLoss.Code);
        _ir.Jump(done);
        _ir.MoveTo(done);
    }

    /// <summary>Copies a string object that the code object points to into a record that is reserved.</summary>
    void CopyText(int field, VirtualRegister record, int part)
    {
        var text = _ir.Load(Size.Double, InCode(field));
        _ir.Store(Size.Double, new IrAddress(_word), 0);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [_word, 8, Behind(text, _layout.TextLength)]));
        var length = _ir.Load(Size.Double, new IrAddress(_word));
        _ir.Store(Size.Double, new IrAddress(record, part + FlowRecord.TextLength), length);
        _ir.Store(Size.Double, new IrAddress(_word), 0);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [_word, 4, Behind(text, _layout.TextState)]));
        var state = _ir.Load(Size.Word, new IrAddress(_word));
        _ir.Store(Size.Word, new IrAddress(record, part + FlowRecord.TextState), state);

        // min(length, capacity) * bytes per character, again at most the capacity
        var width = _ir.Arithmetic(IrOperation.And, _ir.Arithmetic(IrOperation.ShiftRightLogical, state, 2), 7);
        var bytes = AtMostCapacity(_ir.Arithmetic(IrOperation.Multiply, AtMostCapacity(length), width));
        var from = Behind(text, _layout.TextCompact);
        var (ascii, copy, failed, copied) = (_ir.NewBlock("ascii"), _ir.NewBlock("copy"), _ir.NewBlock("failed"), _ir.NewBlock("copied"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, state, 1 << 6), 0, ascii, copy);
        _ir.MoveTo(ascii);
        _ir.Move(from, Behind(text, _layout.TextAscii));
        _ir.Jump(copy);
        _ir.MoveTo(copy);
        _ir.Store(Size.Word, new IrAddress(record, part + FlowRecord.TextCopied), bytes);
        _ir.Branch(Condition.Equal, _ir.Call(Helper.ProbeReadUser, new IrAddress(record, part + FlowRecord.TextBytes), bytes, from), 0, copied, failed);
        _ir.MoveTo(failed);
        _ir.Store(Size.Word, new IrAddress(record, part + FlowRecord.TextCopied), -1);
        _ir.Jump(copied);
        _ir.MoveTo(copied);
    }

    VirtualRegister AtMostCapacity(VirtualRegister value)
    {
        var (over, within) = (_ir.NewBlock("over"), _ir.NewBlock("within"));
        var result = _ir.Copy(value);
        _ir.Branch(Condition.Greater, result, FlowRecord.TextCapacity, over, within);
        _ir.MoveTo(over);
        _ir.Move(result, FlowRecord.TextCapacity);
        _ir.Jump(within);
        _ir.MoveTo(within);
        return result;
    }
}
