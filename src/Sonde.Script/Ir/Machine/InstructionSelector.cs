using Sonde.Bpf;
using Sonde.Script.Binding;
using static Sonde.Script.Ir.Machine.MachineInstruction;

namespace Sonde.Script.Ir.Machine;

/// <summary>Turns a function into instructions of the machine: two-address form, arguments where calls want them, constants that fit.</summary>
sealed partial class InstructionSelector
{
    readonly TargetKernel _kernel;
    readonly MachineFunction _function;
    readonly Dictionary<BasicBlock, MachineBlock> _blocks = [];
    readonly IReadOnlyDictionary<IrFunction, Label> _labels;
    readonly Likelihood _likelihood;
    List<MachineInstruction> _out = [];

    InstructionSelector(IrFunction function, TargetKernel kernel, IReadOnlyDictionary<IrFunction, Label> labels)
    {
        (_function, _kernel, _labels) = (new MachineFunction(function), kernel, labels);
        _likelihood = new Likelihood(function);
    }

    public static MachineFunction Select(IrFunction function, TargetKernel kernel, IReadOnlyDictionary<IrFunction, Label> labels)
    {
        InstructionSelector selector = new(function, kernel, labels);
        foreach (BasicBlock block in ControlFlow.ReversePostOrder(function))
        {
            MachineBlock machine = new(block.Name, selector._function.Blocks.Count);
            selector._function.Blocks.Add(machine);
            selector._blocks.Add(block, machine);
        }

        selector.Fill(function);
        Loops.SetDepths(selector._function);
        return selector._function;
    }

    void Fill(IrFunction function)
    {
        SlotPointers pointers = new(function, [.. _blocks.Keys]);
        _function.Escaped = pointers.Escaped;
        foreach ((BasicBlock block, MachineBlock machine) in _blocks)
        {
            _out = machine.Instructions;
            if (block == function.Blocks[0])
            {
                for (int i = 0; i < function.Parameters.Count; i++)
                {
                    _out.Add(Move(Number(function.Parameters[i]), i + 1));
                }
            }

            foreach (IrInstruction instruction in block.Instructions)
            {
                int first = _out.Count;
                Select(instruction);
                StackSlot[] touched = pointers.Touched(instruction);
                for (int i = first; i < _out.Count; i++)
                {
                    _out[i].Touches = touched;
                }
            }

            End(machine, block.Terminator!);
        }
    }

    void Select(IrInstruction instruction)
    {
        switch (instruction)
        {
            case IrConstant constant:
                _out.Add(Constant(Number(constant.Dst), constant.Value));
                break;
            case IrMove move:
                _out.Add(Move(Number(move.Dst), Number(move.Src)));
                break;
            case IrArithmetic arithmetic:
                Select(arithmetic);
                break;
            case IrNegate negate:
                _out.Add(Move(Number(negate.Dst), Number(negate.Src)));
                _out.Add(OnDst(Asm.Neg(0), Number(negate.Dst)));
                break;
            case IrExtend extend:
                Extend(Number(extend.Dst), Number(extend.Src), extend.Bits, extend.IsSigned);
                break;
            case IrByteSwap swap:
                _out.Add(Move(Number(swap.Dst), Number(swap.Src)));
                // The other order is the big one on every machine Sonde runs on, and kernels before 6.6 have no other instruction for it.
                _out.Add(OnDst(Asm.ToBigEndian(swap.Bits switch { 16 => Size.Half, 32 => Size.Word, _ => Size.Double }, 0), Number(swap.Dst)));
                break;
            case IrLoad load:
                Select(load);
                break;
            case IrStore store:
                Select(store);
                break;
            case IrAtomic atomic:
                Select(atomic);
                break;
            case IrBegin begin:
                _out.Add(MachineInstruction.Begin(begin.Slot));
                break;
            case IrAddressOf addressOf:
                Address(Number(addressOf.Dst), addressOf.Address);
                break;
            case IrMap map:
                _out.Add(new MachineInstruction(Asm.LoadMap(0, map.Map), Roles.WritesDst, Number(map.Dst)));
                break;
            case IrMapValue value:
                _out.Add(new MachineInstruction(Asm.LoadMapValue(0, value.Map, value.Offset), Roles.WritesDst, Number(value.Dst)));
                break;
            case IrFunctionAddress address:
                _out.Add(new MachineInstruction(Asm.LoadFunction(0, _labels[address.Function]), Roles.WritesDst, Number(address.Dst)));
                break;
            case IrCallHelper call:
                Call(Asm.Call(call.Helper), call.Arguments, call.Dst);
                break;
            case IrCallKernel call:
                Call(Asm.CallKernelFunction(call.BtfId), call.Arguments, call.Dst);
                break;
            case IrCallFunction call:
                Call(Asm.CallSubprogram(_labels[call.Function]), call.Arguments, call.Dst);
                break;
            default:
                throw new InvalidOperationException($"There are no instructions for {instruction}.");
        }
    }

