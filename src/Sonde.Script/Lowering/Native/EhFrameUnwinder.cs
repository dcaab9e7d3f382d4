using Sonde.Bpf;
using Sonde.Script.Ir;
using Sonde.Symbols.Unwind;

namespace Sonde.Script.Lowering.Native;

/// <summary>
/// Walks the stack of the current thread's machine code by unwind tables, in the kernel (x86-64, Linux 5.17+ with BTF). Where a table is missing it follows frame pointers, and
/// asks for the tables of the process (<see cref="UnwindMaps.Wanted"/>).
/// </summary>
/// <param name="program">The program that gets the functions of the walk.</param>
/// <param name="maps">The maps it uses.</param>
/// <param name="depth">The most frames of a stack.</param>
/// <remarks>It starts from the registers with which the thread entered the kernel, whatever interrupted it there, so it serves every kind of program that can name the current task.</remarks>
sealed class EhFrameUnwinder(IrProgram program, UnwindMaps maps, int depth = UnwindMaps.MostFrames)
{
    // struct pt_regs of x86-64, arch/x86/include/asm/ptrace.h
    const int RegistersBp = 32, RegistersIp = 128, RegistersCs = 136, RegistersSp = 152;

    /// <summary>Halving so often finds any of the mappings, and of as many rows as a map can hold.</summary>
    const int MappingTurns = 10, RowTurns = 27;

    IrFunction? _step;

