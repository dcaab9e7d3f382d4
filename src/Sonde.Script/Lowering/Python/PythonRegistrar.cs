using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>
/// Writes the function that is called when a code object is met for the first time: it sends its names, holds them against the patterns, finds the
/// variables asked for, and remembers all that.
/// </summary>
/// <remarks>Parameters: the code object, the process. It costs some microseconds, once for each code object.</remarks>
sealed class PythonRegistrar
{
    readonly IrBuilder _ir;
    readonly CallLayout _layout;
    readonly ValueLayout _values;
    readonly PythonMaps _maps;
    readonly PythonSends _sends;
    readonly IrProgram _program;
    readonly StackSlot _holder;
    readonly StackSlot _value;
    VirtualRegister _record;
    VirtualRegister _code;

    PythonRegistrar(IrProgram program, IrFunction function, CallLayout layout, ValueLayout values, PythonMaps maps, PythonSends sends)
    {
        _program = program;
        _ir = new IrBuilder(function);
        (_layout, _values, _maps, _sends) = (layout, values, maps, sends);
        _holder = function.NewSlot("record", 8);
        _value = function.NewSlot("value", maps.CodeValueSize);
    }

    /// <summary>The bytes of a code object that tell it from others at the same address, and hold its names.</summary>
    public static (int Start, int Size) CodeRange(CallLayout layout)
    {
        var start = layout.CodeFlags & ~7;
        return (start, Math.Max(layout.CodeLineTable, Math.Max(layout.CodeName, layout.CodeFile)) + 8 - start);
    }

    /// <summary>
    /// Mixes what tells code objects apart into 64 bits: their memory is used again after they are freed, so the address alone does not.
    /// </summary>
    /// <param name="chunk">Where the bytes of <see cref="CodeRange"/> are.</param>
    public static VirtualRegister Identity(IrBuilder ir, CallLayout layout, IrAddress chunk)
    {
        var start = CodeRange(layout).Start;
        var mixed = ir.Load(Size.Double, chunk.Plus((layout.CodeFirstLine & ~7) - start));
        var factor = ir.Constant(unchecked((long)0x9e3779b97f4a7c15));
        int[] fields = layout.CodeVersion is { } version
            ? [layout.CodeName, layout.CodeFile, layout.CodeLineTable, version & ~7]
            : [layout.CodeName, layout.CodeFile, layout.CodeLineTable];
        foreach (var field in fields)
        {
            mixed = ir.Arithmetic(IrOperation.Xor, ir.Arithmetic(IrOperation.Multiply, mixed, factor), ir.Load(Size.Double, chunk.Plus(field - start)));
        }

        return mixed;
    }

    /// <summary>Writes the function into a program.</summary>
    public static IrFunction Write(IrProgram program, CallLayout layout, ValueLayout values, int image, PythonMaps maps, PythonSends sends)
    {
        var function = new IrFunction("python_register", 2);
        program.Functions.Add(function);
        new PythonRegistrar(program, function, layout, values, maps, sends).Write(image);
        return function;
    }

