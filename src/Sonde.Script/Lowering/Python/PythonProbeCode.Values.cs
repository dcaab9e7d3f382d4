using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering.Python;

/// <summary>What a Python probe gives to its body: the function, variables, the result, and the values of objects.</summary>
sealed partial class PythonProbeCode
{
    /// <summary>Bytes of a type's name that tell <c>bool</c> and <c>float</c> from everything else.</summary>
    const long Bool = 0x6c6f_6f62;
    const long Float = 0x74_616f_6c66;
    const long None = 0x70_7954_656e_6f4e;
    const long Set = 0x74_6573;
    const long FrozenSet = 0x73_6e65_7a6f_7266;
    const long ByteArray = 0x72_7261_6574_7962;

    /// <summary>The address of the frame: the same from a call to its end.</summary>
    public VirtualRegister Frame => _frame;

    /// <summary>Stores pyfunc_t or pyfile_t: code object, process.</summary>
    public void StoreFunction(IrAddress to)
    {
        _ir.Store(Size.Double, to, _code);
        _ir.Store(Size.Double, to.Plus(8), _process);
    }

    /// <summary>The function's first line.</summary>
    public VirtualRegister FirstLine()
    {
        ReadOrZero(_word, 4, _ir.Arithmetic(IrOperation.Add, _code, Layout.CodeFirstLine));
        return _ir.Load(Size.Word, new IrAddress(_word));
    }

