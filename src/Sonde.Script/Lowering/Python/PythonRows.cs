using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>Reads what a <see cref="PythonImageRow"/> describes: offsets are known only when the program runs, and bounded so that the verifier sees it.</summary>
static class PythonRows
{
    /// <summary>The entry of the interpreter a walk is in. Ends the function with 1 when there is none.</summary>
    public static VirtualRegister Find(IrBuilder ir, PythonMaps maps, VirtualRegister walk)
    {
        var row = ir.Call(Helper.MapLookupElem, maps.Images!, new IrAddress(walk, PythonMaps.WalkImage));
        var (there, missing) = (ir.NewBlock("image"), ir.NewBlock("no_image"));
        ir.Branch(Condition.NotEqual, row, 0, there, missing);
        ir.MoveTo(missing);
        ir.Return(1);
        ir.MoveTo(there);
        return row;
    }

    /// <summary>A number of the entry.</summary>
    public static VirtualRegister Number(IrBuilder ir, VirtualRegister row, int field) => ir.Load(Size.Word, new IrAddress(row, field));

    /// <summary>Reads a structure, or the part of it that is of interest; 0 when that went well.</summary>
    /// <param name="to">Room for <see cref="PythonImageRow.MostBytes"/>.</param>
    public static VirtualRegister Read(IrBuilder ir, VirtualRegister row, IrAddress to, VirtualRegister structure, int start, int size)
    {
        var bytes = ir.Arithmetic(IrOperation.And, Number(ir, row, size), PythonImageRow.MostBytes - 1);
        var from = ir.Arithmetic(IrOperation.Add, structure, Number(ir, row, start));
        return ir.Call(Helper.ProbeReadUser, to, bytes, from);
    }

    /// <summary>A field of a structure that was read.</summary>
    /// <param name="memory">Where it was read into, at <paramref name="offset"/>; 8 bytes of room behind it.</param>
    public static VirtualRegister Field(IrBuilder ir, VirtualRegister row, VirtualRegister memory, int offset, int field, Size size = Size.Double)
    {
        var at = ir.Arithmetic(IrOperation.And, Number(ir, row, field), size switch
        {
            Size.Double => PythonImageRow.MostBytes - 8,
            Size.Word => PythonImageRow.MostBytes - 4,
            _ => PythonImageRow.MostBytes - 1,
        });
        return ir.Load(size, new IrAddress(ir.Arithmetic(IrOperation.Add, memory, at), offset));
    }

    /// <summary>What tells a code object from others whose memory was the same one.</summary>
    public static VirtualRegister Identity(IrBuilder ir, VirtualRegister row, VirtualRegister memory, int offset)
    {
        var factor = ir.Constant(unchecked((long)0x9e3779b97f4a7c15));
        // The first line shares its 8 bytes with another number that does not change.
        var mixed = Field(ir, row, memory, offset, PythonImageRow.InCodeFirstLine);
        foreach (var field in new[] { PythonImageRow.InCodeName, PythonImageRow.InCodeFile, PythonImageRow.InCodeLines, PythonImageRow.InCodeVersion })
        {
            mixed = ir.Arithmetic(IrOperation.Xor, ir.Arithmetic(IrOperation.Multiply, mixed, factor), Field(ir, row, memory, offset, field));
        }

        return mixed;
    }

    /// <summary>A pointer, or another number of 8 bytes, in user memory; goes to <paramref name="unreadable"/> when there is none.</summary>
    public static VirtualRegister Pointer(IrBuilder ir, IrAddress room, VirtualRegister from, BasicBlock unreadable)
    {
        var read = ir.NewBlock("pointer");
        ir.Branch(Condition.Equal, ir.Call(Helper.ProbeReadUser, room, 8, from), 0, read, unreadable);
        ir.MoveTo(read);
        return ir.Load(Size.Double, room);
    }
}
