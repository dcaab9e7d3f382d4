using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>Writes the function that sends the names of a code object met on a stack: a <see cref="PythonCodeRecord"/>.</summary>
/// <remarks>Parameters: the walk, the code object. It costs some microseconds, once for each code object.</remarks>
sealed class PythonTeller(IrProgram program, PythonMaps maps, PythonSends sends)
{
    const int RecordSize = PythonCodeRecord.Work + PythonCodeRecord.CodeBytes + 8;

    IrBuilder _ir = null!;
    VirtualRegister _row;
    VirtualRegister _record;

    /// <summary>Writes it.</summary>
    public IrFunction Write()
    {
        var function = new IrFunction("python_tell", 2);
        program.Functions.Add(function);
        _ir = new IrBuilder(function);
        var (walk, code) = (function.Parameters[0], function.Parameters[1]);
        _row = PythonRows.Find(_ir, maps, walk);
        var (reserved, lost, unreadable, read, done) = (_ir.NewBlock("reserved"), _ir.NewBlock("lost"), _ir.NewBlock("unreadable"), _ir.NewBlock("read"), _ir.NewBlock("done"));
        _record = _ir.Call(Helper.RingbufReserve, sends.Ring, RecordSize, 0);
        _ir.Branch(Condition.Equal, _record, 0, lost, reserved);

        _ir.MoveTo(reserved);
        var failed = PythonRows.Read(_ir, _row, new IrAddress(_record, PythonCodeRecord.Work), code, PythonImageRow.CodeStart, PythonImageRow.CodeSize);
        _ir.Branch(Condition.NotEqual, failed, 0, unreadable, read);

        _ir.MoveTo(read);
        var process = _ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkProcess));
        var identity = function.NewSlot("identity", 8);
        _ir.Store(Size.Double, new IrAddress(identity), PythonRows.Identity(_ir, _row, _record, PythonCodeRecord.Work));
        _ir.Store(Size.Double, new IrAddress(_record), sends.CodeAction);
        _ir.Store(Size.Double, new IrAddress(_record, PythonCodeRecord.Code), code);
        _ir.Store(Size.Double, new IrAddress(_record, PythonCodeRecord.Identity), _ir.Load(Size.Double, new IrAddress(identity)));
        _ir.Store(Size.Double, new IrAddress(_record, PythonCodeRecord.Process), process);
        _ir.Store(Size.Word, new IrAddress(_record, PythonCodeRecord.Image), _ir.Load(Size.Word, new IrAddress(walk, PythonMaps.WalkImage)));
        _ir.Store(Size.Word, new IrAddress(_record, PythonCodeRecord.FirstLine), PythonRows.Field(_ir, _row, _record, PythonCodeRecord.Work, PythonImageRow.InCodeFirstLine, Size.Word));
        _ir.Store(Size.Double, new IrAddress(_record, PythonCodeRecord.Matches), 0);
        CopyText(PythonImageRow.InCodeName, PythonCodeRecord.Name);
        CopyText(PythonImageRow.InCodeFile, PythonCodeRecord.File);
        var key = function.NewSlot("key", PythonMaps.CodeKeySize);
        _ir.Store(Size.Double, new IrAddress(key), code);
        _ir.Store(Size.Double, new IrAddress(key, 8), process);
        _ir.Add(new IrCallHelper(null, Helper.RingbufSubmit, [_record, 0]));
        _ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [maps.Told!, key, identity, 0]));
        _ir.Jump(done);

        _ir.MoveTo(unreadable);
        _ir.Add(new IrCallHelper(null, Helper.RingbufDiscard, [_record, 0]));
        sends.CountLoss(_ir, LossKind.Python);
        _ir.Jump(done);
        _ir.MoveTo(lost);
        sends.CountLoss(_ir, LossKind.Record);
        _ir.Jump(done);
        _ir.MoveTo(done);
        _ir.Return(0);
        return function;
    }

    VirtualRegister InCode(int field) => PythonRows.Field(_ir, _row, _record, PythonCodeRecord.Work, field);

    VirtualRegister InObject(VirtualRegister structure, int field) => _ir.Arithmetic(IrOperation.Add, structure, PythonRows.Number(_ir, _row, field));

    /// <summary>Copies a str of the target into the record.</summary>
    void CopyText(int field, int part)
    {
        var text = InCode(field);
        var lengthIn = new IrAddress(_record, part + PythonCodeRecord.TextLength);
        var stateIn = new IrAddress(_record, part + PythonCodeRecord.TextState);
        _ir.Store(Size.Double, lengthIn, 0);
        _ir.Store(Size.Double, stateIn, 0);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [lengthIn, 8, InObject(text, PythonImageRow.TextLength)]));
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [stateIn, 4, InObject(text, PythonImageRow.TextState)]));
        var length = _ir.Load(Size.Double, lengthIn);
        var state = _ir.Load(Size.Word, stateIn);
        var characters = AtMost(length, PythonCodeRecord.TextCapacity);
        var width = _ir.Arithmetic(IrOperation.And, _ir.Arithmetic(IrOperation.ShiftRightLogical, state, 2), 7);
        var bytes = AtMost(_ir.Arithmetic(IrOperation.Multiply, characters, width), PythonCodeRecord.TextCapacity);
        var from = InObject(text, PythonImageRow.TextCompact);
        var (ascii, copy, failed, copied) = (_ir.NewBlock("ascii"), _ir.NewBlock("copy"), _ir.NewBlock("failed"), _ir.NewBlock("copied"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, state, 1 << 6), 0, ascii, copy);
        _ir.MoveTo(ascii);
        _ir.Move(from, InObject(text, PythonImageRow.TextAscii));
        _ir.Jump(copy);
        _ir.MoveTo(copy);
        _ir.Store(Size.Word, new IrAddress(_record, part + PythonCodeRecord.TextCopied), bytes);
        var answer = _ir.Call(Helper.ProbeReadUser, new IrAddress(_record, part + PythonCodeRecord.TextBytes), bytes, from);
        _ir.Branch(Condition.NotEqual, answer, 0, failed, copied);
        _ir.MoveTo(failed);
        _ir.Store(Size.Word, new IrAddress(_record, part + PythonCodeRecord.TextCopied), -1);
        _ir.Jump(copied);
        _ir.MoveTo(copied);
    }

    VirtualRegister AtMost(VirtualRegister value, int most)
    {
        var (over, within) = (_ir.NewBlock("over"), _ir.NewBlock("within"));
        var result = _ir.Copy(value);
        _ir.Branch(Condition.Greater, result, most, over, within);
        _ir.MoveTo(over);
        _ir.Move(result, most);
        _ir.Jump(within);
        _ir.MoveTo(within);
        return result;
    }
}