    /// <summary>The object a variable holds; 0 when it is unset or the function has none of that name.</summary>
    public VirtualRegister Local(int name)
    {
        var result = _ir.Constant(0);
        var slot = _ir.Load(Size.Half, new IrAddress(_known, PythonMaps.CodeVariables + (2 * name)));
        var (there, cell, got) = (_ir.NewBlock("variable"), _ir.NewBlock("in_cell"), _ir.NewBlock("got_variable"));
        _ir.Branch(Condition.Equal, slot, PythonMaps.NoVariable, got, there);
        _ir.MoveTo(there);
        var offset = _ir.Arithmetic(IrOperation.ShiftLeft, _ir.Arithmetic(IrOperation.And, slot, PythonMaps.InCell - 1), 3);
        ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, _ir.Arithmetic(IrOperation.Add, _frame, Values.FrameLocals), offset));
        _ir.Move(result, Untag(_ir.Load(Size.Double, new IrAddress(_word))));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, slot, PythonMaps.InCell), 0, cell, got);
        _ir.MoveTo(cell);
        ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, result, Values.CellValue));
        _ir.Move(result, _ir.Load(Size.Double, new IrAddress(_word)));
        _ir.Jump(got);
        _ir.MoveTo(got);
        return result;
    }

    /// <summary>The object a function returns.</summary>
    public VirtualRegister Result() => new PythonResultCode(_ir, Layout, Values, _context, _word).Write(Site, _frame, _code, () => _ir.Load(Size.Double, InFrame(Layout.FrameInstruction)));

    /// <summary>The address of the name of the exception's type that leaves the frame: a C string of the target; 0 when there is none.</summary>
    public VirtualRegister ExceptionName()
    {
        var result = _ir.Constant(0);
        if (Site.ThreadState is { } threadState)
        {
            var (raised, got) = (_ir.NewBlock("raised"), _ir.NewBlock("got_name"));
            ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, LoadLocation(threadState), Layout.ThreadException));
            var exception = _ir.Load(Size.Double, new IrAddress(_word));
            _ir.Branch(Condition.NotEqual, exception, 0, raised, got);
            _ir.MoveTo(raised);
            var type = exception;
            if (Layout.ExceptionIsObject)
            {
                ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, exception, Layout.ObjectType));
                type = _ir.Load(Size.Double, new IrAddress(_word));
            }

            ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, type, Values.TypeName));
            _ir.Move(result, _ir.Load(Size.Double, new IrAddress(_word)));
            _ir.Jump(got);
            _ir.MoveTo(got);
        }

        return result;
    }

    /// <summary>The int, bool or float at an address as a number of 64 bits (a large int: its low bits); 0 for everything else.</summary>
    public VirtualRegister Integer(VirtualRegister value)
    {
        var result = _ir.Constant(0);
        var type = TypeOf(value);
        var (integer, other, real, got) = (_ir.NewBlock("integer"), _ir.NewBlock("other"), _ir.NewBlock("real"), _ir.NewBlock("got_integer"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, type.Flags, ValueLayout.IntegerFlag), 0, integer, other);
        _ir.MoveTo(integer);
        _ir.Move(result, Digits(value).Number);
        _ir.Jump(got);
        _ir.MoveTo(other);
        _ir.Branch(Condition.Equal, type.Name, _ir.Constant(Float), real, got);
        _ir.MoveTo(real);
        ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, value, Values.FloatValue));
        _ir.Move(result, Truncate(_ir.Load(Size.Double, new IrAddress(_word))));
        _ir.Jump(got);
        _ir.MoveTo(got);
        return result;
    }

    /// <summary>The bits of the float at an address; 0.0 for everything else.</summary>
    public VirtualRegister Real(VirtualRegister value)
    {
        var result = _ir.Constant(0);
        var type = TypeOf(value);
        var (real, got) = (_ir.NewBlock("real"), _ir.NewBlock("got_real"));
        _ir.Branch(Condition.Equal, type.Name, _ir.Constant(Float), real, got);
        _ir.MoveTo(real);
        ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, value, Values.FloatValue));
        _ir.Move(result, _ir.Load(Size.Double, new IrAddress(_word)));
        _ir.Jump(got);
        _ir.MoveTo(got);
        return result;
    }

    /// <summary>How many characters, bytes, items or members the object at an address has; 0 for what has none.</summary>
    public VirtualRegister Length(VirtualRegister value)
    {
        const long withItems = ValueLayout.TextFlag | 1L << 25 | 1L << 26 | 1L << 27 | 1L << 29; // list, tuple, bytes, dict: Include/object.h
        const int members = 24;
        var result = _ir.Constant(0);
        var type = TypeOf(value);
        var (items, set, got) = (_ir.NewBlock("with_items"), _ir.NewBlock("set"), _ir.NewBlock("got_length"));
        var others = _ir.NewBlock("others");
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, type.Flags, _ir.Constant(withItems)), 0, items, others);
        _ir.MoveTo(others);
        foreach (var (name, block) in new[] { (Set, set), (FrozenSet, set), (ByteArray, items) })
        {
            var other = _ir.NewBlock("other_name");
            _ir.Branch(Condition.Equal, type.Name, _ir.Constant(name), block, other);
            _ir.MoveTo(other);
        }

        _ir.Jump(got);
        foreach (var (block, field) in new[] { (items, Values.ItemCount), (set, members) })
        {
            _ir.MoveTo(block);
            ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, value, field));
            _ir.Move(result, _ir.Load(Size.Double, new IrAddress(_word)));
            _ir.Jump(got);
        }

        _ir.MoveTo(got);
        return result;
    }

    /// <summary>1 when the object at an address is <c>None</c>, else 0.</summary>
    public VirtualRegister IsNone(VirtualRegister value)
    {
        var result = _ir.Constant(0);
        var (none, got) = (_ir.NewBlock("none"), _ir.NewBlock("got_none"));
        _ir.Branch(Condition.Equal, TypeOf(value).Name, _ir.Constant(None), none, got);
        _ir.MoveTo(none);
        _ir.Move(result, 1);
        _ir.Jump(got);
        _ir.MoveTo(got);
        return result;
    }

    /// <summary>
    /// Where the characters of the str at an address are, and how many; 0 for everything else. Only ASCII can be read as text in the kernel; others
    /// count as unreadable here, and are whole in <see cref="StoreValue"/>.
    /// </summary>
    public (VirtualRegister Address, VirtualRegister Length) Text(VirtualRegister value)
    {
        const int Compact = 1 << 5;
        const int Ascii = 1 << 6;
        var (address, length) = (_ir.Constant(0), _ir.Constant(0));
        var (text, ascii, got) = (_ir.NewBlock("text"), _ir.NewBlock("ascii"), _ir.NewBlock("got_text"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, TypeOf(value).Flags, ValueLayout.TextFlag), 0, text, got);
        _ir.MoveTo(text);
        ReadOrZero(_word, 4, _ir.Arithmetic(IrOperation.Add, value, Layout.TextState));
        var state = _ir.Arithmetic(IrOperation.And, _ir.Load(Size.Word, new IrAddress(_word)), Compact | Ascii);
        _ir.Branch(Condition.Equal, state, Compact | Ascii, ascii, got);
        _ir.MoveTo(ascii);
        ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, value, Layout.TextLength));
        _ir.Move(length, _ir.Load(Size.Double, new IrAddress(_word)));
        _ir.Move(address, _ir.Arithmetic(IrOperation.Add, value, Layout.TextAscii));
        _ir.Jump(got);
        _ir.MoveTo(got);
        return (address, length);
    }

    /// <summary>Stores pyvalue_t of the object at an address.</summary>
    public void StoreValue(VirtualRegister value, IrAddress to)
    {
        for (var offset = 0; offset < PythonValueLayout.Size; offset += 8)
        {
            _ir.Store(Size.Double, to.Plus(offset), 0);
        }

        var (there, unreadable, readable, integer, notInteger, text, notText, real, other, done) =
            (_ir.NewBlock("object"), _ir.NewBlock("no_object"), _ir.NewBlock("readable"), _ir.NewBlock("integer"), _ir.NewBlock("not_integer"), _ir.NewBlock("text"),
            _ir.NewBlock("not_text"), _ir.NewBlock("real"), _ir.NewBlock("other"), _ir.NewBlock("value_done"));
        _ir.Branch(Condition.Equal, value, 0, done, there);
        _ir.MoveTo(there);
        var type = TypeOf(value);
        _ir.Branch(Condition.Equal, type.Address, 0, unreadable, readable);
        _ir.MoveTo(unreadable);
        StoreKind(to, PythonValueKind.Unreadable);
        _ir.Jump(done);
        _ir.MoveTo(readable);
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, type.Flags, ValueLayout.IntegerFlag), 0, integer, notInteger);
        _ir.MoveTo(integer);
        StoreInteger(value, type.Name, to, done);
        _ir.MoveTo(notInteger);
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, type.Flags, ValueLayout.TextFlag), 0, text, notText);
        _ir.MoveTo(text);
        StoreText(value, to, done);
        _ir.MoveTo(notText);
        _ir.Branch(Condition.Equal, type.Name, _ir.Constant(Float), real, other);
        _ir.MoveTo(real);
        StoreKind(to, PythonValueKind.Float);
        ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, value, Values.FloatValue));
        _ir.Store(Size.Double, to.Plus(PythonValueLayout.Number), _ir.Load(Size.Double, new IrAddress(_word)));
        _ir.Jump(done);
        _ir.MoveTo(other);
        StoreKind(to, PythonValueKind.Other);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUserStr, [to.Plus(PythonValueLayout.Text), PythonValueLayout.TextCapacity, type.NameAddress]));
        _ir.Jump(done);
        _ir.MoveTo(done);
    }

    void StoreInteger(VirtualRegister value, VirtualRegister typeName, IrAddress to, BasicBlock done)
    {
        var digits = Digits(value);
        var (truth, plain, large, small) = (_ir.NewBlock("bool"), _ir.NewBlock("plain"), _ir.NewBlock("large"), _ir.NewBlock("small"));
        _ir.Store(Size.Double, to.Plus(PythonValueLayout.Number), digits.Number);
        _ir.Branch(Condition.Equal, typeName, _ir.Constant(Bool), truth, plain);
        _ir.MoveTo(truth);
        StoreKind(to, PythonValueKind.Bool);
        _ir.Jump(done);
        _ir.MoveTo(plain);
        _ir.Branch(Condition.NotEqual, digits.IsLarge, 0, large, small);
        _ir.MoveTo(small);
        StoreKind(to, PythonValueKind.Integer);
        _ir.Jump(done);
        // Those that do not fit are told as large, with how many digits they have, rather than told wrong.
        _ir.MoveTo(large);
        StoreKind(to, PythonValueKind.LargeInteger);
        var (negative, signed) = (_ir.NewBlock("negative"), _ir.NewBlock("signed"));
        var count = _ir.Copy(digits.Count);
        _ir.Branch(Condition.NotEqual, digits.IsNegative, 0, negative, signed);
        _ir.MoveTo(negative);
        _ir.Add(new IrNegate(count, count));
        _ir.Jump(signed);
        _ir.MoveTo(signed);
        _ir.Store(Size.Double, to.Plus(PythonValueLayout.Number), count);
        _ir.Jump(done);
    }

    void StoreText(VirtualRegister value, IrAddress to, BasicBlock done)
    {
        StoreKind(to, PythonValueKind.Text);
        ReadOrZero(_word, 4, _ir.Arithmetic(IrOperation.Add, value, Layout.TextState));
        var state = _ir.Load(Size.Word, new IrAddress(_word));
        ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, value, Layout.TextLength));
        var length = _ir.Load(Size.Double, new IrAddress(_word));
        var width = _ir.Arithmetic(IrOperation.And, _ir.Arithmetic(IrOperation.ShiftRightLogical, state, 2), 7);
        _ir.Store(Size.Byte, to.Plus(PythonValueLayout.CharacterSize), width);
        _ir.Store(Size.Word, to.Plus(PythonValueLayout.Length), length);
        var bytes = _ir.Arithmetic(IrOperation.Multiply, length, width);
        var (cut, whole, ascii, read) = (_ir.NewBlock("cut"), _ir.NewBlock("whole"), _ir.NewBlock("ascii"), _ir.NewBlock("read_text"));
        _ir.Branch(Condition.Greater, bytes, PythonValueLayout.TextCapacity, cut, whole);
        _ir.MoveTo(cut);
        _ir.Move(bytes, PythonValueLayout.TextCapacity);
        _ir.Jump(whole);
        _ir.MoveTo(whole);
        var from = _ir.Arithmetic(IrOperation.Add, value, Layout.TextCompact);
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, state, 1 << 6), 0, ascii, read);
        _ir.MoveTo(ascii);
        _ir.Move(from, _ir.Arithmetic(IrOperation.Add, value, Layout.TextAscii));
        _ir.Jump(read);
        _ir.MoveTo(read);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [to.Plus(PythonValueLayout.Text), bytes, from]));
        _ir.Jump(done);
    }

    void StoreKind(IrAddress to, PythonValueKind kind) => _ir.Store(Size.Byte, to.Plus(PythonValueLayout.Kind), (int)kind);

    /// <summary>An object's type: its address (0 when it could not be read), its flags, and the first bytes of its name with where that is.</summary>
    (VirtualRegister Address, VirtualRegister Flags, VirtualRegister Name, VirtualRegister NameAddress) TypeOf(VirtualRegister value)
    {
        ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, value, Layout.ObjectType));
        var type = _ir.Load(Size.Double, new IrAddress(_word));
        ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, type, Values.TypeFlags));
        var flags = _ir.Load(Size.Double, new IrAddress(_word));
        ReadOrZero(_word, 8, _ir.Arithmetic(IrOperation.Add, type, Values.TypeName));
        var nameAddress = _ir.Load(Size.Double, new IrAddress(_word));
        _ir.Store(Size.Double, new IrAddress(_word), 0);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUserStr, [_word, 8, nameAddress]));
        return (type, flags, _ir.Load(Size.Double, new IrAddress(_word)), nameAddress);
    }

    PythonDigits Digits(VirtualRegister value) => PythonDigits.Write(_ir, Values, value, (address, size) =>
    {
        ReadOrZero(_word, size == Size.Word ? 4 : 8, address);
        return _ir.Load(size, new IrAddress(_word));
    });

    /// <summary>A double cut to a whole number, by its bits (IEEE 754 binary64); 0 when it is too large.</summary>
    VirtualRegister Truncate(VirtualRegister bits)
    {
        var result = _ir.Constant(0);
        var exponent = _ir.Arithmetic(IrOperation.Subtract, _ir.Arithmetic(IrOperation.And, _ir.Arithmetic(IrOperation.ShiftRightLogical, bits, 52), 0x7ff), 1023);
        var mantissa = _ir.Arithmetic(IrOperation.Or, _ir.Arithmetic(IrOperation.And, bits, _ir.Constant((1L << 52) - 1)), _ir.Constant(1L << 52));
        var (whole, inRange, left, right, sign, negative, done) =
            (_ir.NewBlock("whole"), _ir.NewBlock("in_range"), _ir.NewBlock("left"), _ir.NewBlock("right"), _ir.NewBlock("sign"), _ir.NewBlock("negative"), _ir.NewBlock("truncated"));
        _ir.Branch(Condition.SignedLess, exponent, 0, done, whole);
        _ir.MoveTo(whole);
        _ir.Branch(Condition.SignedGreater, exponent, 62, done, inRange);
        _ir.MoveTo(inRange);
        _ir.Branch(Condition.SignedGreater, exponent, 52, left, right);
        _ir.MoveTo(left);
        _ir.Move(result, _ir.Arithmetic(IrOperation.ShiftLeft, mantissa, _ir.Arithmetic(IrOperation.And, _ir.Arithmetic(IrOperation.Subtract, exponent, 52), 63)));
        _ir.Jump(sign);
        _ir.MoveTo(right);
        _ir.Move(result, _ir.Arithmetic(IrOperation.ShiftRightLogical, mantissa, _ir.Arithmetic(IrOperation.And, _ir.Arithmetic(IrOperation.Subtract, 52, exponent), 63)));
        _ir.Jump(sign);
        _ir.MoveTo(sign);
        _ir.Branch(Condition.SignedLess, bits, 0, negative, done);
        _ir.MoveTo(negative);
        _ir.Add(new IrNegate(result, result));
        _ir.Jump(done);
        _ir.MoveTo(done);
        return result;
    }

    VirtualRegister Untag(VirtualRegister slot) => PythonResultCode.Untag(_ir, Values, slot);

    /// <summary>Reads user memory into a slot; zeros where that fails.</summary>
    void ReadOrZero(StackSlot to, int size, VirtualRegister from)
    {
        _ir.Store(Size.Double, new IrAddress(to), 0);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [to, size, from]));
    }
}
