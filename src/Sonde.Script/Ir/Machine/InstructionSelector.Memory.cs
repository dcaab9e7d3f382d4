using Sonde.Bpf;
using static Sonde.Script.Ir.Machine.MachineInstruction;

namespace Sonde.Script.Ir.Machine;

/// <content>Memory: loads, stores, atomic operations and addresses.</content>
sealed partial class InstructionSelector
{
    void Select(IrLoad load)
    {
        (int register, short offset) = Reach(load.From);
        int dst = Number(load.Dst);
        bool extends = load.IsSigned && load.Size != Size.Double;
        bool atOnce = extends && _kernel.HasInstructionSetV4;
        Instruction code = atOnce ? Asm.LoadSigned(load.Size, 0, 0, offset) : Asm.Load(load.Size, 0, 0, offset);
        _out.Add(new MachineInstruction(code, Roles.WritesDst | Roles.ReadsSrc, dst, register) { Slot = load.From.Slot });
        if (extends && !atOnce)
        {
            Extend(dst, dst, 8 * Bytes(load.Size), isSigned: true);
        }
    }

    void Select(IrStore store)
    {
        (int register, short offset) = Reach(store.To);
        long constant = store.Size == Size.Double ? store.Value.Constant : (int)store.Value.Constant;
        if (store.Value.Register is null && constant == (int)constant)
        {
            _out.Add(new MachineInstruction(Asm.StoreImm(store.Size, 0, offset, (int)constant), Roles.ReadsDst, register) { Slot = store.To.Slot });
            return;
        }

        int value = InRegister(store.Value);
        _out.Add(new MachineInstruction(Asm.Store(store.Size, 0, offset, 0), Roles.ReadsDst | Roles.ReadsSrc, register, value) { Slot = store.To.Slot });
    }

    void Select(IrAtomic atomic)
    {
        bool isOld = atomic is not { Operation: IrAtomicOperation.Add, Dst: null };
        if (isOld && !_kernel.HasFetchingAtomics)
        {
            throw new IrException($"Atomic {atomic.Operation} needs Linux 5.12.");
        }

        (int register, short offset) = Reach(atomic.To);
        int value = Number(atomic.Value);
        if (atomic.Operation == IrAtomicOperation.CompareExchange)
        {
            _out.Add(Move(0, Number(atomic.Expected!.Value)));
            _out.Add(new MachineInstruction(Asm.AtomicCompareExchange(atomic.Size, 0, offset, 0), Roles.ReadsDst | Roles.ReadsSrc, register, value)
            {
                Slot = atomic.To.Slot,
                ImplicitReads = 1,
                ImplicitWrites = 1,
            });
            if (atomic.Dst is { } old)
            {
                _out.Add(Move(Number(old), 0));
            }

            return;
        }

        bool fetches = atomic.Dst is not null || atomic.Operation == IrAtomicOperation.Exchange;
        if (!fetches)
        {
            _out.Add(new MachineInstruction(Code(atomic, offset, fetch: false), Roles.ReadsDst | Roles.ReadsSrc, register, value) { Slot = atomic.To.Slot });
            return;
        }

        // The old value comes back in the register the new one was in; a fresh one, for dst may also be the base.
        int both = CopyOf(value);
        _out.Add(new MachineInstruction(Code(atomic, offset, fetch: true), Roles.ReadsDst | Roles.ReadsSrc | Roles.WritesSrc, register, both) { Slot = atomic.To.Slot });
        if (atomic.Dst is { } dst)
        {
            _out.Add(Move(Number(dst), both));
        }
    }

    static Instruction Code(IrAtomic atomic, short offset, bool fetch) => atomic.Operation switch
    {
        IrAtomicOperation.Add => Asm.AtomicAdd(atomic.Size, 0, offset, 0, fetch),
        IrAtomicOperation.Or => Asm.AtomicOr(atomic.Size, 0, offset, 0, fetch),
        IrAtomicOperation.And => Asm.AtomicAnd(atomic.Size, 0, offset, 0, fetch),
        IrAtomicOperation.Xor => Asm.AtomicXor(atomic.Size, 0, offset, 0, fetch),
        _ => Asm.AtomicExchange(atomic.Size, 0, offset, 0),
    };

    // The register and offset that reach a place; an offset beyond 16 bits is added first.
    (int Register, short Offset) Reach(IrAddress address)
    {
        if (address.Slot is not null)
        {
            return (Frame, checked((short)address.Offset));
        }

        int register = Number(address.Base!.Value);
        if (address.Offset == (short)address.Offset)
        {
            return (register, (short)address.Offset);
        }

        int far = CopyOf(register);
        Apply(IrOperation.Add, far, (IrOperand)address.Offset);
        return (far, 0);
    }

    void Address(int dst, IrAddress address)
    {
        if (address.Slot is { } slot)
        {
            _out.Add(AddressOf(dst, slot, address.Offset));
            return;
        }

        _out.Add(Move(dst, Number(address.Base!.Value)));
        if (address.Offset != 0)
        {
            Apply(IrOperation.Add, dst, (IrOperand)address.Offset);
        }
    }

    static int Bytes(Size size) => size switch
    {
        Size.Byte => 1,
        Size.Half => 2,
        Size.Word => 4,
        _ => 8,
    };
}
