using System.Buffers.Binary;
using System.Numerics;

namespace Sonde.Python.Values;

/// <content>Containers.</content>
sealed partial class ValueWriter
{
    const ulong FirstField = 16;

    /// <summary>Containers that say they have more are damaged.</summary>
    const long MaximumCount = 1L << 48;

    public void WriteList(PythonObject value)
    {
        if (!TryEnter(value.Address, "[...]", "[…]"))
        {
            return;
        }

        Add("[");
        // Growing moves the items: what was read from the old place may be anything.
        Span<byte> before = stackalloc byte[16], after = stackalloc byte[16];
        var items = Array.Empty<ulong>();
        long count = 0;
        var isSame = false;
        for (var attempt = 0; attempt < 3 && !isSame; attempt++)
        {
            if (!objects.TryRead(value.Address + FirstField, before))
            {
                break;
            }

            count = BinaryPrimitives.ReadInt64LittleEndian(before);
            items = objects.ReadPointers(BinaryPrimitives.ReadUInt64LittleEndian(before[8..]), Wanted(count));
            isSame = objects.TryRead(value.Address + FirstField, after) && after.SequenceEqual(before);
        }

        WriteSequence(items, count, isSame);
        Add("]");
        Leave();
    }

    void WriteSequence(ulong[] items, long count, bool isSame)
    {
        if (!isSame || count is < 0 or > MaximumCount)
        {
            Add(isSame ? Unreadable : objects.Changed);
            return;
        }

        var next = 0;
        WriteItems(items, count, _ => WriteItem(items, count, next++));
    }

    public void WriteTuple(PythonObject value)
    {
        if (!objects.TryReadInt64(value.Address + (ulong)objects.Values.ItemCount, out var count) || count is < 0 or > MaximumCount)
        {
            Add(Unreadable);
            return;
        }

        var names = TupleNames(value.Type, count);
        var name = names.Count == 0 ? "" : value.Type.IsClass ? value.Type.ShortName : value.Type.Name;
        if (!TryEnter(value.Address, name + "(...)", name + "(…)"))
        {
            return;
        }

        Add(name + "(");
        var items = objects.ReadPointers(value.Address + (ulong)objects.Values.TupleItems, Wanted(count));
        var next = 0;
        WriteItems(items, count, item =>
        {
            if (next < names.Count)
            {
                Add(names[next] + "=");
                WriteNamed(names[next], item);
            }
            else
            {
                WriteItem(items, count, next);
            }

            next++;
        });
        Add(count == 1 && names.Count == 0 ? ",)" : ")");
        Leave();
    }

    /// <summary>The names of a tuple's items: of <c>collections.namedtuple</c>, or of a structure that C defines (<c>os.stat_result</c>, Objects/structseq.c).</summary>
    List<string> TupleNames(PythonType type, long count)
    {
        var names = new List<string>();
        using var scope = objects.ReadLasting();
        if (type.IsClass)
        {
            foreach (var ancestor in objects.Ancestors(type))
            {
                if (ancestor.IsClass && DictionaryReader.TryFind(objects, ancestor.Dictionary, "_fields", out var fields)
                    && objects.TryGet(fields, out var tuple) == ObjectState.Live && (tuple.Type.Flags & PythonType.TupleFlag) != 0
                    && objects.TryReadInt64(fields + (ulong)objects.Values.ItemCount, out var fieldCount) && fieldCount == count)
                {
                    foreach (var item in objects.ReadPointers(fields + (ulong)objects.Values.TupleItems, Wanted(count)))
                    {
                        names.Add(objects.TryReadText(item, 200, out var name) ? PythonLiteral.Safe(name) : "?");
                    }

                    return names;
                }
            }
        }
        else if (type.Members != 0 && type.Name.Contains('.'))
        {
            const ulong memberBytes = 40;
            for (var i = 0UL; i < (ulong)Wanted(count); i++)
            {
                if (!objects.TryReadPointer(type.Members + (i * memberBytes), out var text) || !objects.TryReadName(text, out var name))
                {
                    return [];
                }

                names.Add(name);
            }
        }

        return names;
    }

