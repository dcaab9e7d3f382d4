using Sonde.Bpf;
using Sonde.Python.Values;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <content>Sets, dictionaries, and instances, whose attributes are kept as in dictionaries.</content>
sealed partial class PythonCaptureCode
{
    /// <summary>Entries of a set's table that are looked through; most may be empty.</summary>
    const int MostSetEntries = 64;

    /// <summary>Keys of an ordered dictionary whose order is known.</summary>
    const int MostNodes = 20;

    /// <summary>A dictionary's entries are read a few ahead, for some may be empty.</summary>
    const int EntriesAhead = 8;

    /// <summary>The most attributes that instances keep outside a dictionary (SHARED_KEYS_MAX_SIZE, Objects/dictobject.c).</summary>
    const int MostValues = 30;

    void CopySet(Subject subject)
    {
        const int mask = 32, table = 40, entryBytes = 16;
        var ir = subject.Ir;
        var count = AtMost(ir, ir.Arithmetic(IrOperation.Add, subject.Field(mask), 1), MostSetEntries);
        var place = Copy(subject, subject.Field(table), ir.Arithmetic(IrOperation.ShiftLeft, count, 4));
        Require(ir, Condition.NotEqual, place, 0, subject.Done);
        Push(subject, place, entryBytes, count, Deeper(subject));
    }

