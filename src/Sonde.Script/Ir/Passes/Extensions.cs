using Sonde.Bpf;

namespace Sonde.Script.Ir.Passes;

/// <summary>Removes extensions of what is extended already, and narrows what is stored narrow.</summary>
/// <remarks>Only what the kernel's verifier knows as well counts, or it would miss a bound that the extension told it.</remarks>
sealed class Extensions
{
    const int MostSteps = 8;

    readonly Definitions _definitions;
    readonly bool _hasSignedLoads;
    readonly Dictionary<IrInstruction, IrInstruction> _replaced = new(ReferenceEqualityComparer.Instance);

    Extensions(IrFunction function, bool hasSignedLoads) => (_definitions, _hasSignedLoads) = (new Definitions(function), hasSignedLoads);

    /// <summary>Whether anything changed.</summary>
    public static bool Run(IrFunction function, bool hasSignedLoads)
    {
        Extensions pass = new(function, hasSignedLoads);
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (IrInstruction instruction in block.Instructions)
            {
                IrInstruction better = pass.Better(instruction);
                if (!ReferenceEquals(better, instruction))
                {
                    pass._replaced[instruction] = better;
                }
            }
        }

        if (pass._replaced.Count == 0)
        {
            return false;
        }

        foreach (BasicBlock block in function.Blocks)
        {
            for (int i = 0; i < block.Instructions.Count; i++)
            {
                block.Instructions[i] = pass._replaced.GetValueOrDefault(block.Instructions[i], block.Instructions[i]);
            }
        }

        return true;
    }

    IrInstruction Better(IrInstruction instruction)
    {
        switch (instruction)
        {
            case IrExtend { IsSigned: false } extend when Width(extend.Src) <= extend.Bits:
            case IrExtend { IsSigned: true } signed when Width(signed.Src) < signed.Bits || SignedWidth(signed.Src) <= signed.Bits:
                IrExtend redundant = (IrExtend)instruction;
                return new IrMove(redundant.Dst, redundant.Src);
            case IrExtend { IsSigned: true } extend when _hasSignedLoads && _definitions.Uses(extend.Src) == 1
                && _definitions.Of(extend.Src) is IrLoad { IsSigned: false } load && 8 * Bytes(load.Size) == extend.Bits && !_replaced.ContainsKey(load):
                _replaced[load] = load with { IsSigned = true };
                return new IrMove(extend.Dst, extend.Src);
            case IrArithmetic { Operation: IrOperation.And, A.Register: { } masked, B: { Register: null, Constant: var mask } } masking
                when Width(masked) is var width && width < 64 && (mask & (1L << width) - 1) == (1L << width) - 1:
                return new IrMove(masking.Dst, masked);
            case IrStore { Value.Register: { } value } store when Narrow(value, 8 * Bytes(store.Size)) is { } source:
                return store with { Value = source };
            default:
                return instruction;
        }
    }

    // The register whose low bits the value has, before it was extended.
    VirtualRegister? Narrow(VirtualRegister value, int bits) =>
        _definitions.Of(value) is IrExtend extend && extend.Bits >= bits && _definitions.IsSetOnce(extend.Src) ? extend.Src : null;

    // How many low bits may not be zero.
    int Width(VirtualRegister register, int steps = 0) => steps > MostSteps ? 64 : _definitions.Of(register) switch
    {
        IrLoad { IsSigned: false } load when !_replaced.ContainsKey(load) => 8 * Bytes(load.Size),
        IrExtend { IsSigned: false } extend => extend.Bits,
        IrMove move when _definitions.IsSetOnce(move.Src) => Width(move.Src, steps + 1),
        IrByteSwap swap => swap.Bits,
        IrArithmetic { Operation: IrOperation.And, B: { Register: null, Constant: >= 0 and var mask } } => 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)mask),
        IrArithmetic { Operation: IrOperation.ShiftRightLogical, B: { Register: null, Constant: > 0 and < 64 and var shift } } => 64 - (int)shift,
        _ => 64,
    };

    // How many low bits there are that all others repeat the highest of.
    int SignedWidth(VirtualRegister register) => _definitions.Of(register) switch
    {
        IrLoad { IsSigned: true } load => 8 * Bytes(load.Size),
        IrExtend { IsSigned: true } extend => extend.Bits,
        IrArithmetic { Operation: IrOperation.ShiftRightArithmetic, B: { Register: null, Constant: > 0 and < 64 and var shift } } => 64 - (int)shift,
        _ => 64,
    };

    static int Bytes(Size size) => size switch
    {
        Size.Byte => 1,
        Size.Half => 2,
        Size.Word => 4,
        _ => 8,
    };
}