    /// <summary>Takes the stack; go on in the block the builder stands in then.</summary>
    /// <param name="ir">Where it is taken.</param>
    /// <param name="process">The current process, in the host's numbering.</param>
    /// <param name="busy">Where to go on when this processor's memory for walks is in use.</param>
    /// <returns>The memory of the walk, which holds the result (<see cref="UnwindMaps.WalkStack"/>, <see cref="UnwindMaps.WalkHash"/>, <see cref="UnwindMaps.WalkEnd"/>) until <see cref="Release"/>.</returns>
    public VirtualRegister Walk(IrBuilder ir, IrOperand process, BasicBlock busy)
    {
        var (found, free, user, unknown, known, give, start, done) =
            (ir.NewBlock("unwind"), ir.NewBlock("unwind_free"), ir.NewBlock("unwind_user"), ir.NewBlock("unwind_unknown"), ir.NewBlock("unwind_known"), ir.NewBlock("unwind_give"), ir.NewBlock("unwind_start"), ir.NewBlock("unwound"));
        var key = ir.Function.NewSlot("unwind_key", 8);
        var value = ir.Function.NewSlot("unwind_wanted", 8);
        var context = ir.Function.NewSlot("unwind", 16);
        ir.Store(Size.Double, new IrAddress(key), 0);
        var walk = ir.Call(Helper.MapLookupElem, maps.Walk, key);
        ir.Branch(Condition.Equal, walk, 0, busy, found);

        // Another program that was interrupted on this processor may be at it.
        ir.MoveTo(found);
        var before = ir.Function.NewRegister();
        ir.Add(new IrAtomic(IrAtomicOperation.Exchange, Size.Double, new IrAddress(walk, UnwindMaps.WalkInUse), ir.Constant(1), before));
        ir.Branch(Condition.Equal, before, 0, free, busy);

        ir.MoveTo(free);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkHash), 0);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkStack), 0);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkEnd), (long)UnwindEnd.NoUser);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkExact), 1);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkProcess), process);
        var registers = ir.Call(Helper.TaskPtRegs, ir.Call(Helper.GetCurrentTaskBtf));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkPc), ir.Load(Size.Double, new IrAddress(registers, RegistersIp)));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkSp), ir.Load(Size.Double, new IrAddress(registers, RegistersSp)));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkBp), ir.Load(Size.Double, new IrAddress(registers, RegistersBp)));
        // What a kernel thread has in that place are no registers of user mode (privilege level 3).
        var level = ir.Arithmetic(IrOperation.And, ir.Load(Size.Double, new IrAddress(registers, RegistersCs)), 3);
        ir.Branch(Condition.Equal, level, 3, user, done);

        ir.MoveTo(user);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkEnd), (long)UnwindEnd.Complete);
        ir.Store(Size.Word, new IrAddress(key), process);
        var mappings = ir.Function.NewRegister();
        ir.Move(mappings, ir.Call(Helper.MapLookupElem, maps.Processes, key));
        ir.Branch(Condition.Equal, mappings, 0, unknown, start);

        ir.MoveTo(unknown);
        ir.Store(Size.Double, new IrAddress(value), 1);
        ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [maps.Wanted, key, value, 0]));
        ir.Store(Size.Word, new IrAddress(key), 0);
        ir.Move(mappings, ir.Call(Helper.MapLookupElem, maps.Processes, key));
        ir.Branch(Condition.Equal, mappings, 0, give, known);
        ir.MoveTo(give);
        Release(ir, walk);
        ir.Jump(busy);
        ir.MoveTo(known);
        ir.Jump(start);

        ir.MoveTo(start);
        ir.Store(Size.Double, new IrAddress(context), walk);
        ir.Store(Size.Double, new IrAddress(context, 8), mappings);
        ir.Add(new IrCallHelper(null, Helper.Loop, [depth, _step ??= WriteStep(), context, 0]));
        ir.Jump(done);
        ir.MoveTo(done);
        return walk;
    }

    /// <summary>Gives the walk's memory back.</summary>
    public static void Release(IrBuilder ir, VirtualRegister walk) => ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkInUse), 0);

    /// <summary>One frame. Where the walk stands is in map memory, so that the verifier looks at one turn only.</summary>
    IrFunction WriteStep()
    {
        var function = new IrFunction("unwind_frame", 2);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var context = function.Parameters[1];
        var walk = ir.Load(Size.Double, new IrAddress(context));
        var (keep, follow, read, next, stop) = (ir.NewBlock("keep"), ir.NewBlock("follow"), ir.NewBlock("caller"), ir.NewBlock("next"), ir.NewBlock("stop"));
        var pc = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkPc));
        var count = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkStack));
        ir.Branch(Condition.GreaterOrEqual, count, depth, stop, keep);

        ir.MoveTo(keep);
        Keep(ir, walk, pc, count);
        var frameAddress = function.NewRegister();
        var row = FindRow(ir, context, walk, pc, follow);
        FindFrameAddress(ir, walk, row, pc, frameAddress, read, follow, stop);
        ir.MoveTo(read);
        GoToCaller(ir, walk, row, frameAddress, next, stop);
        ir.MoveTo(follow);
        FollowFramePointer(ir, walk, next, stop);

        ir.MoveTo(next);
        ir.Return(0);
        ir.MoveTo(stop);
        ir.Return(1);
        return function;
    }

    static void Keep(IrBuilder ir, VirtualRegister walk, VirtualRegister pc, VirtualRegister count)
    {
        var place = ir.Arithmetic(IrOperation.Add, walk, ir.Arithmetic(IrOperation.ShiftLeft, count, 3));
        ir.Store(Size.Double, new IrAddress(place, UnwindMaps.WalkStack + 8), pc);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkStack), ir.Arithmetic(IrOperation.Add, count, 1));
        var factor = ir.Constant(unchecked((long)0x9e3779b97f4a7c15));
        var hash = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkHash));
        hash = ir.Arithmetic(IrOperation.Multiply, ir.Arithmetic(IrOperation.Xor, hash, pc), factor);
        hash = ir.Arithmetic(IrOperation.Xor, hash, ir.Arithmetic(IrOperation.ShiftRightLogical, hash, 32));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkHash), hash);
    }

    /// <summary>The row for where the frame is; goes to <paramref name="none"/> when no table has it.</summary>
    VirtualRegister FindRow(IrBuilder ir, VirtualRegister context, VirtualRegister walk, VirtualRegister pc, BasicBlock none)
    {
        var (unmapped, some, inside, rows, found, there) =
            (ir.NewBlock("unmapped"), ir.NewBlock("mapping"), ir.NewBlock("inside"), ir.NewBlock("rows"), ir.NewBlock("row"), ir.NewBlock("row_there"));
        var mappings = ir.Load(Size.Double, new IrAddress(context, 8));
        // A return address may be the first after the function: the call before it is what counts.
        var target = ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Subtract, pc, 1), ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkExact)));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkLow), 0);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkHigh), ir.Load(Size.Double, new IrAddress(mappings)));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkTarget), target);
        ir.Add(new IrCallHelper(null, Helper.Loop, [MappingTurns, WriteMappingTurn(), context, 0]));
        var low = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkLow));
        ir.Branch(Condition.Equal, low, 0, unmapped, some);

        ir.MoveTo(some);
        var mapping = MappingAt(ir, mappings, ir.Arithmetic(IrOperation.Subtract, low, 1));
        ir.Branch(Condition.GreaterOrEqual, target, ir.Load(Size.Double, new IrAddress(mapping, UnwindMaps.Mappings + UnwindMaps.MappingEnd)), unmapped, inside);

        ir.MoveTo(unmapped);
        var key = ir.Function.NewSlot("wanted_key", 8);
        var value = ir.Function.NewSlot("wanted", 8);
        ir.Store(Size.Double, new IrAddress(key), ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkProcess)));
        ir.Store(Size.Double, new IrAddress(value), 1);
        ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [maps.Wanted, key, value, 0]));
        ir.Jump(none);

        ir.MoveTo(inside);
        var first = ir.Load(Size.Word, new IrAddress(mapping, UnwindMaps.Mappings + UnwindMaps.MappingFirstRow));
        var last = ir.Arithmetic(IrOperation.Add, first, ir.Load(Size.Word, new IrAddress(mapping, UnwindMaps.Mappings + UnwindMaps.MappingRows)));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkLow), first);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkHigh), last);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkTarget), ir.Arithmetic(IrOperation.Subtract, target, ir.Load(Size.Double, new IrAddress(mapping, UnwindMaps.Mappings + UnwindMaps.MappingBias))));
        ir.Add(new IrCallHelper(null, Helper.Loop, [RowTurns, WriteRowTurn(), context, 0]));
        var after = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkLow));
        ir.Branch(Condition.Equal, after, first, none, rows);

        ir.MoveTo(rows);
        var index = ir.Function.NewSlot("row", 8);
        ir.Store(Size.Double, new IrAddress(index), ir.Arithmetic(IrOperation.Subtract, after, 1));
        var row = ir.Call(Helper.MapLookupElem, maps.Rows, index);
        ir.Branch(Condition.Equal, row, 0, none, found);
        ir.MoveTo(found);
        ir.Jump(there);
        ir.MoveTo(there);
        return row;
    }

    /// <summary>Halves the mappings once: the first that begins after the target.</summary>
    IrFunction WriteMappingTurn()
    {
        var (function, ir, walk, low, high, middle) = BeginTurn("find_mapping");
        var mapping = MappingAt(ir, ir.Load(Size.Double, new IrAddress(function.Parameters[1], 8)), middle);
        EndTurn(ir, walk, low, high, middle, ir.Load(Size.Double, new IrAddress(mapping, UnwindMaps.Mappings + UnwindMaps.MappingStart)));
        return function;
    }

    /// <summary>Halves the rows once.</summary>
    IrFunction WriteRowTurn()
    {
        var (function, ir, walk, low, high, middle) = BeginTurn("find_row");
        var (missing, there) = (ir.NewBlock("missing"), ir.NewBlock("there"));
        var index = function.NewSlot("row", 8);
        ir.Store(Size.Double, new IrAddress(index), middle);
        var row = ir.Call(Helper.MapLookupElem, maps.Rows, index);
        ir.Branch(Condition.Equal, row, 0, missing, there);
        ir.MoveTo(missing);
        ir.Return(1);
        ir.MoveTo(there);
        EndTurn(ir, walk, low, high, middle, ir.Load(Size.Word, new IrAddress(row, UnwindMaps.RowStart)));
        return function;
    }

    (IrFunction Function, IrBuilder Ir, VirtualRegister Walk, VirtualRegister Low, VirtualRegister High, VirtualRegister Middle) BeginTurn(string name)
    {
        var function = new IrFunction(name, 2);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var (found, halve) = (ir.NewBlock("found"), ir.NewBlock("halve"));
        var walk = ir.Load(Size.Double, new IrAddress(function.Parameters[1]));
        var low = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkLow));
        var high = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkHigh));
        ir.Branch(Condition.GreaterOrEqual, low, high, found, halve);
        ir.MoveTo(found);
        ir.Return(1);
        ir.MoveTo(halve);
        return (function, ir, walk, low, high, ir.Arithmetic(IrOperation.ShiftRightLogical, ir.Arithmetic(IrOperation.Add, low, high), 1));
    }

    static void EndTurn(IrBuilder ir, VirtualRegister walk, VirtualRegister low, VirtualRegister high, VirtualRegister middle, VirtualRegister start)
    {
        var (before, after) = (ir.NewBlock("before"), ir.NewBlock("after"));
        var target = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkTarget));
        ir.Branch(Condition.Less, target, start, before, after);
        ir.MoveTo(before);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkHigh), middle);
        ir.Return(0);
        ir.MoveTo(after);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkLow), ir.Arithmetic(IrOperation.Add, middle, 1));
        ir.Return(0);
    }

    /// <summary>A mapping, at <see cref="UnwindMaps.Mappings"/> from what is returned.</summary>
    static VirtualRegister MappingAt(IrBuilder ir, VirtualRegister mappings, VirtualRegister index)
    {
        var bounded = ir.Arithmetic(IrOperation.And, index, UnwindMaps.MostMappings - 1);
        return ir.Arithmetic(IrOperation.Add, mappings, ir.Arithmetic(IrOperation.Multiply, bounded, UnwindMaps.MappingSize));
    }

    static void FindFrameAddress(
        IrBuilder ir, VirtualRegister walk, VirtualRegister row, VirtualRegister pc, VirtualRegister frameAddress, BasicBlock found, BasicBlock follow, BasicBlock stop)
    {
        var rule = ir.Load(Size.Half, new IrAddress(row, UnwindMaps.RowFrameAddress));
        var offset = ir.Load(Size.Word, new IrAddress(row, UnwindMaps.RowFrameAddressOffset), isSigned: true);
        foreach (var kind in new[] { CompactFrameAddress.Rsp, CompactFrameAddress.Rbp, CompactFrameAddress.AtRbp, CompactFrameAddress.ProcedureLinkage, CompactFrameAddress.Signal, CompactFrameAddress.End })
        {
            var (yes, no) = (ir.NewBlock($"by_{kind}"), ir.NewBlock($"not_{kind}"));
            ir.Branch(Condition.Equal, rule, (int)kind, yes, no);
            ir.MoveTo(yes);
            switch (kind)
            {
                case CompactFrameAddress.Rsp:
                    ir.Move(frameAddress, ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkSp)), offset));
                    ir.Jump(found);
                    break;
                case CompactFrameAddress.Rbp:
                    ir.Move(frameAddress, ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkBp)), offset));
                    ir.Jump(found);
                    break;
                case CompactFrameAddress.AtRbp:
                    var place = ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkBp)), offset);
                    Read(ir, walk, 8, place, stop);
                    ir.Move(frameAddress, ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkWords)));
                    ir.Jump(found);
                    break;
                case CompactFrameAddress.ProcedureLinkage:
                    var (pushed, plain) = (ir.NewBlock("pushed"), ir.NewBlock("plain"));
                    ir.Move(frameAddress, ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkSp)), 8));
                    ir.Branch(Condition.GreaterOrEqual, ir.Arithmetic(IrOperation.And, pc, 15), offset, pushed, plain);
                    ir.MoveTo(pushed);
                    ir.Move(frameAddress, ir.Arithmetic(IrOperation.Add, frameAddress, 8));
                    ir.Jump(found);
                    ir.MoveTo(plain);
                    ir.Jump(found);
                    break;
                case CompactFrameAddress.Signal:
                    ReturnFromSignal(ir, walk, row, offset, stop);
                    break;
                default:
                    ir.Jump(stop);
                    break;
            }

            ir.MoveTo(no);
        }

        ir.Jump(follow);
    }

    /// <summary>The interrupted registers: rbp first, rsp 40 bytes and rip 48 bytes behind it (<c>struct sigcontext_64</c>, arch/x86/include/uapi/asm/sigcontext.h).</summary>
    static void ReturnFromSignal(IrBuilder ir, VirtualRegister walk, VirtualRegister row, VirtualRegister spOffset, BasicBlock stop)
    {
        var bpOffset = ir.Load(Size.Word, new IrAddress(row, UnwindMaps.RowFramePointerOffset), isSigned: true);
        var sp = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkSp));
        Read(ir, walk, 56, ir.Arithmetic(IrOperation.Add, sp, bpOffset), stop);
        var words = new IrAddress(walk, UnwindMaps.WalkWords);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkBp), ir.Load(Size.Double, words));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkSp), ir.Load(Size.Double, words.Plus(40)));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkPc), ir.Load(Size.Double, words.Plus(48)));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkExact), 1);
        ir.Return(0);
    }

    static void GoToCaller(IrBuilder ir, VirtualRegister walk, VirtualRegister row, VirtualRegister frameAddress, BasicBlock next, BasicBlock stop)
    {
        var (deeper, shallow, saved, near, far, elsewhere, lost, set, above) =
            (ir.NewBlock("deeper"), ir.NewBlock("shallow"), ir.NewBlock("saved"), ir.NewBlock("near"), ir.NewBlock("far"), ir.NewBlock("elsewhere"), ir.NewBlock("lost"), ir.NewBlock("set"), ir.NewBlock("above"));
        var (notSaved, notElsewhere) = (ir.NewBlock("not_saved"), ir.NewBlock("not_elsewhere"));
        var sp = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkSp));
        ir.Branch(Condition.Greater, frameAddress, sp, deeper, shallow);
        ir.MoveTo(shallow);
        End(ir, walk, UnwindEnd.Unreadable, stop);

        // The return address, and below it where the frame pointer is saved nearly always.
        ir.MoveTo(deeper);
        Read(ir, walk, 16, ir.Arithmetic(IrOperation.Subtract, frameAddress, 16), stop);
        var words = new IrAddress(walk, UnwindMaps.WalkWords);
        var pc = ir.Load(Size.Double, words.Plus(8));
        var bp = ir.Function.NewRegister();
        ir.Move(bp, ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkBp)));
        var rule = ir.Load(Size.Half, new IrAddress(row, UnwindMaps.RowFramePointer));
        var offset = ir.Load(Size.Word, new IrAddress(row, UnwindMaps.RowFramePointerOffset), isSigned: true);
        ir.Branch(Condition.Equal, rule, (int)CompactFramePointer.AtFrameAddress, saved, notSaved);
        ir.MoveTo(saved);
        ir.Branch(Condition.Equal, offset, -16, near, far);
        ir.MoveTo(near);
        ir.Move(bp, ir.Load(Size.Double, words));
        ir.Jump(set);
        ir.MoveTo(far);
        Read(ir, walk, 8, ir.Arithmetic(IrOperation.Add, frameAddress, offset), stop);
        ir.Move(bp, ir.Load(Size.Double, words));
        ir.Jump(set);
        ir.MoveTo(notSaved);
        ir.Branch(Condition.Equal, rule, (int)CompactFramePointer.AtRbp, elsewhere, notElsewhere);
        ir.MoveTo(elsewhere);
        Read(ir, walk, 8, ir.Arithmetic(IrOperation.Add, bp, offset), stop);
        ir.Move(bp, ir.Load(Size.Double, words));
        ir.Jump(set);
        ir.MoveTo(notElsewhere);
        ir.Branch(Condition.Equal, rule, (int)CompactFramePointer.Unknown, lost, set);
        ir.MoveTo(lost);
        ir.Move(bp, 0);
        ir.Jump(set);

        ir.MoveTo(set);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkBp), bp);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkSp), frameAddress);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkPc), pc);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkExact), 0);
        ir.Branch(Condition.Equal, pc, 0, stop, above);
        ir.MoveTo(above);
        ir.Jump(next);
    }

    static void FollowFramePointer(IrBuilder ir, VirtualRegister walk, BasicBlock next, BasicBlock stop)
    {
        var (leads, nowhere, good) = (ir.NewBlock("leads"), ir.NewBlock("nowhere"), ir.NewBlock("good"));
        var bp = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkBp));
        var sp = ir.Load(Size.Double, new IrAddress(walk, UnwindMaps.WalkSp));
        ir.Branch(Condition.GreaterOrEqual, bp, sp, leads, nowhere);
        ir.MoveTo(leads);
        Read(ir, walk, 16, bp, nowhere);
        var words = new IrAddress(walk, UnwindMaps.WalkWords);
        var pc = ir.Load(Size.Double, words.Plus(8));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkBp), ir.Load(Size.Double, words));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkSp), ir.Arithmetic(IrOperation.Add, bp, 16));
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkPc), pc);
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkExact), 0);
        ir.Branch(Condition.Equal, pc, 0, nowhere, good);
        ir.MoveTo(good);
        ir.Jump(next);
        ir.MoveTo(nowhere);
        End(ir, walk, UnwindEnd.NoTable, stop);
    }

    /// <summary>Reads so many bytes of the stack into the walk's words.</summary>
    static void Read(IrBuilder ir, VirtualRegister walk, int bytes, VirtualRegister from, BasicBlock stop)
    {
        var (failed, read) = (ir.NewBlock("unreadable"), ir.NewBlock("read"));
        ir.Branch(Condition.NotEqual, ir.Call(Helper.ProbeReadUser, new IrAddress(walk, UnwindMaps.WalkWords), bytes, from), 0, failed, read);
        ir.MoveTo(failed);
        End(ir, walk, UnwindEnd.Unreadable, stop);
        ir.MoveTo(read);
    }

    static void End(IrBuilder ir, VirtualRegister walk, UnwindEnd why, BasicBlock stop)
    {
        ir.Store(Size.Double, new IrAddress(walk, UnwindMaps.WalkEnd), (long)why);
        ir.Jump(stop);
    }
}
