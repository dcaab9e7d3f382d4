using Sonde.Bpf;
using Sonde.Python.Values;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <content>An object, by its kind.</content>
sealed partial class PythonCaptureCode
{
    /// <summary>Digits of an int that are copied.</summary>
    const int MostDigits = 256;

    /// <summary>Bytes of an object that is copied as a whole, and of an instance's own fields.</summary>
    const int MostPlain = 512;

    /// <summary>What of an object the code of its kind works with.</summary>
    readonly record struct Subject(IrBuilder Ir, VirtualRegister Work, VirtualRegister Address, VirtualRegister Depth, VirtualRegister Place, VirtualRegister Type, BasicBlock Done)
    {
        /// <summary>A field of the object's first bytes.</summary>
        public VirtualRegister Field(int offset, Size size = Size.Double) => Ir.Load(size, new IrAddress(AtPlace(Ir, Work, Place), PythonCaptureMaps.Pieces + offset));

        public VirtualRegister OfType(int field) => Ir.Load(Size.Double, new IrAddress(Type, field));

        public VirtualRegister Behind(IrOperand offset) => Ir.Arithmetic(IrOperation.Add, Address, offset);
    }

    static VirtualRegister AtPlace(IrBuilder ir, VirtualRegister work, VirtualRegister place) =>
        ir.Arithmetic(IrOperation.Add, work, ir.Arithmetic(IrOperation.And, place, PythonCaptureMaps.Capacity - 1));

    /// <summary>object(work, address, depth): copies an object, once, and lets what it holds be followed.</summary>
    IrFunction WriteObject()
    {
        var function = new IrFunction("copy_object", 3);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var (work, address, depth) = (function.Parameters[0], function.Parameters[1], function.Parameters[2]);
        var done = ir.NewBlock("done");
        Require(ir, Condition.NotEqual, address, 0, done);
        Require(ir, Condition.Equal, ir.Arithmetic(IrOperation.And, address, 7), 0, done);
        LeaveIfSeen(ir, work, address, done);
        var place = CopyHead(ir, work, address, done);
        var type = FindType(ir, work, place, done);
        Dispatch(new Subject(ir, work, address, depth, place, type, done));
        ir.MoveTo(done);
        ir.Return(0);
        return function;
    }

    static void Require(IrBuilder ir, Condition condition, VirtualRegister a, IrOperand b, BasicBlock otherwise)
    {
        var next = ir.NewBlock("next");
        ir.Branch(condition, a, b, next, otherwise);
        ir.MoveTo(next);
    }

