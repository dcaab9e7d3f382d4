using Sonde.Bpf;
using Sonde.Python.Sites;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Engine.Flow;

sealed partial class FlowProgram
{
    /// <summary>The ways a site can be left that must be told apart at run time.</summary>
    const ExitReasons Tellable = ExitReasons.Return | ExitReasons.Unwind | ExitReasons.Suspend;

    /// <summary>An exit: the frame returned to, how the frame was left, filters, record.</summary>
    void WriteExit(ProbeSite site)
    {
        var reasons = site.Reasons == ExitReasons.None ? Tellable : site.Reasons & Tellable;
        if (site.ThreadState is { } threadState && (reasons.HasFlag(ExitReasons.Unwind) && reasons != ExitReasons.Unwind))
        {
            LoadLocation(R7, threadState);
            ReadUser(Identity, 8, R7, _layout.ThreadException);
        }
        else
        {
            Emit(StoreImm(Size.Double, R10, Identity, 0));
        }

        var frameKnown = LoadFrames(site, reasons);
        WriteHeader(FlowRecord.Exit);
        Emit(Store(Size.Double, R10, Record + FlowRecord.ExitFrame, R8));
        ReplaceMissingParent(R9);
        TellReason(reasons, frameKnown);
        if (_options.FiltersInKernel)
        {
            SettleCall(frameKnown);
        }

        Emit(Store(Size.Double, R10, Record + FlowRecord.ExitParent, R9));
        SendRecord(FlowRecord.ExitSize, FlowLoss.Exit);
    }

    /// <summary>Puts the frame that is left into R8 (0 where the site does not tell) and the one returned to into R9.</summary>
    /// <returns>Whether the frame that is left is known, and read where its fields are needed.</returns>
    bool LoadFrames(ProbeSite site, ExitReasons reasons)
    {
        // From 3.11 on a suspended generator's frame loses its link to the parent soon after it is left: where the thread state already
        // names the parent, that is who to ask.
        var parentIsCurrent = site.Current == CurrentFrame.Parent && _layout.FrameOwner is not null;
        var frameKnown = true;
        if (site.Frame is { } frame)
        {
            LoadLocation(R8, frame);
        }
        else if (parentIsCurrent)
        {
            frameKnown = false;
            Emit(Mov(R8, 0));
        }
        else if (site.ParentFrame is { } parentFrame)
        {
            LoadLocation(R9, parentFrame);
            Emit(Mov(R8, 0));
            return false;
        }
        else
        {
            LoadCurrentFrame(R8, site.ThreadState!.Value);
        }

        if (parentIsCurrent)
        {
            LoadCurrentFrame(R9, site.ThreadState!.Value);
            if (frameKnown && TellsSuspension(reasons))
            {
                ReadUser(FrameBuffer, FrameEnd - FrameStart, R8, FrameStart);
            }
        }
        else
        {
            ReadUser(FrameBuffer, FrameEnd - FrameStart, R8, FrameStart);
            Emit(Load(Size.Double, R9, R10, InFrame(_layout.FramePrevious)));
        }

        return frameKnown;
    }

    /// <summary>True when a site is passed both by frames that suspend themselves and by others.</summary>
    static bool TellsSuspension(ExitReasons reasons) => reasons.HasFlag(ExitReasons.Suspend) && reasons != ExitReasons.Suspend;

    /// <summary>Stores how the frame was left into the record's detail byte.</summary>
    void TellReason(ExitReasons reasons, bool frameKnown)
    {
        var certain = reasons switch
        {
            ExitReasons.Unwind => FlowEventKind.Raise,
            ExitReasons.Suspend => FlowEventKind.Suspend,
            _ => FlowEventKind.Return,
        };
        Emit(StoreImm(Size.Byte, R10, Record + FlowRecord.DetailOffset, (int)certain));
        if (reasons is ExitReasons.Unwind or ExitReasons.Suspend or ExitReasons.Return)
        {
            return;
        }

        var told = new Label("told");
        if (reasons.HasFlag(ExitReasons.Unwind))
        {
            var unraised = new Label("no_exception");
            Emit(
                Load(Size.Double, R1, R10, Identity),
                JumpIf(Condition.Equal, R1, 0, unraised),
                StoreImm(Size.Byte, R10, Record + FlowRecord.DetailOffset, (int)FlowEventKind.Raise),
                Jump(told),
                Mark(unraised));
        }

        if (TellsSuspension(reasons) && frameKnown)
        {
            if (_layout.FrameStackTop is { } stackTop)
            {
                Emit(Load(Size.Double, R1, R10, InFrame(stackTop)), JumpIf(Condition.Equal, R1, 0, told));
            }
            else if (_layout.FrameState is { } state)
            {
                Emit(Load(Size.Byte, R1, R10, InFrame(state)), JumpIf(Condition.NotEqual, R1, 0xff, told));
            }
            else
            {
                // A generator's frame lies inside the generator, whose state is negative while it is suspended.
                Emit(Load(Size.Byte, R1, R10, InFrame(_layout.FrameOwner!.Value)), JumpIf(Condition.NotEqual, R1, 1, told), StoreImm(Size.Double, R10, Pointer, 0));
                ReadUser(Pointer, 1, R8, -_layout.GeneratorStateBeforeFrame!.Value);
                Emit(Load(Size.Byte, R1, R10, Pointer), JumpIf(Condition.Less, R1, 0x80, told));
            }

            Emit(StoreImm(Size.Byte, R10, Record + FlowRecord.DetailOffset, (int)FlowEventKind.Suspend));
        }

        Emit(Mark(told));
    }
}
