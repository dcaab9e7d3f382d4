using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>Writes the function that finds the line a frame is at, in the line table of its code object.</summary>
/// <remarks>
/// Objects/lnotab_notes.txt up to 3.10, InternalDocs/code_objects.md (3.11: Objects/locations.md) for the location table since. A line found is remembered by
/// the instruction. Parameters: the walk, which has just read the code object; its address; the instruction; the code object's identity. What has no line has
/// the function's first; the line of a table that cannot be read is 0.
/// </remarks>
sealed class PythonLineCode(IrProgram program, PythonMaps maps)
{
    /// <summary>Longer tables are not searched to their end.</summary>
    const int MostTableBytes = 1 << 15;

    /// <summary>So many bytes of the table are read at a time.</summary>
    const int Piece = PythonImageRow.MostBytes;

    // In the part of the walk that is this search's.
    const int Data = PythonMaps.WalkLines;
    const int Length = Data + 8;
    const int Address = Data + 16;
    const int Line = Data + 24;
    const int Target = Data + 32;
    const int Delta = Data + 40;
    const int Shift = Data + 48;
    const int Result = Data + 56;

    const int NoDelta = -1;

    /// <summary>Writes it.</summary>
    public IrFunction Write()
    {
        var function = new IrFunction("python_line", 4);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var (walk, code, instruction, identity) = (function.Parameters[0], function.Parameters[1], function.Parameters[2], function.Parameters[3]);
        var key = function.NewSlot("key", PythonMaps.LineKeySize);
        var value = function.NewSlot("value", PythonMaps.LineSize);
        ir.Store(Size.Double, new IrAddress(key), code);
        ir.Store(Size.Double, new IrAddress(key, 8), instruction);
        ir.Store(Size.Double, new IrAddress(key, 16), ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkProcess)));
        var (known, own, search) = (ir.NewBlock("known"), ir.NewBlock("own"), ir.NewBlock("search"));
        var remembered = ir.Call(Helper.MapLookupElem, maps.Lines!, key);
        ir.Branch(Condition.Equal, remembered, 0, search, known);
        ir.MoveTo(known);
        ir.Branch(Condition.Equal, ir.Load(Size.Double, new IrAddress(remembered, PythonMaps.LineIdentity)), identity, own, search);
        ir.MoveTo(own);
        ir.Return(ir.Load(Size.Double, new IrAddress(remembered, PythonMaps.LineNumber)));

        ir.MoveTo(search);
        var row = PythonRows.Find(ir, maps, walk);
        var holder = function.NewSlot("walk", 8);
        var first = PythonRows.Field(ir, row, walk, PythonMaps.WalkCode, PythonImageRow.InCodeFirstLine, Size.Word);
        var (read, fits, done, pairs, pairsOf10, entries, indexed, addressed, ready) =
            (ir.NewBlock("read"), ir.NewBlock("fits"), ir.NewBlock("done"), ir.NewBlock("pairs"), ir.NewBlock("pairs_of_10"), ir.NewBlock("entries"), ir.NewBlock("indexed"), ir.NewBlock("addressed"), ir.NewBlock("ready"));
        var table = PythonRows.Field(ir, row, walk, PythonMaps.WalkCode, PythonImageRow.InCodeLines);
        Set(ir, walk, Line, first);
        Set(ir, walk, Result, 0);
        Set(ir, walk, Address, 0);
        Set(ir, walk, Delta, NoDelta);
        Set(ir, walk, Data, ir.Arithmetic(IrOperation.Add, table, PythonRows.Number(ir, row, PythonImageRow.BytesData)));
        ir.Store(Size.Double, new IrAddress(holder), walk);
        var length = PythonRows.Pointer(ir, new IrAddress(walk, Length), ir.Arithmetic(IrOperation.Add, table, PythonRows.Number(ir, row, PythonImageRow.ItemCount)), done);
        ir.Branch(Condition.LessOrEqual, length, MostTableBytes, fits, done);

        ir.MoveTo(fits);
        Set(ir, walk, Result, first);
        var form = PythonRows.Number(ir, row, PythonImageRow.LineForm);
        ir.Branch(Condition.Equal, form, 11, addressed, indexed);

        // A frame that has not begun has the index -1.
        ir.MoveTo(indexed);
        var begun = ir.NewBlock("begun");
        var index = ir.Extend(instruction, 32, isSigned: true);
        ir.Branch(Condition.SignedLess, index, 0, done, begun);
        ir.MoveTo(begun);
        Set(ir, walk, Target, index);
        ir.Branch(Condition.Equal, form, 10, pairsOf10, pairs);
        ir.MoveTo(pairs);
        Search(WritePair, "python_lines_6", 2);
        // The index counts instructions, the table bytes.
        ir.MoveTo(pairsOf10);
        Set(ir, walk, Target, ir.Arithmetic(IrOperation.ShiftLeft, index, 1));
        Search(WritePairOf10, "python_lines_10", 2);

        ir.MoveTo(addressed);
        Set(ir, walk, Target, ir.Arithmetic(IrOperation.Subtract, ir.Arithmetic(IrOperation.Subtract, instruction, code), PythonRows.Number(ir, row, PythonImageRow.CodeInstructions)));
        Search(WriteByte, "python_lines_11", 1);
        ir.MoveTo(done);
        ir.Store(Size.Double, new IrAddress(value, PythonMaps.LineIdentity), identity);
        ir.Store(Size.Double, new IrAddress(value, PythonMaps.LineNumber), Get(ir, walk, Result));
        ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [maps.Lines!, key, value, 0]));
        ir.Return(Get(ir, walk, Result));
        return function;

        void Search(Action<IrBuilder, VirtualRegister, VirtualRegister> turn, string name, int step)
        {
            ir.Add(new IrCallHelper(null, Helper.Loop, [ir.Arithmetic(IrOperation.UnsignedDivide, length, step), WriteTurn(name, step, turn), holder, 0]));
            ir.Jump(done);
        }
    }

    static void Set(IrBuilder ir, VirtualRegister walk, int field, IrOperand value) => ir.Store(Size.Double, new IrAddress(walk, field), value);

    static VirtualRegister Get(IrBuilder ir, VirtualRegister walk, int field) => ir.Load(Size.Double, new IrAddress(walk, field));

    /// <summary>A turn that has the table's next bytes in memory: <paramref name="write"/> is given the walk and where in it they are, and ends every path.</summary>
    IrFunction WriteTurn(string name, int step, Action<IrBuilder, VirtualRegister, VirtualRegister> write)
    {
        var function = new IrFunction(name, 2);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var walk = ir.Load(Size.Double, new IrAddress(function.Parameters[1]));
        var position = ir.Arithmetic(IrOperation.Multiply, function.Parameters[0], step);
        var inPiece = ir.Arithmetic(IrOperation.And, position, Piece - step);
        var (fetch, whole, rest, take, have, end) = (ir.NewBlock("fetch"), ir.NewBlock("whole"), ir.NewBlock("rest"), ir.NewBlock("take"), ir.NewBlock("have"), ir.NewBlock("end"));
        ir.Branch(Condition.Equal, inPiece, 0, fetch, have);
        ir.MoveTo(fetch);
        var bytes = ir.Arithmetic(IrOperation.Subtract, Get(ir, walk, Length), position);
        ir.Branch(Condition.Greater, bytes, Piece, whole, rest);
        ir.MoveTo(whole);
        ir.Move(bytes, Piece);
        ir.Jump(take);
        ir.MoveTo(rest);
        ir.Jump(take);
        ir.MoveTo(take);
        var answer = ir.Call(Helper.ProbeReadUser, new IrAddress(walk, PythonMaps.WalkFrame), bytes, ir.Arithmetic(IrOperation.Add, Get(ir, walk, Data), position));
        ir.Branch(Condition.Equal, answer, 0, have, end);
        ir.MoveTo(have);
        write(ir, walk, ir.Arithmetic(IrOperation.Add, walk, inPiece));
        ir.MoveTo(end);
        ir.Return(1);
        return function;
    }

    static VirtualRegister Byte(IrBuilder ir, VirtualRegister at, int place, bool isSigned = false)
    {
        var value = ir.Load(Size.Byte, new IrAddress(at, PythonMaps.WalkFrame + place));
        return isSigned ? ir.Extend(value, 8, isSigned: true) : value;
    }

    /// <summary>Up to 3.9: by how much the address and then the line grow.</summary>
    static void WritePair(IrBuilder ir, VirtualRegister walk, VirtualRegister at)
    {
        var (before, end) = (ir.NewBlock("before"), ir.NewBlock("reached"));
        var address = ir.Arithmetic(IrOperation.Add, Get(ir, walk, Address), Byte(ir, at, 0));
        ir.Branch(Condition.Greater, address, Get(ir, walk, Target), end, before);
        ir.MoveTo(before);
        Set(ir, walk, Address, address);
        Set(ir, walk, Result, ir.Arithmetic(IrOperation.Add, Get(ir, walk, Result), Byte(ir, at, 1, isSigned: true)));
        ir.Return(0);
        ir.MoveTo(end);
        ir.Return(1);
    }

    /// <summary>3.10: how long a range is and by how much its line differs from that of the one before; -128 has none.</summary>
    static void WritePairOf10(IrBuilder ir, VirtualRegister walk, VirtualRegister at)
    {
        const int none = -128;
        var (lined, ranged, reached, known, end, next) = (ir.NewBlock("lined"), ir.NewBlock("ranged"), ir.NewBlock("reached"), ir.NewBlock("known"), ir.NewBlock("found"), ir.NewBlock("next"));
        var address = ir.Arithmetic(IrOperation.Add, Get(ir, walk, Address), Byte(ir, at, 0));
        Set(ir, walk, Address, address);
        var delta = Byte(ir, at, 1, isSigned: true);
        ir.Branch(Condition.Equal, delta, none, ranged, lined);
        ir.MoveTo(lined);
        Set(ir, walk, Line, ir.Arithmetic(IrOperation.Add, Get(ir, walk, Line), delta));
        ir.Jump(ranged);
        ir.MoveTo(ranged);
        ir.Branch(Condition.Greater, address, Get(ir, walk, Target), reached, next);
        ir.MoveTo(reached);
        ir.Branch(Condition.Equal, delta, none, end, known);
        ir.MoveTo(known);
        Set(ir, walk, Result, Get(ir, walk, Line));
        ir.Jump(end);
        ir.MoveTo(next);
        ir.Return(0);
        ir.MoveTo(end);
        ir.Return(1);
    }

    /// <summary>
    /// Since 3.11: entries of one byte with the highest bit set, {form (4 bits), instructions less 1 (3 bits)}, and what belongs to them. Each entry's line is
    /// known when its first number is read, and the search ends there.
    /// </summary>
    static void WriteByte(IrBuilder ir, VirtualRegister walk, VirtualRegister at)
    {
        const int withoutLine = 15;
        const int oneLine = 10;
        const int firstNumbered = 13;
        var (start, inside, number, last, negative, positive, applied, oneLiner, plain, near, judged, covered, end, next) =
            (ir.NewBlock("start"), ir.NewBlock("inside"), ir.NewBlock("number"), ir.NewBlock("last"), ir.NewBlock("negative"), ir.NewBlock("positive"), ir.NewBlock("applied"),
            ir.NewBlock("one_liner"), ir.NewBlock("plain"), ir.NewBlock("near"), ir.NewBlock("judged"), ir.NewBlock("covered"), ir.NewBlock("found"), ir.NewBlock("next"));
        var value = Byte(ir, at, 0);
        ir.Branch(Condition.GreaterOrEqual, value, 0x80, start, inside);

        ir.MoveTo(start);
        var form = ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.ShiftRightLogical, value, 3), 15);
        var bytes = ir.Arithmetic(IrOperation.ShiftLeft, ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.And, value, 7), 1), 1);
        Set(ir, walk, Address, ir.Arithmetic(IrOperation.Add, Get(ir, walk, Address), bytes));
        Set(ir, walk, Delta, NoDelta);
        var (lined, unlined) = (ir.NewBlock("lined"), ir.NewBlock("unlined"));
        ir.Branch(Condition.Equal, form, withoutLine, unlined, lined);
        ir.MoveTo(unlined);
        ir.Branch(Condition.Greater, Get(ir, walk, Address), Get(ir, walk, Target), end, next);
        ir.MoveTo(lined);
        ir.Branch(Condition.GreaterOrEqual, form, firstNumbered, number, oneLiner);
        ir.MoveTo(number);
        Set(ir, walk, Delta, 0);
        Set(ir, walk, Shift, 0);
        ir.Jump(next);
        ir.MoveTo(oneLiner);
        ir.Branch(Condition.GreaterOrEqual, form, oneLine, near, plain);
        ir.MoveTo(near);
        Set(ir, walk, Line, ir.Arithmetic(IrOperation.Add, Get(ir, walk, Line), ir.Arithmetic(IrOperation.Subtract, form, oneLine)));
        ir.Jump(plain);
        ir.MoveTo(plain);
        ir.Jump(judged);

        ir.MoveTo(inside);
        var wanted = ir.NewBlock("wanted");
        var sofar = Get(ir, walk, Delta);
        ir.Branch(Condition.SignedLess, sofar, 0, next, wanted);
        ir.MoveTo(wanted);
        var shift = ir.Arithmetic(IrOperation.And, Get(ir, walk, Shift), 63);
        var delta = ir.Arithmetic(IrOperation.Or, sofar, ir.Arithmetic(IrOperation.ShiftLeft, ir.Arithmetic(IrOperation.And, value, 63), shift));
        Set(ir, walk, Delta, ir.Arithmetic(IrOperation.And, delta, 0x7fffffff));
        Set(ir, walk, Shift, ir.Arithmetic(IrOperation.Add, shift, 6));
        ir.Branch(Condition.GreaterOrEqual, value, 64, next, last);
        ir.MoveTo(last);
        var amount = ir.Arithmetic(IrOperation.ShiftRightLogical, delta, 1);
        ir.Branch(Condition.Equal, ir.Arithmetic(IrOperation.And, delta, 1), 0, positive, negative);
        ir.MoveTo(negative);
        Set(ir, walk, Line, ir.Arithmetic(IrOperation.Subtract, Get(ir, walk, Line), amount));
        ir.Jump(applied);
        ir.MoveTo(positive);
        Set(ir, walk, Line, ir.Arithmetic(IrOperation.Add, Get(ir, walk, Line), amount));
        ir.Jump(applied);
        ir.MoveTo(applied);
        Set(ir, walk, Delta, NoDelta);
        ir.Jump(judged);

        ir.MoveTo(judged);
        ir.Branch(Condition.Greater, Get(ir, walk, Address), Get(ir, walk, Target), covered, next);
        ir.MoveTo(covered);
        Set(ir, walk, Result, Get(ir, walk, Line));
        ir.Jump(end);
        ir.MoveTo(next);
        ir.Return(0);
        ir.MoveTo(end);
        ir.Return(1);
    }
}