    public void WriteDictionary(PythonObject value) => WriteDictionary(value, "{", "}", "{}");

    public void WriteFrozenDictionary(PythonObject value) => WriteDictionary(value, value.Type.ShortName + "({", "})", value.Type.ShortName + "()");

    void WriteDictionary(PythonObject value, string open, string close, string empty)
    {
        if (!TryEnter(value.Address, open + "..." + close, open + Cut + close))
        {
            return;
        }

        if (!TryReadEntries(value.Address, limits.Items, out var entries, out var count))
        {
            Add(open + objects.Changed + close);
        }
        else if (count == 0)
        {
            Add(empty);
        }
        else
        {
            Add(open);
            WriteItems(entries, count, WriteEntry);
            Add(close);
        }

        Leave();
    }

    /// <summary>Reads entries of a dictionary that does not change meanwhile.</summary>
    bool TryReadEntries(ulong dictionary, int maximum, out List<Entry> entries, out long count)
    {
        entries = [];
        count = 0;
        Span<byte> head = stackalloc byte[48];
        for (var attempt = 0; attempt < 3; attempt++)
        {
            entries.Clear();
            if (objects.TryRead(dictionary, head) && DictionaryReader.TryRead(objects, dictionary, maximum, entries, out count)
                && !DictionaryReader.HasChanged(objects, dictionary, head))
            {
                return true;
            }
        }

        return false;
    }

    void WriteEntry(Entry entry)
    {
        Write(entry.Key);
        Add(": ");
        WriteNamed(NameIn(entry.Key), entry.Value);
    }

    /// <summary>A key that may be a name: a text, or bytes as the headers of web servers are; empty when it is none.</summary>
    string NameIn(ulong address)
    {
        if (limits.Redaction is null || objects.TryGet(address, out var key) != ObjectState.Live)
        {
            return "";
        }

        if (ObjectReader.IsText(key.Type))
        {
            return objects.TryReadText(address, 200, out var name) ? name : "";
        }

        Span<byte> bytes = stackalloc byte[Redaction.LongestName];
        return (key.Type.Flags & PythonType.BytesFlag) != 0 && objects.TryReadInt64(address + (ulong)objects.Values.ItemCount, out var count) && count > 0 && count <= bytes.Length
            && objects.TryRead(address + (ulong)objects.Values.BytesData, bytes[..(int)count]) ? System.Text.Encoding.Latin1.GetString(bytes[..(int)count]) : "";
    }

    /// <summary>Writes an item of a sequence; the second of two is named by the first, as headers are.</summary>
    void WriteItem(ulong[] items, long count, int index)
    {
        WriteNamed(count == 2 && index == 1 ? NameIn(items[0]) : "", items[index]);
    }

    public void WriteDefaultDictionary(PythonObject value)
    {
        // defdictobject: a dictionary, then default_factory (Modules/_collectionsmodule.c).
        const ulong factory = 48;
        var inner = new ValueWriter(objects, limits with { Depth = 1 });
        if (objects.TryReadPointer(value.Address + factory, out var function) && function != 0)
        {
            inner.Write(function);
        }

        var open = $"{value.Type.ShortName}({(function == 0 ? "None" : inner)}, {{";
        WriteDictionary(value, open, "})", open + "})");
    }

    /// <summary>Entries that are read to show some of them in another order.</summary>
    int MostOrdered => objects.IsCaptured ? limits.Items : 4096;

