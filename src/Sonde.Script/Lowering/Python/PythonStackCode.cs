using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>What is asked of the current thread's Python frames.</summary>
enum PythonLook
{
    /// <summary>The stack's number, under which user space has it, or what <see cref="PythonStackRecord"/> has instead of one.</summary>
    Stack,

    /// <summary>How many frames the stack has.</summary>
    Depth,

    /// <summary>The innermost frame's code object; 0 for none.</summary>
    Code,

    /// <summary>The line the innermost frame is at; 0 for none.</summary>
    Line,

    /// <summary>The innermost frame's address; 0 for none.</summary>
    Frame,
}

/// <summary>
/// Walks the Python stack of the current thread, in any probe that runs in its context. Everything it reads is user memory that may change, vanish or lie:
/// reads fail softly, loops are bounded, and what could not be read is counted.
/// </summary>
/// <remarks>
/// A stack is hashed while it is walked. One whose hash is not known yet is sent to user space, after the names of its functions that were not sent yet;
/// from then on its hash is all there is to do. The frames' code objects are part of the hash with what tells them from others at the same address.
/// </remarks>
/// <param name="program">Takes the functions.</param>
/// <param name="maps">The maps.</param>
/// <param name="sends">Where records go, and what they ask for.</param>
/// <param name="threads">Where the kernel keeps what threads are told by; null when only frames in hand are walked.</param>
sealed class PythonStackCode(IrProgram program, PythonMaps maps, PythonSends sends, KernelThreadLayout? threads)
{
    const int StackAhead = 8;

    readonly Dictionary<PythonLook, IrFunction> _looks = [];
    IrFunction? _find;
    IrFunction? _turn;
    IrFunction? _tellTurn;

    /// <summary>Writes a look at the frames of the current thread.</summary>
    /// <param name="ir">Where it is asked.</param>
    /// <param name="look">What is asked.</param>
    /// <param name="limit">At most how many frames.</param>
    /// <param name="frame">The innermost frame if it is in hand; else 0.</param>
    /// <param name="image">The interpreter's number, if the frame is in hand.</param>
    public VirtualRegister Write(IrBuilder ir, PythonLook look, int limit, IrOperand frame, int image)
    {
        if (!_looks.TryGetValue(look, out var function))
        {
            _looks.Add(look, function = WriteLook(look));
        }

        var result = ir.Function.NewRegister();
        ir.Add(new IrCallFunction(result, function, [limit, frame, image]));
        return result;
    }

