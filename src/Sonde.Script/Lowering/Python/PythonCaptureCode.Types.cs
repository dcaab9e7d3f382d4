using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Python.Values;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <content>A type that is met for the first time: it is told, and how its instances are copied is remembered.</content>
sealed partial class PythonCaptureCode
{
    // The pieces of a type's record, each with its header: the type, what a class made at run time has more, its type, its resolution order, its qualified name, its name.
    const int TypeBytes = 352, RestBytes = 560, MetaBytes = 176, OrderBytes = 40, NameBytes = 256, QualifiedNameBytes = 128;

    const int InType = PythonCaptureMaps.HeaderSize;
    const int InRest = InType + CapturedMemory.HeaderSize + TypeBytes;
    const int InMeta = InRest + CapturedMemory.HeaderSize + RestBytes;
    const int InOrder = InMeta + CapturedMemory.HeaderSize + MetaBytes;
    const int InQualifiedName = InOrder + CapturedMemory.HeaderSize + OrderBytes;
    const int InName = InQualifiedName + CapturedMemory.HeaderSize + QualifiedNameBytes;
    const int TypeRecordSize = InName + CapturedMemory.HeaderSize + NameBytes;

    /// <summary>Bases that are looked at for one whose instances are copied in a way of their own.</summary>
    const int MostBases = 4;

    const int HeapFlag = 1 << 9;

    /// <summary>Types by their flags (Include/object.h); the first that fits.</summary>
    static readonly (long Flag, CaptureKind Kind)[] _byFlag =
    [
        (ValueLayout.TextFlag, CaptureKind.Text), (ValueLayout.IntegerFlag, CaptureKind.Digits), (1L << 25, CaptureKind.List), (1L << 26, CaptureKind.Tuple),
        (1L << 27, CaptureKind.Bytes), (1L << 29, CaptureKind.Dictionary), (1L << 31, CaptureKind.Type),
    ];