    void Write(int image)
    {
        var (reserved, lost, unreadable, done) = (_ir.NewBlock("reserved"), _ir.NewBlock("lost"), _ir.NewBlock("unreadable"), _ir.NewBlock("done"));
        _code = _ir.Function.Parameters[0];
        var process = _ir.Function.Parameters[1];
        _record = _ir.Call(Helper.RingbufReserve, _sends.Ring, PythonCodeRecord.Size, 0);
        _ir.Branch(Condition.Equal, _record, 0, lost, reserved);

        _ir.MoveTo(reserved);
        var (start, size) = CodeRange(_layout);
        var read = _ir.NewBlock("read");
        var chunk = new IrAddress(_record, PythonCodeRecord.Work);
        var failed = _ir.Call(Helper.ProbeReadUser, chunk, size, _ir.Arithmetic(IrOperation.Add, _code, start));
        _ir.Branch(Condition.NotEqual, failed, 0, unreadable, read);

        _ir.MoveTo(read);
        var identity = Identity(_ir, _layout, chunk);
        _ir.Store(Size.Double, new IrAddress(_record), _sends.CodeAction);
        _ir.Store(Size.Double, new IrAddress(_record, PythonCodeRecord.Code), _code);
        _ir.Store(Size.Double, new IrAddress(_record, PythonCodeRecord.Identity), identity);
        _ir.Store(Size.Double, new IrAddress(_record, PythonCodeRecord.Process), process);
        _ir.Store(Size.Word, new IrAddress(_record, PythonCodeRecord.Image), image);
        _ir.Store(Size.Word, new IrAddress(_record, PythonCodeRecord.FirstLine), _ir.Load(Size.Word, chunk.Plus(_layout.CodeFirstLine - start)));
        CopyText(_ir.Load(Size.Double, chunk.Plus(_layout.CodeName - start)), PythonCodeRecord.Name);
        CopyText(_ir.Load(Size.Double, chunk.Plus(_layout.CodeFile - start)), PythonCodeRecord.File);
        _ir.Store(Size.Double, new IrAddress(_value, PythonMaps.CodeIdentity), identity);
        var matches = MatchPatterns();
        _ir.Store(Size.Double, new IrAddress(_value, PythonMaps.CodeMatches), matches);
        _ir.Store(Size.Double, new IrAddress(_record, PythonCodeRecord.Matches), matches);
        if (_maps.Names.Count > 0)
        {
            PythonVariableSearch.Write(_program, _ir, _code, _values, _layout, _maps.Names, new IrAddress(_value));
        }

        var key = _ir.Function.NewSlot("key", PythonMaps.CodeKeySize);
        _ir.Store(Size.Double, new IrAddress(key), _code);
        _ir.Store(Size.Double, new IrAddress(key, 8), process);
        _ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [_maps.Codes, key, _value, 0]));
        _ir.Add(new IrCallHelper(null, Helper.RingbufSubmit, [_record, 0]));
        _ir.Jump(done);

        _ir.MoveTo(unreadable);
        _ir.Add(new IrCallHelper(null, Helper.RingbufDiscard, [_record, 0]));
        _sends.CountLoss(_ir, LossKind.Python);
        _ir.Jump(done);
        _ir.MoveTo(lost);
        _sends.CountLoss(_ir, LossKind.Record);
        _ir.Jump(done);
        _ir.MoveTo(done);
        _ir.Return(0);
    }

    /// <summary>Copies a str of the target into the record.</summary>
    void CopyText(VirtualRegister text, int part)
    {
        var lengthIn = new IrAddress(_record, part + PythonCodeRecord.TextLength);
        var stateIn = new IrAddress(_record, part + PythonCodeRecord.TextState);
        _ir.Store(Size.Double, lengthIn, 0);
        _ir.Store(Size.Word, stateIn, 0);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [lengthIn, 8, _ir.Arithmetic(IrOperation.Add, text, _layout.TextLength)]));
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [stateIn, 4, _ir.Arithmetic(IrOperation.Add, text, _layout.TextState)]));
        var length = _ir.Load(Size.Double, lengthIn);
        var state = _ir.Load(Size.Word, stateIn);
        var characters = AtMost(length, PythonCodeRecord.TextCapacity);
        var width = _ir.Arithmetic(IrOperation.And, _ir.Arithmetic(IrOperation.ShiftRightLogical, state, 2), 7);
        var bytes = AtMost(_ir.Arithmetic(IrOperation.Multiply, characters, width), PythonCodeRecord.TextCapacity);
        var from = _ir.Arithmetic(IrOperation.Add, text, _layout.TextCompact);
        var (ascii, copy, failed, copied) = (_ir.NewBlock("ascii"), _ir.NewBlock("copy"), _ir.NewBlock("failed"), _ir.NewBlock("copied"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, state, 1 << 6), 0, ascii, copy);
        _ir.MoveTo(ascii);
        _ir.Move(from, _ir.Arithmetic(IrOperation.Add, text, _layout.TextAscii));
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

    /// <summary>One bit for each pattern of the script.</summary>
    VirtualRegister MatchPatterns()
    {
        var bits = _ir.Constant(0);
        IrFunction? functions = null;
        IrFunction? files = null;
        for (var i = 0; i < _maps.Patterns.Count; i++)
        {
            var pattern = _maps.Patterns[i];
            var next = _ir.NewBlock("next_pattern");
            foreach (var form in PythonGlob.ForFunction(pattern.Function, _layout.NamesAreQualified))
            {
                functions ??= PythonMatcher.WriteTurn(_program, PythonCodeRecord.Name);
                var matches = _ir.NewBlock("function_matches");
                _ir.Branch(Condition.NotEqual, PythonMatcher.Match(_ir, _record, _holder, functions, PythonCodeRecord.Name, form), 0, matches, next);
                _ir.MoveTo(matches);
            }

            var forms = PythonGlob.ForFile(pattern.File);
            if (forms.Count > 0)
            {
                files ??= PythonMatcher.WriteTurn(_program, PythonCodeRecord.File);
                var matches = _ir.NewBlock("file_matches");
                foreach (var form in forms)
                {
                    var other = _ir.NewBlock("other_form");
                    _ir.Branch(Condition.NotEqual, PythonMatcher.Match(_ir, _record, _holder, files, PythonCodeRecord.File, form), 0, matches, other);
                    _ir.MoveTo(other);
                }

                _ir.Jump(next);
                _ir.MoveTo(matches);
            }

            _ir.Move(bits, _ir.Arithmetic(IrOperation.Or, bits, _ir.Constant(1L << i)));
            _ir.Jump(next);
            _ir.MoveTo(next);
        }

        return bits;
    }
}
