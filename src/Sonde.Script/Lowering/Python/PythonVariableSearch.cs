using System.Text;
using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>Writes the search for variables by name: which slot of a function's frames holds each, and whether it is a cell there.</summary>
/// <remarks>
/// A turn of the loop looks at one variable of the code object. The context of the turns: {code object (8), value of the code table (8), slot of the
/// first name (8), how many names (8), tuple of names (8), kinds (8)}.
/// </remarks>
static class PythonVariableSearch
{
    const int Value = 0;
    const int FirstSlot = 8;
    const int Count = 16;
    const int Names = 24;
    const int Kinds = 32;
    const int ContextSize = 40;

    /// <summary>Bytes of a name that are compared: longer names are compared as far as this, and by length.</summary>
    const int NameBytes = 32;

    /// <summary>Writes the search; the slots go to <see cref="PythonMaps.CodeVariables"/> of <paramref name="value"/>, one for each name.</summary>
    public static void Write(IrProgram program, IrBuilder ir, VirtualRegister code, ValueLayout values, CallLayout layout, IReadOnlyList<string> names, IrAddress value)
    {
        for (var i = 0; i < names.Count; i++)
        {
            ir.Store(Size.Half, value.Plus(PythonMaps.CodeVariables + (2 * i)), PythonMaps.NoVariable);
        }

        var turn = WriteTurn(program, values, layout, names);
        var context = ir.Function.NewSlot("search", ContextSize);
        var number = ir.Function.NewSlot("number", 8);
        ir.Store(Size.Double, new IrAddress(context, Value), ir.AddressOf(value));
        ir.Store(Size.Double, new IrAddress(context, FirstSlot), 0);
        ir.Store(Size.Double, new IrAddress(context, Kinds), 0);
        ir.Store(Size.Double, new IrAddress(number), 0);
        ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [number, 4, ir.Arithmetic(IrOperation.Add, code, values.CodeVariableCount)]));
        ir.Store(Size.Double, new IrAddress(context, Count), ir.Load(Size.Double, new IrAddress(number)));
        ReadPointer(ir, code, values.CodeVariableNames, context, Names);
        if (values.CodeVariableKinds is { } kinds)
        {
            ReadPointer(ir, code, kinds, context, Kinds);
        }

        ir.Add(new IrCallHelper(null, Helper.Loop, [PythonMaps.MostVariables, turn, context, 0]));
        foreach (var tuple in new[] { values.CodeCellNames, values.CodeFreeNames }.OfType<int>())
        {
            // Up to 3.10 cells and free variables have tuples of their own; their slots follow. A kinds pointer of 1 says: all are cells.
            var first = ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(context, FirstSlot)), ir.Load(Size.Double, new IrAddress(context, Count)));
            ir.Store(Size.Double, new IrAddress(context, FirstSlot), first);
            ir.Store(Size.Double, new IrAddress(context, Kinds), 1);
            ReadPointer(ir, code, tuple, context, Names);
            ir.Store(Size.Double, new IrAddress(number), 0);
            ir.Add(new IrCallHelper(null, Helper.ProbeReadUser,
                [number, 8, ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(context, Names)), values.ItemCount)]));
            ir.Store(Size.Double, new IrAddress(context, Count), ir.Load(Size.Double, new IrAddress(number)));
            ir.Add(new IrCallHelper(null, Helper.Loop, [PythonMaps.MostVariables, turn, context, 0]));
        }
    }

    static void ReadPointer(IrBuilder ir, VirtualRegister code, int field, StackSlot context, int to)
    {
        ir.Store(Size.Double, new IrAddress(context, to), 0);
        ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [new IrAddress(context, to), 8, ir.Arithmetic(IrOperation.Add, code, field)]));
    }

    static IrFunction WriteTurn(IrProgram program, ValueLayout values, CallLayout layout, IReadOnlyList<string> names)
    {
        var function = new IrFunction("find_variables", 2);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var (index, context) = (function.Parameters[0], function.Parameters[1]);
        var (within, end, next) = (ir.NewBlock("within"), ir.NewBlock("end"), ir.NewBlock("next"));
        ir.Branch(Condition.GreaterOrEqual, index, ir.Load(Size.Double, new IrAddress(context, Count)), end, within);
        ir.MoveTo(within);
        var item = function.NewSlot("item", 8);
        var header = function.NewSlot("header", 16);
        var name = function.NewSlot("name", NameBytes);
        ClearAndRead(ir, item, 8, ir.Arithmetic(IrOperation.Add,
            ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(context, Names)), values.TupleItems),
            ir.Arithmetic(IrOperation.ShiftLeft, index, 3)));
        var text = ir.Load(Size.Double, new IrAddress(item));
        ClearAndRead(ir, header, 8, ir.Arithmetic(IrOperation.Add, text, layout.TextLength));
        ClearAndRead(ir, name, NameBytes, ir.Arithmetic(IrOperation.Add, text, layout.TextAscii));
        var cell = Cell(ir, context, index, item, values);
        var slot = ir.Arithmetic(IrOperation.Or, ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(context, FirstSlot)), index), cell);
        var target = ir.Load(Size.Double, new IrAddress(context, Value));
        for (var i = 0; i < names.Count; i++)
        {
            var other = ir.NewBlock("other_name");
            CompareName(ir, header, name, names[i], other);
            ir.Store(Size.Half, new IrAddress(target, PythonMaps.CodeVariables + (2 * i)), slot);
            ir.Jump(other);
            ir.MoveTo(other);
        }

        ir.Jump(next);
        ir.MoveTo(next);
        ir.Return(0);
        ir.MoveTo(end);
        ir.Return(1);
        return function;
    }

    static void ClearAndRead(IrBuilder ir, StackSlot slot, int size, VirtualRegister from)
    {
        for (var offset = 0; offset < size; offset += 8)
        {
            ir.Store(Size.Double, new IrAddress(slot, offset), 0);
        }

        ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [slot, size, from]));
    }

    /// <summary><see cref="PythonMaps.InCell"/> where the variable is in a cell.</summary>
    static VirtualRegister Cell(IrBuilder ir, VirtualRegister context, VirtualRegister index, StackSlot byteSlot, ValueLayout values)
    {
        var cell = ir.Constant(0);
        var kinds = ir.Load(Size.Double, new IrAddress(context, Kinds));
        var (all, ask, yes, known) = (ir.NewBlock("all_cells"), ir.NewBlock("ask_kind"), ir.NewBlock("cell"), ir.NewBlock("kind_known"));
        ir.Branch(Condition.LessOrEqual, kinds, 1, all, ask);
        ir.MoveTo(all);
        ir.Branch(Condition.Equal, kinds, 1, yes, known);
        ir.MoveTo(ask);
        ir.Store(Size.Double, new IrAddress(byteSlot), 0);
        ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [byteSlot, 1, ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Add, kinds, values.BytesData), index)]));
        var kind = ir.Arithmetic(IrOperation.And, ir.Load(Size.Byte, new IrAddress(byteSlot)), ValueLayout.CellKind | ValueLayout.FreeKind);
        ir.Branch(Condition.NotEqual, kind, 0, yes, known);
        ir.MoveTo(yes);
        ir.Move(cell, PythonMaps.InCell);
        ir.Jump(known);
        ir.MoveTo(known);
        return cell;
    }

    /// <summary>Goes to <paramref name="other"/> unless the ASCII name read is the wanted one.</summary>
    static void CompareName(IrBuilder ir, StackSlot header, StackSlot name, string wanted, BasicBlock other)
    {
        var bytes = Encoding.UTF8.GetBytes(wanted);
        var same = ir.NewBlock("same_length");
        ir.Branch(Condition.Equal, ir.Load(Size.Double, new IrAddress(header)), bytes.Length, same, other);
        ir.MoveTo(same);
        for (var offset = 0; offset < Math.Min(bytes.Length, NameBytes); offset += 8)
        {
            var count = Math.Min(8, bytes.Length - offset);
            long part = 0;
            for (var i = 0; i < count; i++)
            {
                part |= (long)bytes[offset + i] << (8 * i);
            }

            var loaded = ir.Load(Size.Double, new IrAddress(name, offset));
            var masked = count == 8 ? loaded : ir.Arithmetic(IrOperation.And, loaded, ir.Constant((1L << (8 * count)) - 1));
            var equal = ir.NewBlock("same_bytes");
            ir.Branch(Condition.Equal, masked, ir.Constant(part), equal, other);
            ir.MoveTo(equal);
        }
    }
}