    /// <summary>The first block of 64 items (Modules/_collectionsmodule.c, <c>dequeobject</c>).</summary>
    void CopyDeque(Subject subject)
    {
        const int block = 24, first = 40, blockItems = 64, blockData = 8;
        var ir = subject.Ir;
        var index = ir.Arithmetic(IrOperation.And, subject.Field(first), blockItems - 1);
        var inBlock = ir.Arithmetic(IrOperation.Subtract, ir.Constant(blockItems), index);
        var count = AtMost(ir, Limit(subject, subject.Field(_values.ItemCount)), inBlock);
        var from = ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Add, subject.Field(block), blockData), ir.Arithmetic(IrOperation.ShiftLeft, index, 3));
        CopyPointers(ir, subject.Work, from, count, blockItems, Deeper(subject));
    }

    /// <summary>Nodes of key, hash, next and previous one (Objects/odictobject.c), then the dictionary.</summary>
    void CopyOrderedDictionary(Subject subject)
    {
        const int first = 48, nodeBytes = 24, next = 16;
        var ir = subject.Ir;
        var dictionary = ir.NewBlock("nodes_done");
        var node = ir.Copy(subject.Field(first));
        for (var i = 0; i < Math.Min(limits.Items, MostNodes); i++)
        {
            Require(ir, Condition.NotEqual, node, 0, dictionary);
            var place = Copy(subject, node, nodeBytes);
            Require(ir, Condition.NotEqual, place, 0, dictionary);
            ir.Move(node, ir.Load(Size.Double, new IrAddress(AtPlace(ir, subject.Work, place), PythonCaptureMaps.Pieces + next)));
        }

        ir.Jump(dictionary);
        ir.MoveTo(dictionary);
        CopyDictionary(subject);
    }

    /// <summary>A dictionary's table of keys, with values in it or apart (Objects/dictobject.c).</summary>
    void CopyDictionary(Subject subject)
    {
        const int keys = 32, values = 40, headBytes = 40;
        var ir = subject.Ir;
        var deeper = Deeper(subject);
        // Fields of its own, besides: what a defaultdict makes values with.
        CopyPointers(ir, subject.Work, subject.Behind(subject.OfType(PythonCaptureMaps.TypeOffset)), subject.OfType(PythonCaptureMaps.TypeCount), 1, deeper);

        var table = subject.Field(keys);
        var head = Copy(subject, table, headBytes);
        Require(ir, Condition.NotEqual, head, 0, subject.Done);
        var at = AtPlace(ir, subject.Work, head);
        var width = ir.Constant(24);
        var start = ir.Function.NewRegister();
        var entries = ir.Function.NewRegister();
        if (_objects.CompactKeys)
        {
            const int logIndexBytes = 9, kind = 10, count = 24, indices = 32;
            var shift = ir.Load(Size.Byte, new IrAddress(at, PythonCaptureMaps.Pieces + logIndexBytes));
            Require(ir, Condition.Less, shift, 40, subject.Done);
            ir.Move(start, ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Add, table, indices), ir.Arithmetic(IrOperation.ShiftLeft, ir.Constant(1), shift)));
            ir.Move(entries, ir.Load(Size.Double, new IrAddress(at, PythonCaptureMaps.Pieces + count)));
            var (narrow, known) = (ir.NewBlock("narrow"), ir.NewBlock("width_known"));
            ir.Branch(Condition.NotEqual, ir.Load(Size.Byte, new IrAddress(at, PythonCaptureMaps.Pieces + kind)), 0, narrow, known);
            ir.MoveTo(narrow);
            ir.Move(width, 16);
            ir.Jump(known);
            ir.MoveTo(known);
        }
        else
        {
            const int size = 8, count = 32, indices = 40;
            var slots = ir.Load(Size.Double, new IrAddress(at, PythonCaptureMaps.Pieces + size));
            ir.Move(entries, ir.Load(Size.Double, new IrAddress(at, PythonCaptureMaps.Pieces + count)));
            ir.Move(start, slots);
            foreach (var most in new[] { 0xff, 0xffff })
            {
                var (wider, enough) = (ir.NewBlock("wider"), ir.NewBlock("enough"));
                ir.Branch(Condition.Greater, slots, most, wider, enough);
                ir.MoveTo(wider);
                ir.Move(start, ir.Arithmetic(IrOperation.ShiftLeft, start, 1));
                ir.Jump(enough);
                ir.MoveTo(enough);
            }

            ir.Move(start, ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Add, table, indices), start));
        }

        var limit = ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(subject.Work, PythonCaptureMaps.ItemLimit)), EntriesAhead);
        var number = AtMost(ir, AtMost(ir, entries, limit), PythonCaptureMaps.MostBytes / 24);
        Require(ir, Condition.NotEqual, number, 0, subject.Done);
        var place = Copy(subject, start, ir.Arithmetic(IrOperation.Multiply, number, width));
        Require(ir, Condition.NotEqual, place, 0, subject.Done);
        // Entries are hash, key, value, or key and value.
        var key = ir.Arithmetic(IrOperation.Add, place, ir.Arithmetic(IrOperation.Subtract, width, 16));
        Push(subject, key, width, number, deeper);
        var (combined, split) = (ir.NewBlock("combined"), ir.NewBlock("split"));
        var apart = subject.Field(values);
        ir.Branch(Condition.Equal, apart, 0, combined, split);
        ir.MoveTo(combined);
        Push(subject, ir.Arithmetic(IrOperation.Add, key, 8), width, number, deeper);
        ir.Jump(subject.Done);
        ir.MoveTo(split);
        CopyValues(subject, apart, _objects.Split == SplitValues.WithHeader ? 8 : 0, ir.Copy(AtMost(ir, number, MostValues)));
    }

    /// <summary>The values of a split dictionary, or of an instance without one, with what is before and behind them.</summary>
    void CopyValues(Subject subject, VirtualRegister values, int header, VirtualRegister count)
    {
        const int before = 40;
        var ir = subject.Ir;
        var place = Copy(subject, ir.Arithmetic(IrOperation.Subtract, values, before), before + header + (8 * MostValues) + 32);
        Require(ir, Condition.NotEqual, place, 0, subject.Done);
        Push(subject, ir.Arithmetic(IrOperation.Add, place, before + header), 8, count, Deeper(subject));
    }

    /// <summary>The fields of an instance: slots, and attributes in a dictionary or in what takes its place.</summary>
    void CopyInstance(Subject subject)
    {
        const int head = 16;
        var ir = subject.Ir;
        // The words of its own are slots, or pointers to a dictionary and to weak references.
        var size = AtMost(ir, subject.OfType(PythonCaptureMaps.TypeBasicSize), MostPlain);
        var words = ir.Arithmetic(IrOperation.ShiftRightLogical, ir.Arithmetic(IrOperation.Subtract, size, head), 3);
        CopyPointers(ir, subject.Work, subject.Behind(head), words, (MostPlain - head) / 8, subject.Depth);
        if (_objects.Storage == InstanceStorage.Dictionary)
        {
            return;
        }

        const int managed = 1 << 4, inlineValues = 1 << 2, before = 32;
        var flags = subject.OfType(PythonCaptureMaps.TypeFlags);
        Require(ir, Condition.NotEqual, ir.Arithmetic(IrOperation.And, flags, managed), 0, subject.Done);
        var place = Copy(subject, subject.Behind(-before), before);
        Require(ir, Condition.NotEqual, place, 0, subject.Done);
        var at = AtPlace(ir, subject.Work, place);
        var dictionary = ir.Load(Size.Double, new IrAddress(at, PythonCaptureMaps.Pieces + before - 24));
        var (withDictionary, without) = (ir.NewBlock("with_dictionary"), ir.NewBlock("without_dictionary"));
        if (_objects.Storage == InstanceStorage.Tagged)
        {
            ir.Branch(Condition.Equal, ir.Arithmetic(IrOperation.And, dictionary, 1), 0, withDictionary, without);
            ir.MoveTo(without);
            WithPrefix(subject, ir.Arithmetic(IrOperation.Add, dictionary, 1));
        }
        else
        {
            ir.Branch(Condition.NotEqual, dictionary, 0, withDictionary, without);
            ir.MoveTo(without);
            if (_objects.Storage == InstanceStorage.ValuesOrDictionary)
            {
                WithPrefix(subject, ir.Load(Size.Double, new IrAddress(at, PythonCaptureMaps.Pieces)));
            }
            else
            {
                Require(ir, Condition.NotEqual, ir.Arithmetic(IrOperation.And, flags, inlineValues), 0, subject.Done);
                var values = subject.Behind(subject.OfType(PythonCaptureMaps.TypeBasicSize));
                // The first byte is how many there is room for.
                var capacity = ir.Arithmetic(IrOperation.And, ReadWord(ir, subject.Work, values, 0), 0xff);
                CopyValues(subject, values, 8, AtMost(ir, capacity, MostValues));
            }
        }

        ir.Jump(subject.Done);
        ir.MoveTo(withDictionary);
        Push(subject, ir.Arithmetic(IrOperation.Add, place, before - 24), 8, 1, subject.Depth);
    }

    /// <summary>Values whose second byte before them tells how many are set (3.11 and 3.12).</summary>
    void WithPrefix(Subject subject, VirtualRegister values)
    {
        const int deleted = 2;
        var ir = subject.Ir;
        Require(ir, Condition.NotEqual, values, 0, subject.Done);
        var used = ir.Arithmetic(IrOperation.And, ReadWord(ir, subject.Work, values, -2), 0xff);
        CopyValues(subject, values, 0, AtMost(ir, ir.Arithmetic(IrOperation.Add, used, deleted), MostValues));
    }
}
