using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Functions and values of the language that are numbers.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>Most bytes <c>write_user</c> copies from where a pointer points.</summary>
    const int MostWritten = 1024;

    IrOperand Call(BoundCall call)
    {
        switch (call.Function)
        {
            case Intrinsic.Pid:
                return _kernel.UsesPidNamespace ? NamespaceId(4) : HostProcess();
            case Intrinsic.Tid:
                return _kernel.UsesPidNamespace ? NamespaceId(0) : HostThread();
            case Intrinsic.InitPid:
                return HostProcess();
            case Intrinsic.InitTid:
                return HostThread();
            case Intrinsic.Uid:
                return Ir.Extend(UserAndGroup(), 32, isSigned: false);
            case Intrinsic.Gid:
                return Ir.Arithmetic(IrOperation.ShiftRightLogical, UserAndGroup(), 32);
            case Intrinsic.Nsecs:
                return Clock(call.Number);
            case Intrinsic.Elapsed:
                var start = Ir.Load(Size.Double, new IrAddress(Ir.MapValue(_script.Globals, Globals.StartTime)));
                return Ir.Arithmetic(IrOperation.Subtract, Now(), start);
            case Intrinsic.Jiffies:
                return Ir.Call(Helper.Jiffies64);
            case Intrinsic.Cpu:
                return Ir.Call(Helper.GetSmpProcessorId);
            case Intrinsic.NumaNode:
                return Ir.Call(Helper.GetNumaNodeId);
            case Intrinsic.Random:
                return Ir.Call(Helper.GetPrandomU32);
            case Intrinsic.UserMode:
                var ring = Ir.Arithmetic(IrOperation.And, LoadRegister(CodeSegment), 3);
                return Truth(new BoundCompared(Condition.Equal, ring, 3));
            case Intrinsic.CurrentTask:
                return Known(Intrinsic.CurrentTask, Helper.GetCurrentTask);
            case Intrinsic.Cgroup:
                return Ir.Call(Helper.GetCurrentCgroupId);
            case Intrinsic.ChildPid:
                return Ir.Load(Size.Double, new IrAddress(Ir.MapValue(_script.Globals, Globals.Child)));
            case Intrinsic.ProbeIndex:
                return ProbeIndex();
            case Intrinsic.FunctionAddress:
                return FunctionAddress();
            case Intrinsic.Register:
                return LoadRegister(checked((int)call.Number));
            case Intrinsic.UserRegister:
                return LoadUserRegister(checked((int)call.Number));
            case Intrinsic.KernelStack:
                return StackId(((SymbolicType)call.Type).Stack, isUser: false);
            case Intrinsic.StringLength:
                return TextLength(call.Arguments[0]);
            case Intrinsic.StringFind:
                return FindText(call.Arguments[0], call.Arguments[1]);
            case Intrinsic.StringContains:
                return Truth(new BoundCompared(Condition.SignedGreaterOrEqual, FindText(call.Arguments[0], call.Arguments[1]), 0));
            case Intrinsic.MemoryCompare:
                return MemoryCompare(call.Arguments[0], call.Arguments[1], checked((int)call.Number), call.Space);
            case Intrinsic.ByteSwap:
                return SwapBytes(call.Arguments[0]);
            case Intrinsic.SendSignal:
                return Ir.Call(Helper.SendSignal, Scalar(call.Arguments[0]));
            case Intrinsic.SendSignalThread:
                return Ir.Call(Helper.SendSignalThread, Scalar(call.Arguments[0]));
            case Intrinsic.OverrideReturn:
                return Ir.Call(Helper.OverrideReturn, Context(), Scalar(call.Arguments[0]));
            case Intrinsic.WriteUser:
                return WriteUser(call);
            case Intrinsic.SocketCookie:
                return Ir.Call(Helper.GetSocketCookie, Scalar(call.Arguments[0]));
            case Intrinsic.PacketOutput:
                return SendPacket(call);
            case Intrinsic.IsErrorPointer:
                return Truth(new BoundCompared(Condition.GreaterOrEqual, Register(Scalar(call.Arguments[0])), -4095)); // MAX_ERRNO, include/linux/err.h
            case Intrinsic.PythonLine or Intrinsic.PythonFrame or Intrinsic.PythonLocal or Intrinsic.PythonResult or Intrinsic.PythonInteger or Intrinsic.PythonLength or Intrinsic.PythonIsNone:
                return PythonScalar(call);
            case Intrinsic.PerCpuAddress:
                return PerCpuAddress(call);
            default:
                throw new IrException($"There is no code for {call.Function} yet as a number.");
        }
    }

    /// <summary>A variable's address on a processor; 0 for a processor that there cannot be.</summary>
    VirtualRegister PerCpuAddress(BoundCall call)
    {
        var address = Temporary(8);
        var (inside, done) = (Ir.NewBlock("processor"), Ir.NewBlock("processor.done"));
        var processor = Register(Scalar(call.Arguments[1]));
        Ir.Store(Size.Double, address, 0);
        Ir.Branch(Condition.Less, processor, _kernel.Processors, inside, done);
        Ir.MoveTo(inside);
        var offsets = Ir.Arithmetic(IrOperation.Add, Register(Scalar(call.Arguments[0])), Ir.Arithmetic(IrOperation.ShiftLeft, processor, 3));
        var offset = ReadScalar(IntegerType.UInt64, offsets, AddressSpace.Kernel);
        Ir.Store(Size.Double, address, Ir.Arithmetic(IrOperation.Add, offset, Ir.Constant(call.Number)));
        Ir.Jump(done);
        Ir.MoveTo(done);
        return Ir.Load(Size.Double, address);
    }

    /// <summary>A register of user space, as the kernel saved it when the thread entered it (<c>bpf_task_pt_regs</c>, Linux 5.15).</summary>
    VirtualRegister LoadUserRegister(int offset)
    {
        var registers = Ir.Call(Helper.TaskPtRegs, Ir.Call(Helper.GetCurrentTaskBtf));
        return ReadScalar(IntegerType.UInt64, Ir.Arithmetic(IrOperation.Add, registers, offset), AddressSpace.Kernel);
    }

    /// <summary>A helper's answer that stays the same during a hit.</summary>
    VirtualRegister Known(Intrinsic what, Helper helper)
    {
        if (!_frame.Known.TryGetValue(what, out var value))
        {
            value = Ir.Call(helper);
            _frame.Known.Add(what, value);
        }

        return value;
    }

    VirtualRegister ProcessAndThread() => Known(Intrinsic.InitPid, Helper.GetCurrentPidTgid);

    VirtualRegister UserAndGroup() => Known(Intrinsic.Uid, Helper.GetCurrentUidGid);

    VirtualRegister HostProcess() => Ir.Arithmetic(IrOperation.ShiftRightLogical, ProcessAndThread(), 32);

    VirtualRegister HostThread() => Ir.Extend(ProcessAndThread(), 32, isSigned: false);

    /// <summary>Process (4) or thread (0) in the session's pid namespace (<c>struct bpf_pidns_info</c>); 0 outside of it.</summary>
    VirtualRegister NamespaceId(int offset)
    {
        var numbers = Temporary(8, "pids");
        Ir.Store(Size.Double, numbers, 0);
        var device = Ir.Load(Size.Double, new IrAddress(Ir.MapValue(_script.Globals, Globals.NamespaceDevice)));
        var inode = Ir.Load(Size.Double, new IrAddress(Ir.MapValue(_script.Globals, Globals.NamespaceInode)));
        Ir.Call(Helper.GetNsCurrentPidTgid, device, inode, numbers, 8);
        return Ir.Load(Size.Word, numbers.Plus(offset));
    }

    VirtualRegister Now() => Ir.Call(_kernel.HasBootTime ? Helper.KtimeGetBootNs : Helper.KtimeGetNs);

    VirtualRegister Clock(long which) => which switch
    {
        0 => Ir.Call(Helper.KtimeGetNs),
        1 => Now(),
        // sw_tai is for kernels without the tai clock; where there is one it is the better answer.
        _ when _kernel.HasTaiTime => Ir.Call(Helper.KtimeGetTaiNs),
        _ => throw new IrException("The tai clock needs Linux 6.1 (bpf_ktime_get_tai_ns)."),
    };

    VirtualRegister FunctionAddress() =>
        _probe.Context.Kind is ProbeKind.Uprobe or ProbeKind.Usdt ? LoadRegister(InstructionPointer) : Ir.Call(Helper.GetFuncIp, Context());

    /// <summary>Which of its names was hit: from the link, where one program has several.</summary>
    IrOperand ProbeIndex()
    {
        var first = _places[0].NameIndex;
        return _places.All(place => place.NameIndex == first) ? first : KnownCookie();
    }

    VirtualRegister KnownCookie()
    {
        if (!_frame.Known.TryGetValue(Intrinsic.ProbeIndex, out var cookie))
        {
            cookie = Ir.Call(Helper.GetAttachCookie, Context());
            _frame.Known.Add(Intrinsic.ProbeIndex, cookie);
        }

        return cookie;
    }

    IrOperand SwapBytes(BoundExpression number)
    {
        var value = Register(Scalar(number));
        if (number.Type.Size == 1)
        {
            return value;
        }

        var swapped = _frame.Function.NewRegister();
        Ir.Add(new IrByteSwap(swapped, value, number.Type.Size * 8));
        return number.Type.Size < 8 && IsSigned(number.Type) ? Narrow(swapped, number.Type) : swapped;
    }

    IrOperand WriteUser(BoundCall call)
    {
        var to = Scalar(call.Arguments[0]);
        var source = call.Arguments[1];
        var length = Scalar(call.Arguments[2]);
        var room = source.Type is PointerType && length.Register is null ? (int)Math.Clamp(length.Constant, 1, MostWritten)
            : source.Type is PointerType ? MostWritten
            : source.Type.Size;
        length = length.Register is { } changing ? AtLeastOne(Bounded(changing, room)) : Math.Clamp(length.Constant, 1, room);
        var from = source.Type.IsScalar ? Temporary(room) : Place(source);
        if (source.Type is PointerType pointer)
        {
            Read(pointer.Space, from, length, Scalar(source));
        }
        else if (source.Type.IsScalar)
        {
            StoreScalar(source.Type, from, Scalar(source));
        }

        return Ir.Call(Helper.ProbeWriteUser, to, from, length);
    }
}

/// <summary>A comparison of numbers that have been computed.</summary>
sealed record BoundCompared(Condition Condition, VirtualRegister A, IrOperand B) : BoundExpression(BoolType.Instance);
