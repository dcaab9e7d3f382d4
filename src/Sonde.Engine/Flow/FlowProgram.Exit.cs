using Sonde.Bpf;
using Sonde.Python.Sites;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Ir;

namespace Sonde.Engine.Flow;

sealed partial class FlowProgram
{
    /// <summary>The ways a site can be left that must be told apart at run time.</summary>
    const ExitReasons Tellable = ExitReasons.Return | ExitReasons.Unwind | ExitReasons.Suspend;

    /// <summary>An exit: the frame returned to, how the frame was left, filters, record.</summary>
    void WriteExit(ProbeSite site)
    {
        var reasons = site.Reasons == ExitReasons.None ? Tellable : site.Reasons & Tellable;
        VirtualRegister? exception = null;
        if (site.ThreadState is { } threadState && (reasons.HasFlag(ExitReasons.Unwind) && reasons != ExitReasons.Unwind))
        {
            ReadUser(_word, 8, LoadLocation(threadState), _layout.ThreadException);
            exception = _ir.Load(Size.Double, new IrAddress(_word));
        }

        var (frame, parent) = LoadFrames(site, reasons);
        WriteHeader(FlowRecord.Exit);
        _ir.Store(Size.Double, InRecord(FlowRecord.ExitFrame), frame ?? (IrOperand)0);
        ReplaceMissingParent(parent);
        TellReason(reasons, frame, exception);
        if (_options.FiltersInKernel)
        {
            SettleCall(parent, frame);
        }

        _ir.Store(Size.Double, InRecord(FlowRecord.ExitParent), parent);
        if (_options.Results && PythonResultCode.Leaves(site, ExitReasons.Return, _layout))
        {
            SendExitWithResult(site, frame);
        }
        else
        {
            SendRecord(_record, FlowRecord.ExitSize, FlowLoss.Exit);
        }
    }

    /// <summary>The frame that is left, its fields read where they are needed, null where the site does not tell; and the one returned to.</summary>
    (VirtualRegister? Frame, VirtualRegister Parent) LoadFrames(ProbeSite site, ExitReasons reasons)
    {
        // From 3.11 on a suspended generator's frame loses its link to the parent soon after it is left: where the thread state already
        // names the parent, that is who to ask.
        var parentIsCurrent = site.Current == CurrentFrame.Parent && _layout.FrameOwner is not null;
        if (site.Frame is null && !parentIsCurrent && site.ParentFrame is { } parentFrame)
        {
            return (null, LoadLocation(parentFrame));
        }

        VirtualRegister? frame = site.Frame is { } location ? LoadLocation(location)
            : parentIsCurrent ? null
            : LoadCurrentFrame(site.ThreadState!.Value);
        if (!parentIsCurrent)
        {
            ReadUser(_frameBytes, FrameEnd - FrameStart, frame!.Value, FrameStart);
            return (frame, _ir.Load(Size.Double, InFrame(_layout.FramePrevious)));
        }

        var parent = LoadCurrentFrame(site.ThreadState!.Value);
        if (frame is { } left && TellsSuspension(reasons))
        {
            ReadUser(_frameBytes, FrameEnd - FrameStart, left, FrameStart);
        }

        return (frame, parent);
    }

    /// <summary>True when a site is passed both by frames that suspend themselves and by others.</summary>
    static bool TellsSuspension(ExitReasons reasons) => reasons.HasFlag(ExitReasons.Suspend) && reasons != ExitReasons.Suspend;

    /// <summary>Stores how the frame was left into the record's detail byte.</summary>
    /// <param name="reasons">The ways there are.</param>
    /// <param name="frame">The frame, if it is known.</param>
    /// <param name="exception">The exception that is on its way, 0 for none; null where that was not asked.</param>
    void TellReason(ExitReasons reasons, VirtualRegister? frame, VirtualRegister? exception)
    {
        TellKind(reasons switch
        {
            ExitReasons.Unwind => FlowEventKind.Raise,
            ExitReasons.Suspend => FlowEventKind.Suspend,
            _ => FlowEventKind.Return,
        });
        if (reasons is ExitReasons.Unwind or ExitReasons.Suspend or ExitReasons.Return)
        {
            return;
        }

        var told = _ir.NewBlock("told");
        if (exception is { } raised)
        {
            var (raising, unraised) = (_ir.NewBlock("exception"), _ir.NewBlock("no_exception"));
            _ir.Branch(Condition.Equal, raised, 0, unraised, raising);
            _ir.MoveTo(raising);
            TellKind(FlowEventKind.Raise);
            _ir.Jump(told);
            _ir.MoveTo(unraised);
        }

        if (TellsSuspension(reasons) && frame is { } left)
        {
            if (_layout.FrameStackTop is { } stackTop)
            {
                Require(Condition.NotEqual, _ir.Load(Size.Double, InFrame(stackTop)), 0, told);
            }
            else if (_layout.FrameState is { } state)
            {
                Require(Condition.Equal, _ir.Load(Size.Byte, InFrame(state)), 0xff, told);
            }
            else
            {
                // A generator's frame lies inside the generator, whose state is negative while it is suspended.
                Require(Condition.Equal, _ir.Load(Size.Byte, InFrame(_layout.FrameOwner!.Value)), 1, told);
                ReadUser(_word, 1, left, -_layout.GeneratorStateBeforeFrame!.Value);
                Require(Condition.GreaterOrEqual, _ir.Load(Size.Byte, new IrAddress(_word)), 0x80, told);
            }

            TellKind(FlowEventKind.Suspend);
        }

        _ir.Jump(told);
        _ir.MoveTo(told);
    }

    void TellKind(FlowEventKind kind) => _ir.Store(Size.Byte, InRecord(FlowRecord.DetailOffset), (int)kind);
}
