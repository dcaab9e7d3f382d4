using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Stacks.</summary>
sealed partial class ProgramLowerer
{
    readonly Dictionary<int, Native.EhFrameUnwinder> _unwinders = [];

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
        var taken = _script.MeasuresStacks ? Ir.NewBlock("measured") : done;
        Ir.Branch(Condition.SignedGreaterOrEqual, id, 0, taken, failed);
        if (_script.MeasuresStacks)
        {
            Ir.MoveTo(taken);
            var frames = Ir.Arithmetic(IrOperation.ShiftLeft, CountFrames(shape.Depth, isUser), 32);
            Ir.Move(id, Ir.Arithmetic(IrOperation.Or, id, frames));
            Ir.Jump(done);
        }

        Ir.MoveTo(failed);
        // A hit in user mode has no kernel stack, and a kernel thread no user stack: nothing is lost there.
        Ir.Branch(Condition.Equal, id, NoStack, done, lost);
        Ir.MoveTo(lost);
        CountLoss(LossKind.Stack);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return id;
    }

    /// <summary>How many frames a stack has: counted now for one that is taken now, else as it was stored.</summary>
    IrOperand StackLength(BoundExpression stack)
    {
        if (stack is BoundCall { Function: Intrinsic.PythonStack, Type: SymbolicType { Stack.Depth: var limit } })
        {
            return PythonLookAt(PythonLook.Depth, limit);
        }

        var type = (SymbolicType)stack.Type;
        if (stack is BoundCall { Function: Intrinsic.KernelStack or Intrinsic.UserStack } call)
        {
            return type.Stack.ByTables ? UnwoundLength(type.Stack) : CountFrames(type.Stack.Depth, call.Function == Intrinsic.UserStack);
        }

        var number = _frame.Function.NewRegister();
        Ir.Move(number, type.IsScalar ? Scalar(stack) : Ir.Load(Size.Double, Place(stack)));
        if (type.Kind == SymbolicKind.PythonStack)
        {
            return KeptLength(_script.Python(CountLoss).Maps.Known!, number, Condition.LessOrEqual, PythonStackRecord.Unknown);
        }

        if (type.Stack.ByTables)
        {
            return KeptLength(_script.Stacks(type.Stack), number, Condition.SignedLess, 0);
        }

        var result = Ir.Arithmetic(IrOperation.ShiftRightLogical, number, 32);
        NoneIfNegative(number, result);
        return result;
    }

    /// <summary>How many frames the stack of a number has in a map that begins its values with that; one that the map has not any more is counted.</summary>
    /// <param name="noneIf">Compared with <paramref name="limit"/>, tells the numbers that stand for no stack.</param>
    VirtualRegister KeptLength(MapSpec map, VirtualRegister number, Condition noneIf, int limit)
    {
        var (asked, gone, kept, done) = (Ir.NewBlock("stack_taken"), Ir.NewBlock("stack_gone"), Ir.NewBlock("stack_kept"), Ir.NewBlock("stack_length"));
        var key = Ir.NewSlot("stack_key", 8);
        var result = Ir.Constant(0);
        Ir.Store(Size.Double, new IrAddress(key), number);
        Ir.Branch(noneIf, number, limit, done, asked);
        Ir.MoveTo(asked);
        var value = Ir.Call(Helper.MapLookupElem, map, key);
        Ir.Branch(Condition.Equal, value, 0, gone, kept);
        Ir.MoveTo(kept);
        Ir.Move(result, Ir.Load(Size.Double, new IrAddress(value)));
        Ir.Jump(done);
        Ir.MoveTo(gone);
        CountLoss(LossKind.Stack);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return result;
    }

    VirtualRegister CountFrames(int depth, bool isUser)
    {
        var size = checked(depth * sizeof(long));
        var frames = ScratchTemporary(size);
        var bytes = Ir.Call(Helper.GetStack, Context(), frames, size, isUser ? UserStackFlag : 0);
        var result = Ir.Arithmetic(IrOperation.ShiftRightLogical, bytes, 3);
        NoneIfNegative(bytes, result);
        return result;
    }

    void NoneIfNegative(VirtualRegister answer, VirtualRegister count)
    {
        var failed = Ir.NewBlock("nostack");
        var done = Ir.NewBlock("frames");
        Ir.Branch(Condition.SignedLess, answer, 0, failed, done);
        Ir.MoveTo(failed);
        Ir.Move(count, 0);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }

    /// <summary>The number of a stack by unwind tables, -1 when it could not be taken.</summary>
    VirtualRegister UnwoundStackId(StackShape shape)
    {
        var (busy, there, store, kept, lost, release, done) =
            (Ir.NewBlock("unwind_busy"), Ir.NewBlock("unwound_stack"), Ir.NewBlock("unwound_new"), Ir.NewBlock("unwound_kept"), Ir.NewBlock("unwound_lost"), Ir.NewBlock("unwind_release"), Ir.NewBlock("unwound_done"));
        var result = Ir.Function.NewRegister();
        Ir.Move(result, -1);
        var walk = Walk(shape, busy);
        var number = Ir.NewSlot("stack_number", 8);
        Ir.Branch(Condition.Equal, Ir.Load(Size.Double, new IrAddress(walk, Native.UnwindMaps.WalkStack)), 0, release, there);

        // Cleared, so that a number that is kept with a stack is never negative, as one that tells of a failure.
        Ir.MoveTo(there);
        var hash = Ir.Arithmetic(IrOperation.ShiftRightLogical, Ir.Load(Size.Double, new IrAddress(walk, Native.UnwindMaps.WalkHash)), 1);
        Ir.Store(Size.Double, new IrAddress(number), hash);
        var known = Ir.Call(Helper.MapLookupElem, _script.Stacks(shape), number);
        Ir.Branch(Condition.Equal, known, 0, store, kept);
        Ir.MoveTo(store);
        var answer = Ir.Call(Helper.MapUpdateElem, _script.Stacks(shape), number, new IrAddress(walk, Native.UnwindMaps.WalkStack), 0);
        Ir.Branch(Condition.Equal, answer, 0, kept, lost);
        Ir.MoveTo(kept);
        Ir.Move(result, Ir.Load(Size.Double, new IrAddress(number)));
        Ir.Jump(release);
        Ir.MoveTo(lost);
        CountLoss(LossKind.Stack);
        Ir.Jump(release);
        Ir.MoveTo(release);
        Native.EhFrameUnwinder.Release(Ir, walk);
        Ir.Jump(done);
        Ir.MoveTo(busy);
        CountLoss(LossKind.Stack);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return result;
    }

    /// <summary>How many frames a stack by unwind tables has that is taken now; 0 when it could not be.</summary>
    VirtualRegister UnwoundLength(StackShape shape)
    {
        var (busy, done) = (Ir.NewBlock("unwind_busy"), Ir.NewBlock("unwound_done"));
        var result = Ir.Function.NewRegister();
        Ir.Move(result, 0);
        var walk = Walk(shape, busy);
        Ir.Move(result, Ir.Load(Size.Double, new IrAddress(walk, Native.UnwindMaps.WalkStack)));
        Native.EhFrameUnwinder.Release(Ir, walk);
        Ir.Jump(done);
        Ir.MoveTo(busy);
        CountLoss(LossKind.Stack);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return result;
    }

    /// <summary>Takes a stack by unwind tables; one that had to end early is counted.</summary>
    VirtualRegister Walk(StackShape shape, BasicBlock busy)
    {
        if (!_unwinders.TryGetValue(shape.Depth, out var unwinder))
        {
            unwinder = new Native.EhFrameUnwinder(_program, _script.Unwind(), shape.Depth);
            _unwinders.Add(shape.Depth, unwinder);
        }

        var (early, whole) = (Ir.NewBlock("unwound_early"), Ir.NewBlock("unwound_whole"));
        var walk = unwinder.Walk(Ir, HostProcess(), busy);
        var end = Ir.Load(Size.Double, new IrAddress(walk, Native.UnwindMaps.WalkEnd));
        var other = Ir.NewBlock("unwound_other");
        Ir.Branch(Condition.Equal, end, (int)Native.UnwindEnd.Complete, whole, other);
        Ir.MoveTo(other);
        Ir.Branch(Condition.Equal, end, (int)Native.UnwindEnd.NoUser, whole, early);
        Ir.MoveTo(early);
        CountLoss(LossKind.Unwind);
        Ir.Jump(whole);
        Ir.MoveTo(whole);
        return walk;
    }

    void UserStackInto(SymbolicType type, IrAddress to)
    {
        Ir.Store(Size.Double, to, type.Stack.ByTables ? UnwoundStackId(type.Stack) : StackId(type.Stack, isUser: true));
        Ir.Store(Size.Double, to.Plus(8), HostProcess());
    }
}