    void End(MachineBlock block, IrTerminator terminator)
    {
        switch (terminator)
        {
            case IrJump jump:
                block.Next = _blocks[jump.Target];
                break;
            case IrBranch branch:
                block.Comparison = Compare(branch);
                block.Taken = _blocks[branch.WhenTrue];
                block.Next = _blocks[branch.WhenFalse];
                block.Unlikely = _likelihood.Unlikely(branch) is { } unlikely ? _blocks[unlikely] : null;
                break;
            case IrReturn end:
                _out.Add(end.Value.Register is { } value ? Move(0, Number(value)) : Constant(0, end.Value.Constant));
                _out.Add(new MachineInstruction(Asm.Exit(), Roles.None, None) { ImplicitReads = 1 });
                break;
        }
    }

    Comparison Compare(IrBranch branch)
    {
        int a = Number(branch.A);
        if (branch.Is32 && !_kernel.HasJump32)
        {
            bool signed = branch.Condition is Condition.SignedGreater or Condition.SignedGreaterOrEqual or Condition.SignedLess or Condition.SignedLessOrEqual;
            int left = _function.NewRegister();
            Extend(left, a, 32, signed);
            if (branch.B.Register is { } b)
            {
                int right = _function.NewRegister();
                Extend(right, Number(b), 32, signed);
                return new Comparison(branch.Condition, left, right, 0, Is32: false);
            }

            return Compare(branch.Condition, left, signed ? (int)branch.B.Constant : (uint)branch.B.Constant);
        }

        return branch.B.Register is { } register ? new Comparison(branch.Condition, a, Number(register), 0, branch.Is32)
            : branch.Is32 ? new Comparison(branch.Condition, a, None, (int)branch.B.Constant, Is32: true)
            : Compare(branch.Condition, a, branch.B.Constant);
    }

    Comparison Compare(Condition condition, int a, long constant)
    {
        if (constant == (int)constant)
        {
            return new Comparison(condition, a, None, (int)constant, Is32: false);
        }

        return new Comparison(condition, a, InRegister(constant), 0, Is32: false);
    }

    void Call(Instruction code, IrArgument[] arguments, VirtualRegister? dst)
    {
        // Registers first: what follows needs none of them, so each can be computed in the argument's own register.
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i].Value?.Register is { } register)
            {
                _out.Add(Move(i + 1, Number(register)));
            }
            else if (arguments[i].Address is { Base: not null } address)
            {
                Address(i + 1, address);
            }
        }

        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case { Value: { Register: null, Constant: var constant } }:
                    _out.Add(Constant(i + 1, constant));
                    break;
                case { Address: { Slot: not null } address }:
                    Address(i + 1, address);
                    break;
                case { Map: { } map }:
                    _out.Add(new MachineInstruction(Asm.LoadMap(0, map), Roles.WritesDst, i + 1));
                    break;
                case { Function: { } function }:
                    _out.Add(new MachineInstruction(Asm.LoadFunction(0, _labels[function]), Roles.WritesDst, i + 1));
                    break;
            }
        }

        _out.Add(new MachineInstruction(code, Roles.None, None) { ImplicitReads = (1 << arguments.Length + 1) - 2, ImplicitWrites = CallerSaved });
        if (dst is { } result)
        {
            _out.Add(Move(Number(result), 0));
        }
    }

    int InRegister(long constant)
    {
        int register = _function.NewRegister();
        _out.Add(Constant(register, constant));
        return register;
    }

    int InRegister(IrOperand operand) => operand.Register is { } register ? Number(register) : InRegister(operand.Constant);

    static int Number(VirtualRegister register) => FirstVirtual + register.Number;

    static MachineInstruction OnDst(Instruction code, int dst) => new(code, Roles.ReadsDst | Roles.WritesDst, dst);
}