    /// <summary>A table of addresses without collision lists: what falls out of it is copied twice, no more.</summary>
    static void LeaveIfSeen(IrBuilder ir, VirtualRegister work, VirtualRegister address, BasicBlock done)
    {
        var index = ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.ShiftRightLogical, address, 4), PythonCaptureMaps.SeenLength - 1);
        var entry = new IrAddress(ir.Arithmetic(IrOperation.Add, work, ir.Arithmetic(IrOperation.ShiftLeft, index, 3)), PythonCaptureMaps.Seen);
        // The number of the copy makes those of earlier ones differ, so that the table need not be cleared.
        var salt = ir.Arithmetic(IrOperation.ShiftLeft, ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.Salt)), 48);
        var now = ir.Arithmetic(IrOperation.Xor, address, salt);
        Require(ir, Condition.NotEqual, ir.Load(Size.Double, entry), now, done);
        ir.Store(Size.Double, entry, now);
    }

    /// <summary>The first bytes of an object; fewer where it lies at the end of memory.</summary>
    VirtualRegister CopyHead(IrBuilder ir, VirtualRegister work, VirtualRegister address, BasicBlock done)
    {
        var place = ir.Function.NewRegister();
        var (got, less, smaller) = (ir.NewBlock("got_head"), ir.NewBlock("less"), ir.NewBlock("smaller"));
        ir.Add(new IrCallFunction(place, CopyFunction, [work, address, PythonCaptureMaps.HeadSize]));
        ir.Branch(Condition.NotEqual, place, 0, got, less);
        ir.MoveTo(less);
        ir.Add(new IrCallFunction(place, CopyFunction, [work, address, 16]));
        ir.Branch(Condition.NotEqual, place, 0, smaller, done);
        ir.MoveTo(smaller);
        Increment(ir, work, PythonCaptureMaps.Unreadable, -1);
        ir.Jump(got);
        ir.MoveTo(got);
        return place;
    }

    /// <summary>What is known of an object's type; it is found out when it is met for the first time, or is not what it was.</summary>
    VirtualRegister FindType(IrBuilder ir, VirtualRegister work, VirtualRegister place, BasicBlock done)
    {
        var at = AtPlace(ir, work, place);
        var type = ir.Load(Size.Double, new IrAddress(at, PythonCaptureMaps.Pieces + layout.ObjectType));
        var known = FindType(ir, work, type, out var mark, done);
        ir.Store(Size.Word, new IrAddress(AtPlace(ir, work, place), PythonCaptureMaps.Pieces - 4), mark);
        return known;
    }

    VirtualRegister FindType(IrBuilder ir, VirtualRegister work, VirtualRegister type, out VirtualRegister mark, BasicBlock done)
    {
        var words = new IrAddress(work, PythonCaptureMaps.TypeWords);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.TypeKey), type);
        // tp_name, and tp_basicsize behind it.
        Require(ir, Condition.Equal, ir.Call(Helper.ProbeReadUser, words, 16, ir.Arithmetic(IrOperation.Add, type, _values.TypeName)), 0, done);
        mark = ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Multiply, ir.Load(Size.Double, words), 31), ir.Load(Size.Double, words.Plus(8)));
        mark = ir.Extend(mark, 32, isSigned: false);
        var (found, fresh, again, known) = (ir.NewBlock("type_found"), ir.NewBlock("type_new"), ir.NewBlock("type_again"), ir.NewBlock("type_known"));
        var value = ir.Function.NewRegister();
        ir.Move(value, ir.Call(Helper.MapLookupElem, maps.Types, new IrAddress(work, PythonCaptureMaps.TypeKey)));
        ir.Branch(Condition.Equal, value, 0, fresh, found);
        ir.MoveTo(found);
        ir.Branch(Condition.Equal, ir.Load(Size.Double, new IrAddress(value, PythonCaptureMaps.TypeMark)), mark, known, fresh);
        ir.MoveTo(fresh);
        ir.Add(new IrCallFunction(null, RegisterFunction, [work, type, mark]));
        ir.Move(value, ir.Call(Helper.MapLookupElem, maps.Types, new IrAddress(work, PythonCaptureMaps.TypeKey)));
        ir.Branch(Condition.Equal, value, 0, done, again);
        ir.MoveTo(again);
        ir.Jump(known);
        ir.MoveTo(known);
        return value;
    }

    void Dispatch(Subject subject)
    {
        var ir = subject.Ir;
        var kind = subject.OfType(PythonCaptureMaps.TypeKind);
        On(CaptureKind.Text, CopyText);
        On(CaptureKind.Digits, CopyDigits);
        On(CaptureKind.Bytes, each => CopyRun(each, each.Behind(_values.BytesData), _values.BytesData));
        On(CaptureKind.ByteArray, each => CopyRun(each, each.Field(40), null));
        On(CaptureKind.Type, each => FindType(ir, each.Work, each.Address, out _, each.Done));
        On(CaptureKind.Plain, CopyPlain);
        // A cell is not shown itself.
        On(CaptureKind.Cell, each => Push(each, ir.Arithmetic(IrOperation.Add, each.Place, _values.CellValue), 8, 1, each.Depth));
        Require(ir, Condition.Less, subject.Depth, limits.Depth, subject.Done);
        On(CaptureKind.List, each => CopyItems(each, each.Field(24), each.Field(_values.ItemCount)));
        On(CaptureKind.Tuple, CopyTuple);
        On(CaptureKind.Dictionary, CopyDictionary);
        On(CaptureKind.OrderedDictionary, CopyOrderedDictionary);
        On(CaptureKind.Fields, CopyFields);
        On(CaptureKind.Instance, CopyInstance);
        On(CaptureKind.Set, CopySet);
        On(CaptureKind.Deque, CopyDeque);
        ir.Jump(subject.Done);

        void On(CaptureKind wanted, Action<Subject> write)
        {
            var (same, other) = (ir.NewBlock(wanted.ToString().ToLowerInvariant()), ir.NewBlock("other_kind"));
            ir.Branch(Condition.Equal, kind, (int)wanted, same, other);
            ir.MoveTo(same);
            write(subject);
            ir.Jump(subject.Done);
            ir.MoveTo(other);
        }
    }

    static VirtualRegister Deeper(Subject subject) => subject.Ir.Arithmetic(IrOperation.Add, subject.Depth, 1);

    static VirtualRegister Limit(Subject subject, VirtualRegister count) => AtMost(subject.Ir, count, subject.Ir.Load(Size.Double, new IrAddress(subject.Work, PythonCaptureMaps.ItemLimit)));

    void Push(Subject subject, IrOperand place, IrOperand stride, IrOperand count, VirtualRegister depth) =>
        subject.Ir.Add(new IrCallFunction(null, PushFunction, [subject.Work, place, stride, count, depth]));

    VirtualRegister Copy(Subject subject, VirtualRegister address, IrOperand bytes)
    {
        var place = subject.Ir.Function.NewRegister();
        subject.Ir.Add(new IrCallFunction(place, CopyFunction, [subject.Work, address, bytes]));
        return place;
    }

    void CopyItems(Subject subject, VirtualRegister address, VirtualRegister count) =>
        CopyPointers(subject.Ir, subject.Work, address, Limit(subject, count), PythonCaptureMaps.MostBytes / 8, Deeper(subject));

    void CopyTuple(Subject subject) => CopyItems(subject, subject.Behind(_values.TupleItems), subject.Field(_values.ItemCount));

    void CopyPlain(Subject subject)
    {
        var ir = subject.Ir;
        var size = subject.OfType(PythonCaptureMaps.TypeBasicSize);
        Require(ir, Condition.Greater, size, PythonCaptureMaps.HeadSize, subject.Done);
        Copy(subject, subject.Address, AtMost(ir, size, MostPlain));
    }

    void CopyDigits(Subject subject)
    {
        var ir = subject.Ir;
        var size = subject.Field(_values.IntegerSize);
        var count = ir.Function.NewRegister();
        if (_values.IntegerSizeIsTag)
        {
            ir.Move(count, ir.Arithmetic(IrOperation.ShiftRightLogical, size, 3));
        }
        else
        {
            var (minus, counted) = (ir.NewBlock("minus"), ir.NewBlock("counted"));
            ir.Move(count, size);
            ir.Branch(Condition.SignedLess, size, 0, minus, counted);
            ir.MoveTo(minus);
            ir.Add(new IrNegate(count, count));
            ir.Jump(counted);
            ir.MoveTo(counted);
        }

        Require(ir, Condition.Greater, count, (PythonCaptureMaps.HeadSize - _values.IntegerDigits) / 4, subject.Done);
        Copy(subject, subject.Behind(_values.IntegerDigits), ir.Arithmetic(IrOperation.ShiftLeft, AtMost(ir, count, MostDigits), 2));
    }

    void CopyText(Subject subject)
    {
        const int compact = 1 << 5, ascii = 1 << 6;
        var ir = subject.Ir;
        var state = subject.Field(layout.TextState, Size.Word);
        var width = ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.ShiftRightLogical, state, 2), 7);
        var bytes = ir.Arithmetic(IrOperation.Multiply, AtMost(ir, subject.Field(layout.TextLength), limits.Characters), width);
        var (isCompact, isApart, isAscii, short_, data) = (ir.NewBlock("compact"), ir.NewBlock("apart"), ir.NewBlock("ascii"), ir.NewBlock("short"), ir.NewBlock("data"));
        var offset = ir.Constant(layout.TextCompact);
        var from = ir.Function.NewRegister();
        ir.Branch(Condition.NotEqual, ir.Arithmetic(IrOperation.And, state, compact), 0, isCompact, isApart);
        ir.MoveTo(isApart);
        ir.Move(from, subject.Field(_objects.TextPointer));
        ir.Jump(data);
        ir.MoveTo(isCompact);
        ir.Branch(Condition.NotEqual, ir.Arithmetic(IrOperation.And, state, ascii), 0, isAscii, short_);
        ir.MoveTo(isAscii);
        ir.Move(offset, layout.TextAscii);
        ir.Jump(short_);
        ir.MoveTo(short_);
        // What fits the head is there already.
        Require(ir, Condition.Greater, ir.Arithmetic(IrOperation.Add, offset, bytes), PythonCaptureMaps.HeadSize, subject.Done);
        ir.Move(from, subject.Behind(offset));
        ir.Jump(data);
        ir.MoveTo(data);
        Copy(subject, from, bytes);
    }

    /// <summary>Bytes one after the other; those in the object itself may be in its head.</summary>
    void CopyRun(Subject subject, VirtualRegister from, int? inObject)
    {
        var ir = subject.Ir;
        var count = AtMost(ir, subject.Field(_values.ItemCount), limits.Characters);
        if (inObject is { } offset)
        {
            Require(ir, Condition.Greater, count, PythonCaptureMaps.HeadSize - offset, subject.Done);
        }
        else
        {
            Require(ir, Condition.NotEqual, count, 0, subject.Done);
        }

        Copy(subject, from, count);
    }

    void CopyFields(Subject subject)
    {
        var count = subject.OfType(PythonCaptureMaps.TypeCount);
        CopyPointers(subject.Ir, subject.Work, subject.Behind(subject.OfType(PythonCaptureMaps.TypeOffset)), count, 8, Deeper(subject));
    }
}
