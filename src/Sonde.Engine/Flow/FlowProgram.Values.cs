using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Python.Sites;
using Sonde.Script.Ir;
using Sonde.Script.Lowering.Python;

namespace Sonde.Engine.Flow;

/// <content>Arguments and results: copied where the call is, and sent with its record. Without them none of this is written.</content>
sealed partial class FlowProgram
{
    const byte Rsi = 6;

    PythonCaptureCode Capture => field ??= new PythonCaptureCode(
        _program, _version, _layout, _maps.Capture!,
        new CaptureLimits(_options.ValueLimits.Depth, _options.ValueLimits.Items, _options.ValueLimits.Characters),
        new PythonCaptureSends(_maps.Records, _image, FlowRecord.ThreadOffset + 4, ir => ir.Add(
            new IrAtomic(IrAtomicOperation.Add, Size.Double, new IrAddress(ir.MapValue(_maps.Losses, 8 * (int)FlowLoss.Values)), ir.Constant(1)))));

    /// <summary>Tells what the variables of a code object are called, after the code object itself.</summary>
    void SendNames(VirtualRegister code) => _ir.Add(new IrCallFunction(null, Capture.WriteNames(), [_record, code]));

    /// <summary>A generator that goes on has its arguments told already.</summary>
    void SendEntryWithArguments(VirtualRegister frame, VirtualRegister code)
    {
        var isHeld = _options.MinDuration > TimeSpan.Zero;
        var (called, without, sent) = (_ir.NewBlock("called"), _ir.NewBlock("without_arguments"), _ir.NewBlock("entry_sent"));
        _ir.Branch(Condition.Equal, _ir.Load(Size.Byte, InRecord(FlowRecord.DetailOffset)), (int)FlowEventKind.Call, called, isHeld ? sent : without);
        _ir.MoveTo(called);
        _ir.Store(Size.Byte, InRecord(FlowRecord.KindOffset), isHeld ? FlowRecord.Held : FlowRecord.EnterValues);
        var done = _function.NewRegister();
        _ir.Add(new IrCallFunction(done, Capture.WriteArguments(), [_record, frame, code]));
        var failed = _ir.NewBlock("not_captured");
        _ir.Branch(Condition.NotEqual, done, 0, sent, isHeld ? sent : failed);
        if (!isHeld)
        {
            _ir.MoveTo(failed);
            _ir.Store(Size.Byte, InRecord(FlowRecord.KindOffset), FlowRecord.Enter);
            _ir.Jump(without);
            _ir.MoveTo(without);
            SendRecord(_record, FlowRecord.EnterSize, FlowLoss.Entry);
            _ir.Jump(sent);
        }

        _ir.MoveTo(sent);
    }

    /// <summary>A frame that returns is asked for what it returns; one left in another way is not.</summary>
    void SendExitWithResult(ProbeSite site, VirtualRegister? frame)
    {
        var (returned, without, failed, sent) = (_ir.NewBlock("returned"), _ir.NewBlock("without_result"), _ir.NewBlock("not_captured"), _ir.NewBlock("exit_sent"));
        _ir.Branch(Condition.Equal, _ir.Load(Size.Byte, InRecord(FlowRecord.DetailOffset)), (int)FlowEventKind.Return, returned, without);
        _ir.MoveTo(returned);
        var left = frame ?? LoadLocation(new ValueLocation(Rsi));
        Require(Condition.Equal, _ir.Call(Helper.ProbeReadUser, _frameBytes, FrameEnd - FrameStart, Behind(left, FrameStart)), 0, failed);
        if (frame is null)
        {
            Require(Condition.Equal, _ir.Load(Size.Double, InFrame(_layout.FramePrevious)), LoadLocation(site.ParentFrame!.Value), failed);
        }

        var code = _ir.Load(Size.Double, InFrame(_layout.FrameCode));
        code = _layout.CodeTagMask == 0 ? code : _ir.Arithmetic(IrOperation.And, code, ~_layout.CodeTagMask);
        var result = new PythonResultCode(_ir, _layout, ValueLayout.For(_version), Context, _word).Write(site, left, code, () => _ir.Load(Size.Double, InFrame(_layout.FrameInstruction)));
        _ir.Store(Size.Byte, InRecord(FlowRecord.KindOffset), FlowRecord.ExitValues);
        _ir.Store(Size.Double, InRecord(FlowRecord.ExitSize), 0);
        var done = _function.NewRegister();
        _ir.Add(new IrCallFunction(done, Capture.WriteResult(), [_record, result]));
        var lost = _ir.NewBlock("result_lost");
        _ir.Branch(Condition.NotEqual, done, 0, sent, lost);
        _ir.MoveTo(failed);
        CountLoss(FlowLoss.Values);
        _ir.Jump(lost);
        _ir.MoveTo(lost);
        _ir.Store(Size.Byte, InRecord(FlowRecord.KindOffset), FlowRecord.Exit);
        _ir.Jump(without);
        _ir.MoveTo(without);
        SendRecord(_record, FlowRecord.ExitSize, FlowLoss.Exit);
        _ir.Jump(sent);
        _ir.MoveTo(sent);
    }
}
