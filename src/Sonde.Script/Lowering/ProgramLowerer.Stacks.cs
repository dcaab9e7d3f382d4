using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Stacks.</summary>
sealed partial class ProgramLowerer
{
    // include/uapi/linux/bpf.h
    const int UserStackFlag = 1 << 8;

    /// <summary>-EFAULT, which <c>bpf_get_stackid</c> answers when there is none (kernel/bpf/stackmap.c).</summary>
    const int NoStack = -14;

    /// <summary>A stack's number in its map, negative when it could not be taken.</summary>
    VirtualRegister StackId(StackShape shape, bool isUser)
    {
        var id = Ir.Call(Helper.GetStackid, Context(), _script.Stacks(shape), isUser ? UserStackFlag : 0);
        var failed = Ir.NewBlock("nostack");
        var lost = Ir.NewBlock("loststack");
        var done = Ir.NewBlock("stack");
        Ir.Branch(Condition.SignedGreaterOrEqual, id, 0, done, failed);
        Ir.MoveTo(failed);
        // A hit in user mode has no kernel stack, and a kernel thread no user stack: nothing is lost there.
        Ir.Branch(Condition.Equal, id, NoStack, done, lost);
        Ir.MoveTo(lost);
        CountLoss(LossKind.Stack);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return id;
    }

    /// <summary>How many frames a stack has that is taken now.</summary>
    IrOperand StackLength(BoundExpression stack)
    {
        if (stack is BoundCall { Function: Intrinsic.PythonStack, Type: SymbolicType { Stack.Depth: var limit } })
        {
            return PythonLookAt(PythonLook.Depth, limit);
        }

        if (stack is not BoundCall { Function: Intrinsic.KernelStack or Intrinsic.UserStack, Type: SymbolicType type } call)
        {
            throw new IrException("len() of a stack is known where the stack is taken only: write len(kstack), len(ustack) or len(pystack).");
        }

        var size = checked(type.Stack.Depth * 8);
        var frames = ScratchTemporary(size);
        var bytes = Ir.Call(Helper.GetStack, Context(), frames, size, call.Function == Intrinsic.UserStack ? UserStackFlag : 0);
        var result = Ir.Arithmetic(IrOperation.ShiftRightLogical, bytes, 3);
        var failed = Ir.NewBlock("nostack");
        var done = Ir.NewBlock("frames");
        Ir.Branch(Condition.SignedLess, bytes, 0, failed, done);
        Ir.MoveTo(failed);
        Ir.Move(result, 0);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return result;
    }

    void UserStackInto(SymbolicType type, IrAddress to)
    {
        Ir.Store(Size.Double, to, StackId(type.Stack, isUser: true));
        Ir.Store(Size.Double, to.Plus(8), HostProcess());
    }
}
