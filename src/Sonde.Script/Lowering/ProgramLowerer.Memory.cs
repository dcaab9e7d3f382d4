using System.Buffers.Binary;
using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Memory: where values lie, scratch, copying and clearing.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>Values up to this go on the stack while there is room, whatever the setting: taking scratch memory costs more.</summary>
    const int ComfortableOnStack = 64;

    /// <summary>Copies and clears of more bytes than this are a helper's work.</summary>
    const int MostInline = 128;

    // The first 8 bytes say whether it is in use.
    int _scratchTop = 8;
    int _scratchMost = 8;

    /// <summary>Gives every variable that several functions share, or that is too large for the stack, its place in scratch memory.</summary>
    /// <remarks>Not on the stack: there the verifier knows what counters hold and would walk a loop turn by turn.</remarks>
    void PlaceVariables()
    {
        var onStack = 0;
        foreach (var variable in _facts.Variables)
        {
            if (IsRegister(variable))
            {
                continue;
            }

            onStack += variable.Type.Size + 7 & ~7;
            if (_facts.IsShared(variable) || !FitsStack(variable.Type.Size) || onStack > _frame.StackBudget / 2)
            {
                onStack -= variable.Type.Size + 7 & ~7;
                _scratchVariables.Add(variable, TakeScratchBytes(variable.Type.Size));
            }
        }
    }

    bool IsRegister(BoundVariable variable) => variable.Type.IsScalar && !_facts.IsShared(variable) && !_facts.HasAddress(variable);

    VirtualRegister VariableRegister(BoundVariable variable)
    {
        if (!_frame.Registers.TryGetValue(variable, out var register))
        {
            register = _frame.Function.NewRegister();
            _frame.Registers.Add(variable, register);
        }

        return register;
    }

    IrAddress VariableAddress(BoundVariable variable)
    {
        if (_scratchVariables.TryGetValue(variable, out var offset))
        {
            return ScratchAddress(offset);
        }

        if (!_memory.TryGetValue(variable, out var address))
        {
            address = new IrAddress(_frame.Function.NewSlot(variable.Name.TrimStart('$'), Math.Max(variable.Type.Size, 1)));
            _memory.Add(variable, address);
        }

        return address;
    }

    IrAddress ScratchAddress(int offset)
    {
        _frame.UsesScratch = _main.UsesScratch = true;
        return new IrAddress(_frame.Scratch, offset);
    }

    bool FitsStack(int size) => size <= Math.Max(_script.Script.Config.OnStackLimit, ComfortableOnStack) && size <= _frame.StackBudget / 2;

    int TakeScratchBytes(int size)
    {
        var offset = _scratchTop;
        _scratchTop = checked(_scratchTop + size + 7 & ~7);
        _scratchMost = Math.Max(_scratchMost, _scratchTop);
        return offset;
    }

    /// <summary>Memory for the statement at hand, its start a multiple of 8.</summary>
    IrAddress Temporary(int size, string name = "value")
    {
        var rounded = size + 7 & ~7;
        if (FitsStack(size) && _frame.StackTop + rounded <= _frame.StackBudget)
        {
            _frame.StackTop += rounded;
            return new IrAddress(Ir.NewSlot(name, Math.Max(size, 1)));
        }

        return ScratchTemporary(size);
    }

    /// <summary>Memory in scratch, for what functions called back must reach or what is indexed with changing numbers.</summary>
    IrAddress ScratchTemporary(int size) => ScratchAddress(TakeScratchBytes(size));

    /// <summary>Tries the processor's scratch memories in order: this program may have interrupted another that uses one.</summary>
    void TakeScratch(BasicBlock next)
    {
        var taken = Ir.NewBlock("scratch");
        var busy = Ir.NewBlock("busy");
        for (var slot = 0; slot < _script.ScratchSlots; slot++)
        {
            var key = Ir.NewSlot("slot", 4);
            Ir.Store(Size.Word, new IrAddress(key), slot);
            Ir.Add(new IrCallHelper(_main.Scratch, Helper.MapLookupElem, [_script.Scratch, key]));
            var there = Ir.NewBlock("there");
            Ir.Branch(Condition.NotEqual, _main.Scratch, 0, there, _end);
            Ir.MoveTo(there);
            if (!_kernel.HasFetchingAtomics)
            {
                Ir.Jump(taken);
                break;
            }

            var before = _main.Function.NewRegister();
            Ir.Add(new IrAtomic(IrAtomicOperation.Exchange, Size.Double, new IrAddress(_main.Scratch), Ir.Constant(1), before));
            var another = slot == _script.ScratchSlots - 1 ? busy : Ir.NewBlock("another");
            Ir.Branch(Condition.Equal, before, 0, taken, another);
            Ir.MoveTo(another);
        }

        if (_kernel.HasFetchingAtomics)
        {
            CountLoss(LossKind.Scratch);
            Ir.Jump(_end);
        }
        else
        {
            Ir.MoveTo(busy);
            Ir.Jump(_end);
        }

        Ir.MoveTo(taken);
        Ir.Jump(next);
        _scratchTaken = taken;
    }

    /// <summary>The largest number that may be accessed at both addresses for so many bytes; the stack must be accessed at multiples.</summary>
    static int Step(int remaining, int offset, int otherOffset = 0)
    {
        var step = 8;
        while (step > remaining || ((offset | otherOffset) & (step - 1)) != 0)
        {
            step >>= 1;
        }

        return step;
    }

    static int Pieces(int size, int offset, int otherOffset = 0)
    {
        var pieces = 0;
        for (var at = 0; at < size; pieces++)
        {
            at += Step(size - at, offset + at, otherOffset + at);
        }

        return pieces;
    }

    void Copy(IrAddress to, IrAddress from, int size)
    {
        if (size > MostInline || Pieces(size, to.Offset, from.Offset) > MostInline / 8)
        {
            Ir.Call(ReadKernel, to, size, from);
            return;
        }

        for (var at = 0; at < size;)
        {
            var step = Step(size - at, to.Offset + at, from.Offset + at);
            Ir.Store(SizeOf(step), to.Plus(at), Ir.Load(SizeOf(step), from.Plus(at)));
            at += step;
        }
    }

    /// <summary>Sets memory to zero.</summary>
    void Clear(IrAddress to, int size)
    {
        if (size > MostInline || Pieces(size, to.Offset) > MostInline / 8)
        {
            // Reading what cannot be read clears the destination (bpf_probe_read_kernel_common, kernel/trace/bpf_trace.c).
            Ir.Call(ReadKernel, to, size, 0);
            return;
        }

        for (var at = 0; at < size;)
        {
            var step = Step(size - at, to.Offset + at);
            Ir.Store(SizeOf(step), to.Plus(at), 0);
            at += step;
        }
    }

    void StoreBytes(IrAddress to, ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var step = Step(bytes.Length - at, to.Offset + at);
            Ir.Store(SizeOf(step), to.Plus(at), Number(bytes.Slice(at, step)));
            at += step;
        }
    }

    /// <summary>The bytes as the number they are in memory; sign-extended, so that small ones need no wide constant.</summary>
    static long Number(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        1 => (sbyte)bytes[0],
        2 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        4 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
    };

    Helper ReadKernel => _kernel.HasSeparateReads ? Helper.ProbeReadKernel : Helper.ProbeRead;

    Helper ReadKernelText => _kernel.HasSeparateReads ? Helper.ProbeReadKernelStr : Helper.ProbeReadStr;

    AddressSpace Resolve(AddressSpace space) => space != AddressSpace.None ? space
        : _probe.Context.DefaultSpace != AddressSpace.None ? _probe.Context.DefaultSpace
        : AddressSpace.Kernel;

    /// <summary>Reads memory at a changing address; what cannot be read is zero.</summary>
    void Read(AddressSpace space, IrAddress to, IrOperand size, IrOperand address)
    {
        if (Resolve(space) != AddressSpace.User)
        {
            TellIfFailed(Ir.Call(ReadKernel, to, size, address), ReadKernel);
            return;
        }

        var helper = _kernel.HasSeparateReads ? Helper.ProbeReadUser : Helper.ProbeRead;
        var failed = Ir.Call(helper, to, size, address);
        if (_canSleep)
        {
            _sleeps = true;
            var again = Ir.NewBlock("pagein");
            var done = Ir.NewBlock("read");
            Ir.Branch(Condition.Equal, failed, 0, done, again);
            Ir.MoveTo(again);
            Ir.Move(failed, Ir.Call(Helper.CopyFromUser, to, size, address));
            Ir.Jump(done);
            Ir.MoveTo(done);
        }

        TellIfFailed(failed, helper);
    }

    VirtualRegister LoadScalar(DataType type, IrAddress from)
    {
        var size = type.Size;
        if (from.Offset % size == 0)
        {
            return Ir.Load(SizeOf(size), from, IsSigned(type));
        }

        // Packed structures: the stack does not allow it in one.
        var value = Register(0);
        for (var i = 0; i < size; i++)
        {
            var part = Ir.Arithmetic(IrOperation.ShiftLeft, Ir.Load(Size.Byte, from.Plus(i)), i * 8);
            value = Ir.Arithmetic(IrOperation.Or, value, part);
        }

        return size < 8 ? Ir.Extend(value, size * 8, IsSigned(type)) : value;
    }

    void StoreScalar(DataType type, IrAddress to, IrOperand value)
    {
        var size = type.Size;
        if (to.Offset % size == 0)
        {
            Ir.Store(SizeOf(size), to, value);
            return;
        }

        var source = Register(value);
        for (var i = 0; i < size; i++)
        {
            Ir.Store(Size.Byte, to.Plus(i), i == 0 ? source : Ir.Arithmetic(IrOperation.ShiftRightLogical, source, i * 8));
        }
    }
}