    /// <summary>The order is that of a list of its own, of nodes with key, hash, next and previous one (Objects/odictobject.c).</summary>
    public void WriteOrderedDictionary(PythonObject value)
    {
        const ulong first = 48, next = 16;
        var asPairs = objects.Version.Minor < 12;
        var (open, close) = (value.Type.ShortName + "(", ")");
        if (!TryEnter(value.Address, "...", $"{open}…{close}"))
        {
            return;
        }

        if (!TryReadEntries(value.Address, MostOrdered, out var entries, out var count))
        {
            Add(open + objects.Changed + close);
            Leave();
            return;
        }

        var values = new Dictionary<ulong, ulong>();
        foreach (var entry in entries)
        {
            values[entry.Key] = entry.Value;
        }

        var ordered = new List<Entry>();
        if (objects.TryReadPointer(value.Address + first, out var node))
        {
            while (node != 0 && ordered.Count < Wanted(count) && objects.TryReadPointer(node, out var key))
            {
                if (!values.TryGetValue(key, out var item))
                {
                    break;
                }

                ordered.Add(new Entry(key, item));
                objects.TryReadPointer(node + next, out node);
            }
        }

        ordered = ordered.Count < Wanted(count) && !objects.IsCaptured ? entries : ordered;
        Add(count == 0 ? open : open + (asPairs ? "[" : "{"));
        WriteItems(ordered, count, asPairs ? WritePair : WriteEntry);
        Add(count == 0 ? close : (asPairs ? "]" : "}") + close);
        Leave();
    }

    void WritePair(Entry entry)
    {
        Add("(");
        Write(entry.Key);
        Add(", ");
        WriteNamed(NameIn(entry.Key), entry.Value);
        Add(")");
    }

    /// <summary>Shown with the most common ones first, as long as all are numbers.</summary>
    public void WriteCounter(PythonObject value)
    {
        var (open, close) = (value.Type.ShortName + "(", ")");
        if (!TryEnter(value.Address, "...", $"{open}…{close}"))
        {
            return;
        }

        if (!TryReadEntries(value.Address, MostOrdered, out var entries, out var count))
        {
            Add(open + objects.Changed + close);
        }
        else
        {
            var counts = new BigInteger[entries.Count];
            // The most common of some entries need not be the most common of all.
            var areNumbers = !objects.IsCaptured || entries.Count == count;
            for (var i = 0; i < counts.Length && areNumbers; i++)
            {
                areNumbers = TryReadInteger(entries[i].Value, out counts[i]);
            }

            var order = Enumerable.Range(0, entries.Count);
            order = areNumbers ? order.OrderByDescending(i => counts[i]) : order;
            Add(count == 0 ? open : open + "{");
            WriteItems([.. order.Select(i => entries[i])], count, WriteEntry);
            Add(count == 0 ? close : "}" + close);
        }

        Leave();
    }

    public void WriteDictionaryView(PythonObject value)
    {
        if (!objects.TryReadPointer(value.Address + FirstField, out var dictionary) || !TryReadEntries(dictionary, limits.Items, out var entries, out var count))
        {
            Add(Unreadable);
            return;
        }

        if (!TryEnter(value.Address, "...", $"{value.Type.Name}([…])"))
        {
            return;
        }

        Add(value.Type.Name + "([");
        WriteItems<Entry>(entries, count, value.Type.Name.EndsWith("keys", StringComparison.Ordinal) ? entry => Write(entry.Key)
            : value.Type.Name.EndsWith("items", StringComparison.Ordinal) ? WritePair
            : entry => Write(entry.Value));
        Add("])");
        Leave();
    }

    /// <summary>Something that only stands for another object.</summary>
    public void WriteWrapped(PythonObject value, ulong offset)
    {
        Add(value.Type.ShortName + "(");
        if (TryEnter(value.Address, "...", "…"))
        {
            if (objects.TryReadPointer(value.Address + offset, out var inner))
            {
                Write(inner);
            }
            else
            {
                Add(Unreadable);
            }

            Leave();
        }

        Add(")");
    }