    IrFunction WriteLook(PythonLook look)
    {
        var function = new IrFunction($"python_{look.ToString().ToLowerInvariant()}", 3);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var (limit, frame, image) = (function.Parameters[0], function.Parameters[1], function.Parameters[2]);
        var holder = function.NewSlot("walk", 8);
        var result = ir.Constant(0);
        var (taken, busy, find, found, walked, release, done) =
            (ir.NewBlock("taken"), ir.NewBlock("busy"), ir.NewBlock("find"), ir.NewBlock("found"), ir.NewBlock("walked"), ir.NewBlock("release"), ir.NewBlock("done"));
        var walk = TakeWalk(ir, taken, busy);

        ir.MoveTo(taken);
        var process = ir.Arithmetic(IrOperation.ShiftRightLogical, ir.Call(Helper.GetCurrentPidTgid), 32);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkProcess), process);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkHash), process);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkFrameAddress), frame);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkImage), image);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkLimit), limit);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkTold), 0);
        ir.Store(Size.Double, InStack(walk, PythonStackRecord.Count), 0);
        ir.Store(Size.Double, InStack(walk, PythonStackRecord.Image), 0);
        ir.Store(Size.Double, new IrAddress(holder), walk);
        ir.Branch(Condition.NotEqual, frame, 0, found, find);

        ir.MoveTo(find);
        if (threads is not null)
        {
            var there = function.NewRegister();
            ir.Add(new IrCallFunction(there, _find ??= new PythonThreadSearch(program, maps, sends, threads).Write(), [walk]));
            var missing = ir.NewBlock("missing");
            ir.Branch(Condition.Equal, there, PythonThreadSearch.Found, found, missing);
            ir.MoveTo(missing);
            if (look == PythonLook.Stack)
            {
                ir.Move(result, there);
            }

            ir.Jump(release);
        }
        else
        {
            ir.Jump(release);
        }

        ir.MoveTo(found);
        // Frames that are the interpreter's own do not count.
        var turns = ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Multiply, limit, 2), StackAhead);
        ir.Add(new IrCallHelper(null, Helper.Loop, [turns, _turn ??= WriteTurn(), holder, 0]));
        var count = ir.Load(Size.Double, InStack(walk, PythonStackRecord.Count));
        CountUnreadable(ir, walk, look == PythonLook.Stack ? result : null);
        ir.Branch(Condition.Equal, count, 0, release, walked);
        ir.MoveTo(walked);
        switch (look)
        {
            case PythonLook.Stack:
                WriteStack(ir, walk, holder, result, release);
                break;
            case PythonLook.Depth:
                ir.Move(result, count);
                break;
            case PythonLook.Code:
                ir.Add(new IrCallHelper(null, Helper.Loop, [1, TellTurn, holder, 0]));
                ir.Move(result, ir.Load(Size.Double, InStack(walk, PythonStackRecord.Frames + PythonStackRecord.FrameCode)));
                break;
            case PythonLook.Line:
                ir.Move(result, ir.Load(Size.Double, InStack(walk, PythonStackRecord.Frames + PythonStackRecord.FrameLine)));
                break;
            case PythonLook.Frame:
                ir.Move(result, ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkFound)));
                break;
        }

        ir.Jump(release);
        ir.MoveTo(release);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkInUse), 0);
        ir.Jump(done);
        ir.MoveTo(busy);
        sends.CountLoss(ir, LossKind.Stack);
        ir.Move(result, look == PythonLook.Stack ? PythonStackRecord.Unknown : 0);
        ir.Jump(done);
        ir.MoveTo(done);
        ir.Return(result);
        return function;
    }

    IrFunction TellTurn => _tellTurn ??= WriteTellTurn();

    static IrAddress InStack(VirtualRegister walk, int offset) => new(walk, PythonMaps.WalkStack + offset);

    /// <summary>Takes one of the processor's memories for walks: programs that were interrupted may be at the others.</summary>
    VirtualRegister TakeWalk(IrBuilder ir, BasicBlock taken, BasicBlock busy)
    {
        var walk = ir.Function.NewRegister();
        var key = ir.Function.NewSlot("key", 8);
        for (var i = 0; i < PythonMaps.Walks; i++)
        {
            var (there, next) = (ir.NewBlock("walk_there"), ir.NewBlock("walk_next"));
            ir.Store(Size.Word, new IrAddress(key), i);
            ir.Move(walk, ir.Call(Helper.MapLookupElem, maps.Walk!, key));
            ir.Branch(Condition.Equal, walk, 0, busy, there);
            ir.MoveTo(there);
            var before = ir.Function.NewRegister();
            ir.Add(new IrAtomic(IrAtomicOperation.Exchange, Size.Double, new IrAddress(walk, PythonMaps.WalkInUse), ir.Constant(1), before));
            ir.Branch(Condition.Equal, before, 0, taken, next);
            ir.MoveTo(next);
        }

        ir.Jump(busy);
        return walk;
    }

    void CountUnreadable(IrBuilder ir, VirtualRegister walk, VirtualRegister? result)
    {
        var (lost, fine) = (ir.NewBlock("unreadable"), ir.NewBlock("readable"));
        ir.Branch(Condition.Equal, ir.Load(Size.Word, InStack(walk, PythonStackRecord.End)), (int)PythonStackEnd.Unreadable, lost, fine);
        ir.MoveTo(lost);
        sends.CountLoss(ir, LossKind.Python);
        if (result is { } answer)
        {
            ir.Move(answer, PythonStackRecord.Unknown);
        }

        ir.Jump(fine);
        ir.MoveTo(fine);
    }

    /// <summary>The number of the stack walked; sends the stack if it is new.</summary>
    void WriteStack(IrBuilder ir, VirtualRegister walk, StackSlot holder, VirtualRegister result, BasicBlock release)
    {
        var number = ir.Function.NewSlot("number", 8);
        var (missing, kept, sent, lost) = (ir.NewBlock("stack_new"), ir.NewBlock("stack_known"), ir.NewBlock("stack_sent"), ir.NewBlock("stack_lost"));
        var end = ir.Load(Size.Word, InStack(walk, PythonStackRecord.End));
        var hash = ir.Arithmetic(IrOperation.Or, ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkHash)), ir.Arithmetic(IrOperation.ShiftLeft, end, 1)), 1);
        ir.Store(Size.Double, new IrAddress(number), hash);
        ir.Branch(Condition.Equal, ir.Call(Helper.MapLookupElem, maps.Known!, number), 0, missing, kept);

        ir.MoveTo(missing);
        ir.Add(new IrCallHelper(null, Helper.Loop, [ir.Load(Size.Double, InStack(walk, PythonStackRecord.Count)), TellTurn, holder, 0]));
        ir.Store(Size.Double, InStack(walk, 0), sends.StackAction);
        ir.Store(Size.Double, InStack(walk, PythonStackRecord.Number), ir.Load(Size.Double, new IrAddress(number)));
        ir.Store(Size.Double, InStack(walk, PythonStackRecord.Process), ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkProcess)));
        ir.Store(Size.Word, InStack(walk, PythonStackRecord.Image), ir.Load(Size.Word, new IrAddress(walk, PythonMaps.WalkImage)));
        var count = ir.Load(Size.Double, InStack(walk, PythonStackRecord.Count));
        var (fits, tooMany) = (ir.NewBlock("fits"), ir.NewBlock("too_many"));
        ir.Branch(Condition.LessOrEqual, count, maps.StackDepth, fits, tooMany);
        ir.MoveTo(tooMany);
        ir.Jump(release);
        ir.MoveTo(fits);
        var bytes = ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Multiply, count, PythonStackRecord.FrameSize), PythonStackRecord.Frames);
        var answer = ir.Call(Helper.RingbufOutput, sends.Ring, InStack(walk, 0), bytes, 0);
        ir.Branch(Condition.Equal, answer, 0, sent, lost);
        ir.MoveTo(sent);
        ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [maps.Known!, number, InStack(walk, PythonStackRecord.Count), 0]));
        ir.Jump(kept);
        ir.MoveTo(lost);
        sends.CountLoss(ir, LossKind.Stack);
        ir.Move(result, PythonStackRecord.Unknown);
        ir.Jump(release);
        ir.MoveTo(kept);
        ir.Move(result, ir.Load(Size.Double, new IrAddress(number)));
    }

    /// <summary>One frame. Where the walk stands is in map memory, so that the verifier looks at one turn only.</summary>
    IrFunction WriteTurn()
    {
        var findLine = new PythonLineCode(program, maps).Write();
        var function = new IrFunction("python_walk", 2);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var walk = ir.Load(Size.Double, new IrAddress(function.Parameters[1]));
        var row = PythonRows.Find(ir, maps, walk);
        var frame = ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkFrameAddress));
        var (there, end, read, skip, own, unreadable, store, more, room) =
            (ir.NewBlock("frame"), ir.NewBlock("end"), ir.NewBlock("frame_read"), ir.NewBlock("skip"), ir.NewBlock("own"), ir.NewBlock("unreadable"), ir.NewBlock("store"), ir.NewBlock("more"), ir.NewBlock("room"));
        ir.Branch(Condition.Equal, frame, 0, end, there);
        ir.MoveTo(there);
        var bytes = new IrAddress(walk, PythonMaps.WalkFrame);
        ir.Branch(Condition.NotEqual, PythonRows.Read(ir, row, bytes, frame, PythonImageRow.FrameStart, PythonImageRow.FrameSize), 0, unreadable, read);
        ir.MoveTo(read);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkFrameAddress), PythonRows.Field(ir, row, walk, PythonMaps.WalkFrame, PythonImageRow.InFramePrevious));
        var owner = PythonRows.Field(ir, row, walk, PythonMaps.WalkFrame, PythonImageRow.InFrameOwner, Size.Byte);
        ir.Branch(Condition.GreaterOrEqual, owner, PythonRows.Number(ir, row, PythonImageRow.OwnerLimit), skip, own);
        ir.MoveTo(skip);
        ir.Return(0);

        ir.MoveTo(own);
        var tagged = PythonRows.Field(ir, row, walk, PythonMaps.WalkFrame, PythonImageRow.InFrameCode);
        var code = ir.Arithmetic(IrOperation.Subtract, tagged, ir.Arithmetic(IrOperation.And, tagged, PythonRows.Number(ir, row, PythonImageRow.CodeTag)));
        var count = ir.Load(Size.Double, InStack(walk, PythonStackRecord.Count));
        ir.Branch(Condition.GreaterOrEqual, count, ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkLimit)), more, room);
        ir.MoveTo(room);
        ir.Branch(Condition.NotEqual, PythonRows.Read(ir, row, new IrAddress(walk, PythonMaps.WalkCode), code, PythonImageRow.CodeStart, PythonImageRow.CodeSize), 0, unreadable, store);
        ir.MoveTo(store);
        var identity = PythonRows.Identity(ir, row, walk, PythonMaps.WalkCode);
        var (index, address, stored) = (ir.NewBlock("index"), ir.NewBlock("address"), ir.NewBlock("stored"));
        var instruction = ir.Function.NewRegister();
        ir.Branch(Condition.NotEqual, PythonRows.Number(ir, row, PythonImageRow.InstructionIsIndex), 0, index, address);
        ir.MoveTo(index);
        ir.Move(instruction, PythonRows.Field(ir, row, walk, PythonMaps.WalkFrame, PythonImageRow.InFrameInstruction, Size.Word));
        ir.Jump(stored);
        ir.MoveTo(address);
        ir.Move(instruction, PythonRows.Field(ir, row, walk, PythonMaps.WalkFrame, PythonImageRow.InFrameInstruction));
        ir.Jump(stored);
        ir.MoveTo(stored);
        var line = ir.Function.NewRegister();
        ir.Add(new IrCallFunction(line, findLine, [walk, code, instruction, identity]));
        var within = ir.NewBlock("within");
        ir.Branch(Condition.GreaterOrEqual, count, maps.StackDepth, more, within);
        ir.MoveTo(within);
        var first = ir.NewBlock("first");
        var rest = ir.NewBlock("rest");
        ir.Branch(Condition.Equal, count, 0, first, rest);
        ir.MoveTo(first);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkFound), frame);
        ir.Jump(rest);
        ir.MoveTo(rest);
        var place = ir.Arithmetic(IrOperation.Add, walk, ir.Arithmetic(IrOperation.Multiply, count, PythonStackRecord.FrameSize));
        ir.Store(Size.Double, InStack(place, PythonStackRecord.Frames + PythonStackRecord.FrameCode), code);
        ir.Store(Size.Double, InStack(place, PythonStackRecord.Frames + PythonStackRecord.FrameLine), line);
        ir.Store(Size.Double, InStack(place, PythonStackRecord.Frames + PythonStackRecord.FrameIdentity), identity);
        var hash = ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkHash));
        hash = Mix(ir, hash, ir.Arithmetic(IrOperation.Xor, code, identity));
        hash = Mix(ir, hash, line);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkHash), hash);
        ir.Store(Size.Double, InStack(walk, PythonStackRecord.Count), ir.Arithmetic(IrOperation.Add, count, 1));
        ir.Return(0);

        ir.MoveTo(more);
        ir.Store(Size.Word, InStack(walk, PythonStackRecord.End), (int)PythonStackEnd.More);
        ir.Jump(end);
        ir.MoveTo(unreadable);
        ir.Store(Size.Word, InStack(walk, PythonStackRecord.End), (int)PythonStackEnd.Unreadable);
        ir.Jump(end);
        ir.MoveTo(end);
        ir.Return(1);
        return function;
    }

    static VirtualRegister Mix(IrBuilder ir, VirtualRegister hash, VirtualRegister value)
    {
        var factor = ir.Constant(unchecked((long)0x9e3779b97f4a7c15));
        hash = ir.Arithmetic(IrOperation.Multiply, ir.Arithmetic(IrOperation.Xor, hash, value), factor);
        return ir.Arithmetic(IrOperation.Xor, hash, ir.Arithmetic(IrOperation.ShiftRightLogical, hash, 29));
    }

    /// <summary>Has the names of one frame's code object sent if they were not yet.</summary>
    IrFunction WriteTellTurn()
    {
        var tell = new PythonTeller(program, maps, sends).Write();
        var function = new IrFunction("python_tell_turn", 2);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var walk = ir.Load(Size.Double, new IrAddress(function.Parameters[1]));
        var told = ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkTold));
        var (within, end, found, fresh, next) = (ir.NewBlock("within"), ir.NewBlock("end"), ir.NewBlock("found"), ir.NewBlock("fresh"), ir.NewBlock("next"));
        ir.Branch(Condition.GreaterOrEqual, told, maps.StackDepth, end, within);
        ir.MoveTo(within);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkTold), ir.Arithmetic(IrOperation.Add, told, 1));
        var place = ir.Arithmetic(IrOperation.Add, walk, ir.Arithmetic(IrOperation.Multiply, told, PythonStackRecord.FrameSize));
        var code = ir.Load(Size.Double, InStack(place, PythonStackRecord.Frames + PythonStackRecord.FrameCode));
        var identity = ir.Load(Size.Double, InStack(place, PythonStackRecord.Frames + PythonStackRecord.FrameIdentity));
        var key = function.NewSlot("code_key", PythonMaps.CodeKeySize);
        ir.Store(Size.Double, new IrAddress(key), code);
        ir.Store(Size.Double, new IrAddress(key, 8), ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkProcess)));
        var value = ir.Call(Helper.MapLookupElem, maps.Told!, key);
        ir.Branch(Condition.Equal, value, 0, fresh, found);
        ir.MoveTo(found);
        ir.Branch(Condition.Equal, ir.Load(Size.Double, new IrAddress(value)), identity, next, fresh);
        ir.MoveTo(fresh);
        ir.Add(new IrCallFunction(null, tell, [walk, code]));
        ir.Jump(next);
        ir.MoveTo(next);
        ir.Return(0);
        ir.MoveTo(end);
        ir.Return(1);
        return function;
    }
}