    /// <summary>register(work, type, mark): the key of the type is in the working memory already.</summary>
    IrFunction WriteRegister()
    {
        const int basicSize = 32, baseType = 256, dictionaryOffset = 288, resolutionOrder = 344;
        var function = new IrFunction("register_type", 3);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var (work, type, mark) = (function.Parameters[0], function.Parameters[1], function.Parameters[2]);
        var (reserved, lost, readable, unreadable, decided, done) =
            (ir.NewBlock("reserved"), ir.NewBlock("lost"), ir.NewBlock("readable"), ir.NewBlock("unreadable"), ir.NewBlock("decided"), ir.NewBlock("done"));
        var record = ir.Call(Helper.RingbufReserve, sends.Records, TypeRecordSize, 0);
        ir.Branch(Condition.Equal, record, 0, lost, reserved);

        ir.MoveTo(reserved);
        ir.Branch(Condition.Equal, Piece(InType, type, TypeBytes), 0, readable, unreadable);
        ir.MoveTo(readable);
        for (var offset = 0; offset < PythonCaptureMaps.HeaderSize; offset += 8)
        {
            ir.Store(Size.Double, new IrAddress(record, offset), 0);
        }

        ir.Store(Size.Word, new IrAddress(record), PythonCaptureSends.Lasting);
        ir.Store(Size.Word, new IrAddress(record, 4), sends.Image);
        ir.Store(Size.Word, new IrAddress(record, sends.ProcessOffset), ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.TypeProcess)));
        var flags = ir.Load(Size.Double, OfType(_values.TypeFlags));
        WriteRest(flags);
        Piece(InMeta, ir.Load(Size.Double, OfType(layout.ObjectType)), MetaBytes);
        Piece(InOrder, ir.Load(Size.Double, OfType(resolutionOrder)), OrderBytes);
        WriteName();

        var entry = new IrAddress(work, PythonCaptureMaps.TypeEntry);
        ir.Store(Size.Double, entry.Plus(PythonCaptureMaps.TypeMark), mark);
        ir.Store(Size.Double, entry.Plus(PythonCaptureMaps.TypeOffset), 0);
        ir.Store(Size.Double, entry.Plus(PythonCaptureMaps.TypeCount), 0);
        ir.Store(Size.Double, entry.Plus(PythonCaptureMaps.TypeBasicSize), ir.Load(Size.Double, OfType(basicSize)));
        ir.Store(Size.Double, entry.Plus(PythonCaptureMaps.TypeDictionaryOffset), ir.Load(Size.Double, OfType(dictionaryOffset)));
        ir.Store(Size.Double, entry.Plus(PythonCaptureMaps.TypeFlags), flags);
        DecideKind(flags, ir.Load(Size.Double, OfType(baseType)));
        ir.MoveTo(decided);
        ir.Add(new IrCallHelper(null, Helper.RingbufSubmit, [record, NoWakeup]));
        // Its base and its type tell how it is shown: they are met next.
        CopyPointers(ir, work, ir.Arithmetic(IrOperation.Add, type, baseType), ir.Constant(1), 1, 0);
        CopyPointers(ir, work, ir.Arithmetic(IrOperation.Add, type, layout.ObjectType), ir.Constant(1), 1, 0);
        ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [maps.Types, new IrAddress(work, PythonCaptureMaps.TypeKey), entry, 0]));
        ir.Jump(done);

        ir.MoveTo(unreadable);
        ir.Add(new IrCallHelper(null, Helper.RingbufDiscard, [record, NoWakeup]));
        Increment(ir, work, PythonCaptureMaps.Unreadable);
        ir.Jump(done);
        ir.MoveTo(lost);
        Increment(ir, work, PythonCaptureMaps.Cut);
        ir.Jump(done);
        ir.MoveTo(done);
        ir.Return(0);
        return function;

        IrAddress OfType(int field) => new(record, InType + CapturedMemory.HeaderSize + field);

        VirtualRegister Piece(int place, VirtualRegister address, int bytes)
        {
            ir.Store(Size.Double, new IrAddress(record, place), address);
            ir.Store(Size.Double, new IrAddress(record, place + 8), bytes);
            var failed = ir.Call(Helper.ProbeReadUser, new IrAddress(record, place + CapturedMemory.HeaderSize), bytes, address);
            var (bad, good) = (ir.NewBlock("bad"), ir.NewBlock("good"));
            ir.Branch(Condition.NotEqual, failed, 0, bad, good);
            ir.MoveTo(bad);
            Nowhere(place, bytes);
            ir.Jump(good);
            ir.MoveTo(good);
            return failed;
        }

        // A piece whose address nobody asks for.
        void Nowhere(int place, int bytes)
        {
            ir.Store(Size.Double, new IrAddress(record, place), 0);
            ir.Store(Size.Double, new IrAddress(record, place + 8), bytes);
        }

        void WriteRest(VirtualRegister typeFlags)
        {
            var (heap, fixedType, told) = (ir.NewBlock("heap_type"), ir.NewBlock("static_type"), ir.NewBlock("rest_told"));
            ir.Branch(Condition.NotEqual, ir.Arithmetic(IrOperation.And, typeFlags, HeapFlag), 0, heap, fixedType);
            ir.MoveTo(heap);
            Piece(InRest, ir.Arithmetic(IrOperation.Add, type, TypeBytes), RestBytes);
            Piece(InQualifiedName, ir.Load(Size.Double, new IrAddress(record, InRest + CapturedMemory.HeaderSize + _objects.TypeQualifiedName - TypeBytes)), QualifiedNameBytes);
            ir.Jump(told);
            ir.MoveTo(fixedType);
            Nowhere(InRest, RestBytes);
            Nowhere(InQualifiedName, QualifiedNameBytes);
            ir.Jump(told);
            ir.MoveTo(told);
        }

        void WriteName()
        {
            var name = ir.Load(Size.Double, OfType(_values.TypeName));
            var text = new IrAddress(record, InName + CapturedMemory.HeaderSize);
            ir.Store(Size.Double, new IrAddress(record, InName), name);
            for (var offset = 0; offset < CapturedType.NameBytes; offset += 8)
            {
                ir.Store(Size.Double, text.Plus(offset), 0);
            }

            // With its end; names lie close to each other, so that no more than the name is told.
            var (there, none, told) = (ir.NewBlock("name_there"), ir.NewBlock("no_name"), ir.NewBlock("name_told"));
            var length = ir.Copy(ir.Call(Helper.ProbeReadUserStr, text, NameBytes, name));
            ir.Branch(Condition.SignedGreater, length, 0, there, none);
            ir.MoveTo(none);
            ir.Move(length, 0);
            ir.Jump(there);
            ir.MoveTo(there);
            ir.Store(Size.Double, new IrAddress(record, InName + 8), length);
            var padded = ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.Add, length, 7), ~7);
            ir.Store(Size.Word, new IrAddress(record, 48), ir.Arithmetic(IrOperation.Add, padded, InName + CapturedMemory.HeaderSize - PythonCaptureMaps.HeaderSize));
            ir.Jump(told);
            ir.MoveTo(told);
            for (var offset = 0; offset < CapturedType.NameBytes; offset += 8)
            {
                ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.TypeNameKey + offset), ir.Load(Size.Double, text.Plus(offset)));
            }
        }

        void DecideKind(VirtualRegister typeFlags, VirtualRegister firstBase)
        {
            var kind = entry.Plus(PythonCaptureMaps.TypeKind);
            LookUpName(kind, decided);
            foreach (var (flag, wanted) in _byFlag)
            {
                var (same, other) = (ir.NewBlock("flag"), ir.NewBlock("no_flag"));
                ir.Branch(Condition.NotEqual, ir.Arithmetic(IrOperation.And, typeFlags, ir.Constant(flag)), 0, same, other);
                ir.MoveTo(same);
                ir.Store(Size.Double, kind, (int)wanted);
                ir.Jump(decided);
                ir.MoveTo(other);
            }

            var (exception, noException) = (ir.NewBlock("exception"), ir.NewBlock("no_exception"));
            ir.Branch(Condition.NotEqual, ir.Arithmetic(IrOperation.And, typeFlags, 1L << 30), 0, exception, noException);
            ir.MoveTo(exception);
            const int arguments = 24; // PyBaseExceptionObject.args, Include/cpython/pyerrors.h
            ir.Store(Size.Double, kind, (int)CaptureKind.Fields);
            ir.Store(Size.Double, entry.Plus(PythonCaptureMaps.TypeOffset), arguments);
            ir.Store(Size.Double, entry.Plus(PythonCaptureMaps.TypeCount), 1);
            ir.Jump(decided);
            ir.MoveTo(noException);

            ir.Store(Size.Double, kind, (int)CaptureKind.Plain);
            Require(ir, Condition.NotEqual, ir.Arithmetic(IrOperation.And, typeFlags, HeapFlag), 0, decided);
            ir.Store(Size.Double, kind, (int)CaptureKind.Instance);
            LookUpBases(kind, firstBase);
        }

        void LookUpBases(IrAddress kind, VirtualRegister firstBase)
        {
            var ancestor = ir.Copy(firstBase);
            var key = new IrAddress(work, PythonCaptureMaps.TypeNameKey);
            for (var i = 0; i < MostBases; i++)
            {
                Require(ir, Condition.NotEqual, ancestor, 0, decided);
                for (var offset = 0; offset < CapturedType.NameBytes; offset += 8)
                {
                    ir.Store(Size.Double, key.Plus(offset), 0);
                }

                var name = ReadPointer(ir, work, ancestor, _values.TypeName);
                ir.Add(new IrCallHelper(null, Helper.ProbeReadUserStr, [key, CapturedType.NameBytes, name]));
                LookUpName(kind, decided);
                ir.Move(ancestor, ReadPointer(ir, work, ancestor, baseType));
            }

            ir.Jump(decided);
        }

        // The name is in the working memory; goes on where none is known.
        void LookUpName(IrAddress kind, BasicBlock found)
        {
            var (known, unknown) = (ir.NewBlock("name_known"), ir.NewBlock("name_unknown"));
            ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.TypeNameVersion), version.Minor);
            var plan = ir.Call(Helper.MapLookupElem, maps.Kinds, new IrAddress(work, PythonCaptureMaps.TypeNameKey));
            ir.Branch(Condition.Equal, plan, 0, unknown, known);
            ir.MoveTo(known);
            ir.Store(Size.Double, kind, ir.Load(Size.Double, new IrAddress(plan)));
            ir.Store(Size.Double, entry.Plus(PythonCaptureMaps.TypeOffset), ir.Load(Size.Double, new IrAddress(plan, 8)));
            ir.Store(Size.Double, entry.Plus(PythonCaptureMaps.TypeCount), ir.Load(Size.Double, new IrAddress(plan, 16)));
            ir.Jump(found);
            ir.MoveTo(unknown);
        }
    }
}