    public void WriteSet(PythonObject value)
    {
        var name = value.Type.Name == "set" ? "" : value.Type.ShortName;
        var keys = SetReader.Read(objects, value.Address, Math.Max(0, limits.Items), out var count);
        if (count <= 0)
        {
            Add(count < 0 ? Unreadable : value.Type.ShortName + "()");
            return;
        }

        var (open, close) = name.Length == 0 ? ("{", "}") : (name + "({", "})");
        if (!TryEnter(value.Address, value.Type.ShortName + "(...)", open + Cut + close))
        {
            return;
        }

        Add(open);
        WriteItems(keys, count, Write);
        Add(close);
        Leave();
    }

    /// <summary>Blocks of 64 items, linked (Modules/_collectionsmodule.c, <c>dequeobject</c>).</summary>
    public void WriteDeque(PythonObject value)
    {
        const int left = 24, leftIndex = 40, maximum = 64, blockItems = 64;
        const ulong blockData = 8, blockNext = 8 + (8 * blockItems);
        Span<byte> head = stackalloc byte[72];
        if (!objects.TryRead(value.Address, head))
        {
            Add(Unreadable);
            return;
        }

        var name = value.Type.ShortName;
        if (!TryEnter(value.Address, "[...]", name + "([…])"))
        {
            return;
        }

        var count = BinaryPrimitives.ReadInt64LittleEndian(head[objects.Values.ItemCount..]);
        var block = BinaryPrimitives.ReadUInt64LittleEndian(head[left..]);
        var index = BinaryPrimitives.ReadInt64LittleEndian(head[leftIndex..]);
        var bound = BinaryPrimitives.ReadInt64LittleEndian(head[maximum..]);
        var items = new List<ulong>();
        while (items.Count < Wanted(count) && index is >= 0 and < blockItems && block != 0)
        {
            var now = (int)Math.Min(blockItems - index, Wanted(count) - items.Count);
            items.AddRange(objects.ReadPointers(block + blockData + (8 * (ulong)index), now));
            index = 0;
            if (!objects.TryReadPointer(block + blockNext, out block))
            {
                break;
            }
        }

        Add(name + "([");
        WriteItems(items, Math.Max(0, count), Write);
        Add(bound >= 0 ? $"], maxlen={bound})" : "])");
        Leave();
    }

    public void WriteRange(PythonObject value)
    {
        var parts = objects.ReadPointers(value.Address + FirstField, 3);
        if (parts.Length < 3)
        {
            Add(Unreadable);
            return;
        }

        WriteCall("range", TryReadInteger(parts[2], out var step) && step.IsOne ? parts.AsSpan(0, 2) : parts);
    }

    public void WriteSlice(PythonObject value)
    {
        var parts = objects.ReadPointers(value.Address + FirstField, 3);
        if (parts.Length < 3 || !TryEnter(value.Address, "slice(...)", "slice(…)"))
        {
            Add(parts.Length < 3 ? Unreadable : "");
            return;
        }

        WriteCall("slice", parts);
        Leave();
    }

    void WriteCall(string name, ReadOnlySpan<ulong> arguments)
    {
        Add(name + "(");
        for (var i = 0; i < arguments.Length; i++)
        {
            Add(i == 0 ? "" : ", ");
            Write(arguments[i]);
        }

        Add(")");
    }

    /// <summary><c>arrayobject</c> and its <c>arraydescr</c> (Modules/arraymodule.c).</summary>
    public void WriteArray(PythonObject value)
    {
        const ulong data = 24, description = 40;
        if (!objects.TryReadInt64(value.Address + (ulong)objects.Values.ItemCount, out var count) || !objects.TryReadPointer(value.Address + data, out var items)
            || !objects.TryReadPointer(value.Address + description, out var descriptor) || !objects.TryReadPointer(descriptor, out var word) || count is < 0 or > MaximumCount)
        {
            Add(Unreadable);
            return;
        }

        var code = (char)(word & 0x7f);
        Add($"{value.Type.ShortName}('{code}'");
        if (count > 0)
        {
            Add(", ");
            WriteElements(items, NumberFormat.OfArray(code), count);
        }

        Add(")");
    }
}
