using System.Globalization;
using Sonde.Bpf;

namespace Sonde.Script.Ir;

/// <summary>Prints programs for people (<c>-d ir</c>).</summary>
static class IrPrinter
{
    public static void Print(IrProgram program, TextWriter writer)
    {
        bool isFirst = true;
        foreach (IrFunction function in program.Functions)
        {
            if (!isFirst)
            {
                writer.Write('\n');
            }

            isFirst = false;
            Print(function, writer);
        }
    }

    public static void Print(IrFunction function, TextWriter writer)
    {
        writer.Write($"{function.Name}({string.Join(", ", function.Parameters)})\n");
        Dictionary<BasicBlock, string> names = Names(function);
        foreach (BasicBlock block in function.Blocks)
        {
            writer.Write($"{names[block]}:\n");
            foreach (IrInstruction instruction in block.Instructions)
            {
                writer.Write($"    {Format(instruction)}\n");
            }

            writer.Write($"    {Format(block.Terminator, block => names.GetValueOrDefault(block, block.Name))}\n");
        }
    }

    public static string Format(IrInstruction instruction) => instruction switch
    {
        IrConstant i => $"{i.Dst} = {Number(i.Value)}",
        IrMove i => $"{i.Dst} = {i.Src}",
        IrArithmetic i => $"{i.Dst} = {Format(i.A)} {Symbol(i.Operation)} {Format(i.B)}",
        IrNegate i => $"{i.Dst} = -{i.Src}",
        IrExtend i => $"{i.Dst} = ({(i.IsSigned ? 's' : 'u')}{i.Bits}){i.Src}",
        IrByteSwap i => $"{i.Dst} = bswap{i.Bits} {i.Src}",
        IrLoad i => $"{i.Dst} = {Access(i.Size, i.From, i.IsSigned)}",
        IrStore i => $"{Access(i.Size, i.To)} = {Format(i.Value)}",
        IrAtomic i => $"{(i.Dst is { } dst ? $"{dst} = " : "")}atomic {Name(i.Operation)} {Access(i.Size, i.To)}{(i.Expected is { } expected ? $", {expected}" : "")}, {i.Value}",
        IrAddressOf i => $"{i.Dst} = &{i.Address}",
        IrBegin i => $"begin {i.Slot}",
        IrMap i => $"{i.Dst} = map {i.Map.Name}",
        IrMapValue i => $"{i.Dst} = &{i.Map.Name}[0]+{i.Offset}",
        IrFunctionAddress i => $"{i.Dst} = function {i.Function.Name}",
        IrCallHelper i => Call(i.Dst, i.Helper.ToString(), i.Arguments),
        IrCallKernel i => Call(i.Dst, $"kernel#{i.BtfId}", i.Arguments),
        IrCallFunction i => Call(i.Dst, i.Function.Name, i.Arguments),
        _ => instruction.ToString(),
    };

    public static string Format(IrTerminator? terminator, Func<BasicBlock, string> name) => terminator switch
    {
        IrJump jump => $"goto {name(jump.Target)}",
        IrBranch branch => $"if {(branch.Is32 ? "(32) " : "")}{branch.A} {branch.Condition.Sign()} {Format(branch.B)} goto {name(branch.WhenTrue)} else {name(branch.WhenFalse)}",
        IrReturn end => $"return {Format(end.Value)}",
        _ => "(no end)",
    };

    static string Call(VirtualRegister? dst, string what, IrArgument[] arguments) =>
        $"{(dst is { } result ? $"{result} = " : "")}{what}({string.Join(", ", arguments.Select(argument => argument.Value is { } value ? Format(value) : argument.ToString()))})";

    static string Format(IrOperand operand) => operand.Register?.ToString() ?? Number(operand.Constant);

    // As the disassembler: counts in decimal, masks and addresses in hexadecimal.
    static string Number(long value) => value is >= -65536 and <= 65536
        ? value.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");

    static string Access(Size size, IrAddress address, bool isSigned = false) =>
        $"*({(isSigned ? 's' : 'u')}{size switch { Size.Byte => 8, Size.Half => 16, Size.Word => 32, _ => 64 }} *)({address})";

    // Names blocks share are told apart by a number.
    static Dictionary<BasicBlock, string> Names(IrFunction function)
    {
        Dictionary<BasicBlock, string> names = [];
        HashSet<string> taken = [];
        foreach (BasicBlock block in function.Blocks)
        {
            string name = block.Name;
            for (int i = 2; !taken.Add(name); i++)
            {
                name = string.Create(CultureInfo.InvariantCulture, $"{block.Name}.{i}");
            }

            names.Add(block, name);
        }

        return names;
    }

    static string Name(IrAtomicOperation operation) => operation switch
    {
        IrAtomicOperation.Add => "add",
        IrAtomicOperation.Or => "or",
        IrAtomicOperation.And => "and",
        IrAtomicOperation.Xor => "xor",
        IrAtomicOperation.Exchange => "exchange",
        _ => "compare-exchange",
    };

    static string Symbol(IrOperation operation) => operation switch
    {
        IrOperation.Add => "+",
        IrOperation.Subtract => "-",
        IrOperation.Multiply => "*",
        IrOperation.UnsignedDivide => "/",
        IrOperation.UnsignedModulo => "%",
        IrOperation.SignedDivide => "s/",
        IrOperation.SignedModulo => "s%",
        IrOperation.And => "&",
        IrOperation.Or => "|",
        IrOperation.Xor => "^",
        IrOperation.ShiftLeft => "<<",
        IrOperation.ShiftRightLogical => ">>",
        _ => "s>>",
    };
}
