using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>The Python stack of the current thread, kept once for each different stack under a hash of it.</summary>
sealed partial class PythonProbeCode
{
    /// <summary>The owners of frames from this on are the interpreter's own, with no code of the program in them (3.11 and later).</summary>
    const int InterpreterOwner = 3;

    /// <summary>Stores pystack_t: the stack's number, the process. The number is 0 when the stack could not be kept, which is counted.</summary>
    public void StoreStack(IrAddress to)
    {
        var (found, free, busy, walked, missing, kept, lost, release, done) =
            (_ir.NewBlock("walk"), _ir.NewBlock("walk_free"), _ir.NewBlock("walk_busy"), _ir.NewBlock("walked"), _ir.NewBlock("stack_new"), _ir.NewBlock("stack_kept"),
            _ir.NewBlock("stack_lost"), _ir.NewBlock("walk_release"), _ir.NewBlock("stack_done"));
        var zero = _ir.Function.NewSlot("zero", 8);
        var holder = _ir.Function.NewSlot("walk", 8);
        var number = _ir.Function.NewSlot("stack_number", 8);
        _ir.Store(Size.Double, to, 0);
        _ir.Store(Size.Double, to.Plus(8), _process);
        _ir.Store(Size.Word, new IrAddress(zero), 0);
        var walk = _ir.Call(Helper.MapLookupElem, _maps.Walk!, zero);
        _ir.Branch(Condition.Equal, walk, 0, busy, found);

        // Another program that was interrupted on this processor may be at it.
        _ir.MoveTo(found);
        var before = _ir.Function.NewRegister();
        _ir.Add(new IrAtomic(IrAtomicOperation.Exchange, Size.Double, new IrAddress(walk, PythonMaps.WalkInUse), _ir.Constant(1), before));
        _ir.Branch(Condition.Equal, before, 0, free, busy);

        _ir.MoveTo(free);
        _ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkCurrent), _frame);
        _ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkHash), 0);
        _ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkProcess), _process);
        _ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkStack), 0);
        _ir.Store(Size.Double, new IrAddress(holder), walk);
        _ir.Add(new IrCallHelper(null, Helper.Loop, [_maps.StackDepth * 2, WriteWalkTurn(), holder, 0]));
        _ir.Jump(walked);

        _ir.MoveTo(walked);
        var hash = _ir.Arithmetic(IrOperation.Or, _ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkHash)), 1);
        _ir.Store(Size.Double, new IrAddress(number), hash);
        var known = _ir.Call(Helper.MapLookupElem, _maps.Stacks!, number);
        _ir.Branch(Condition.Equal, known, 0, missing, kept);
        _ir.MoveTo(missing);
        var answer = _ir.Call(Helper.MapUpdateElem, _maps.Stacks!, number, new IrAddress(walk, PythonMaps.WalkStack), 0);
        _ir.Branch(Condition.Equal, answer, 0, kept, lost);
        _ir.MoveTo(kept);
        _ir.Store(Size.Double, to, hash);
        _ir.Jump(release);
        _ir.MoveTo(lost);
        _sends.CountLoss(_ir, LossKind.Stack);
        _ir.Jump(release);
        _ir.MoveTo(release);
        _ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkInUse), 0);
        _ir.Jump(done);
        _ir.MoveTo(busy);
        _sends.CountLoss(_ir, LossKind.Stack);
        _ir.Jump(done);
        _ir.MoveTo(done);
    }

    /// <summary>One frame. Where the walk stands is in map memory, so that the verifier looks at one turn only.</summary>
    IrFunction WriteWalkTurn()
    {
        var function = new IrFunction("walk_frame", 2);
        _program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var walk = ir.Load(Size.Double, new IrAddress(function.Parameters[1]));
        var frame = ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkCurrent));
        var bytes = new IrAddress(walk, PythonMaps.WalkFrame);
        var (there, end, read, skip, own, store, room, next) =
            (ir.NewBlock("frame"), ir.NewBlock("end"), ir.NewBlock("frame_read"), ir.NewBlock("skip"), ir.NewBlock("own"), ir.NewBlock("store"), ir.NewBlock("room"), ir.NewBlock("next"));
        ir.Branch(Condition.Equal, frame, 0, end, there);
        ir.MoveTo(there);
        ir.Branch(Condition.NotEqual, ir.Call(Helper.ProbeReadUser, bytes, FrameSize, ir.Arithmetic(IrOperation.Add, frame, FrameStart)), 0, end, read);
        ir.MoveTo(read);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkCurrent), ir.Load(Size.Double, bytes.Plus(Layout.FramePrevious - FrameStart)));
        if (Layout.FrameOwner is { } owner)
        {
            ir.Branch(Condition.GreaterOrEqual, ir.Load(Size.Byte, bytes.Plus(owner - FrameStart)), InterpreterOwner, skip, own);
        }
        else
        {
            ir.Jump(own);
        }

        ir.MoveTo(skip);
        ir.Return(0);
        ir.MoveTo(own);
        var code = ir.Arithmetic(IrOperation.And, ir.Load(Size.Double, bytes.Plus(Layout.FrameCode - FrameStart)), ~Layout.CodeTagMask);
        Know(ir, function, walk, code, store, end);
        ir.MoveTo(store);
        var count = ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkStack));
        ir.Branch(Condition.GreaterOrEqual, count, _maps.StackDepth, end, room);
        ir.MoveTo(room);
        var place = ir.Arithmetic(IrOperation.Add, walk, ir.Arithmetic(IrOperation.Multiply, count, PythonMaps.FrameSize));
        var instruction = Layout.FrameOwner is null
            ? ir.Load(Size.Word, bytes.Plus(Layout.FrameInstruction - FrameStart))
            : ir.Load(Size.Double, bytes.Plus(Layout.FrameInstruction - FrameStart));
        ir.Store(Size.Double, new IrAddress(place, PythonMaps.WalkStack + PythonMaps.StackFrames), code);
        ir.Store(Size.Double, new IrAddress(place, PythonMaps.WalkStack + PythonMaps.StackFrames + 8), instruction);
        var factor = ir.Constant(unchecked((long)0x9e3779b97f4a7c15));
        var hash = ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkHash));
        hash = ir.Arithmetic(IrOperation.Multiply, ir.Arithmetic(IrOperation.Xor, hash, code), factor);
        hash = ir.Arithmetic(IrOperation.Multiply, ir.Arithmetic(IrOperation.Xor, hash, ir.Arithmetic(IrOperation.Xor, instruction, ir.Arithmetic(IrOperation.ShiftRightLogical, hash, 32))), factor);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkHash), hash);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkStack), ir.Arithmetic(IrOperation.Add, count, 1));
        ir.Jump(next);
        ir.MoveTo(next);
        ir.Return(0);
        ir.MoveTo(end);
        ir.Return(1);
        return function;
    }

    /// <summary>Has a code object's names sent if they were not yet.</summary>
    void Know(IrBuilder ir, IrFunction function, VirtualRegister walk, VirtualRegister code, BasicBlock known, BasicBlock end)
    {
        var (start, size) = PythonRegistrar.CodeRange(Layout);
        var chunk = new IrAddress(walk, PythonMaps.WalkCode);
        var key = function.NewSlot("code_key", PythonMaps.CodeKeySize);
        var process = ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkProcess));
        var (read, found, fresh) = (ir.NewBlock("code_read"), ir.NewBlock("code_found"), ir.NewBlock("code_new"));
        ir.Branch(Condition.NotEqual, ir.Call(Helper.ProbeReadUser, chunk, size, ir.Arithmetic(IrOperation.Add, code, start)), 0, end, read);
        ir.MoveTo(read);
        ir.Store(Size.Double, new IrAddress(key), code);
        ir.Store(Size.Double, new IrAddress(key, 8), process);
        var value = ir.Call(Helper.MapLookupElem, _maps.Codes, key);
        ir.Branch(Condition.Equal, value, 0, fresh, found);
        ir.MoveTo(found);
        ir.Branch(Condition.Equal, ir.Load(Size.Double, new IrAddress(value, PythonMaps.CodeIdentity)), PythonRegistrar.Identity(ir, Layout, chunk), known, fresh);
        ir.MoveTo(fresh);
        ir.Add(new IrCallFunction(null, _register, [code, process]));
        ir.Jump(known);
    }
}
