using Sonde.Bpf;

namespace Sonde.Script.Ir;

/// <summary>Writes a function instruction by instruction, at the end of the block it stands in.</summary>
sealed class IrBuilder(IrFunction function)
{
    BasicBlock _block = function.Blocks.Count > 0 ? function.Blocks[0] : function.NewBlock("entry");

    public IrFunction Function => function;

    public BasicBlock Block => _block;

    /// <summary>Whether the block it stands in has ended: what is written now is never reached, and dropped.</summary>
    public bool IsEnded => _block.Terminator is not null;

    /// <summary>Goes on writing at the end of <paramref name="block"/>.</summary>
    public void MoveTo(BasicBlock block) => _block = block;

    public BasicBlock NewBlock(string name) => function.NewBlock(name);

    public void Add(IrInstruction instruction)
    {
        if (!IsEnded)
        {
            _block.Instructions.Add(instruction);
        }
    }

    public void End(IrTerminator terminator) => _block.Terminator ??= terminator;

    /// <summary>Makes stack memory for what comes next: it is of no use on ways that do not lead through here.</summary>
    public StackSlot NewSlot(string name, int size)
    {
        var slot = function.NewSlot(name, size);
        Add(new IrBegin(slot));
        return slot;
    }

    public VirtualRegister Constant(long value)
    {
        var dst = function.NewRegister();
        Add(new IrConstant(dst, value));
        return dst;
    }

    public VirtualRegister Copy(VirtualRegister src)
    {
        var dst = function.NewRegister();
        Add(new IrMove(dst, src));
        return dst;
    }

    public void Move(VirtualRegister dst, IrOperand src) => Add(src.Register is { } register ? new IrMove(dst, register) : new IrConstant(dst, src.Constant));

    public VirtualRegister Arithmetic(IrOperation operation, IrOperand a, IrOperand b)
    {
        var dst = function.NewRegister();
        Add(new IrArithmetic(operation, dst, a, b));
        return dst;
    }

    public VirtualRegister Extend(VirtualRegister src, int bits, bool isSigned)
    {
        var dst = function.NewRegister();
        Add(new IrExtend(dst, src, bits, isSigned));
        return dst;
    }

    public VirtualRegister Load(Size size, IrAddress from, bool isSigned = false)
    {
        var dst = function.NewRegister();
        Add(new IrLoad(dst, size, from, isSigned));
        return dst;
    }

    public void Store(Size size, IrAddress to, IrOperand value) => Add(new IrStore(size, to, value));

    public VirtualRegister AddressOf(IrAddress address)
    {
        var dst = function.NewRegister();
        Add(new IrAddressOf(dst, address));
        return dst;
    }

    public VirtualRegister MapValue(MapSpec map, int offset)
    {
        var dst = function.NewRegister();
        Add(new IrMapValue(dst, map, offset));
        return dst;
    }

    /// <summary>Calls a helper; its answer.</summary>
    public VirtualRegister Call(Helper helper, params ReadOnlySpan<IrArgument> arguments)
    {
        var dst = function.NewRegister();
        Add(new IrCallHelper(dst, helper, arguments.ToArray()));
        return dst;
    }

    public void Jump(BasicBlock target) => End(new IrJump(target));

    /// <summary>Ends the block with a choice; go on with <see cref="MoveTo"/>.</summary>
    public void Branch(Condition condition, VirtualRegister a, IrOperand b, BasicBlock whenTrue, BasicBlock whenFalse) =>
        End(new IrBranch(condition, a, b, whenTrue, whenFalse));

    public void Return(IrOperand value) => End(new IrReturn(value));
}
