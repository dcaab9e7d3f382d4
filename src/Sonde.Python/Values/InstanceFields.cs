using System.Buffers.Binary;

namespace Sonde.Python.Values;

/// <summary>A field of an instance.</summary>
readonly record struct Field(string Name, ulong Value);

/// <summary>Reads what an instance of a class holds: its slots, then the attributes of its dictionary or of what takes its place.</summary>
static class InstanceFields
{
    const int MemberBytes = 40, MaximumMembers = 64;

    /// <summary>Reads the first fields: slots of the first bases before those of the class, attributes in the order they were set.</summary>
    /// <param name="objects">Where to read.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="maximum">The most fields.</param>
    /// <param name="count">How many there are altogether.</param>
    public static List<Field> Read(ObjectReader objects, PythonObject instance, int maximum, out long count)
    {
        var fields = new List<Field>();
        foreach (var type in objects.Ancestors(instance.Type).Where(type => type.IsClass).Reverse())
        {
            ReadSlots(objects, instance.Address, type, fields);
        }

        var entries = new List<Entry>();
        var attributes = ReadAttributes(objects, instance, maximum, entries, out var keysAreShared);
        count = fields.Count + attributes;
        foreach (var entry in entries)
        {
            if (fields.Count < maximum && TryReadKey(objects, entry.Key, keysAreShared, out var name))
            {
                fields.Add(new Field(name, entry.Value));
            }
        }

        if (fields.Count > maximum)
        {
            fields.RemoveRange(maximum, fields.Count - maximum);
        }

        return fields;
    }

    /// <summary>Finds one field.</summary>
    public static bool TryFind(ObjectReader objects, PythonObject instance, string name, out ulong value)
    {
        foreach (var field in Read(objects, instance, 256, out _))
        {
            if (field.Name == name)
            {
                value = field.Value;
                return true;
            }
        }

        value = 0;
        return false;
    }

    /// <summary>Keys that a type keeps for its instances last as long as it does.</summary>
    static bool TryReadKey(ObjectReader objects, ulong key, bool isShared, out string name)
    {
        if (!isShared)
        {
            return objects.TryReadText(key, 300, out name);
        }

        using var scope = objects.ReadLasting();
        return objects.TryReadText(key, 300, out name);
    }

    /// <summary>The slots of a class are the members of its type (<c>PyMemberDef</c>, Include/descrobject.h).</summary>
    static void ReadSlots(ObjectReader objects, ulong instance, PythonType type, List<Field> fields)
    {
        const int kind = 8, offset = 16, plainObject = 6, objectOrError = 16;
        if (type.Members == 0)
        {
            return;
        }

        Span<byte> member = stackalloc byte[MemberBytes];
        for (var i = 0; i < MaximumMembers && TryReadMember(objects, type.Members + (ulong)(i * MemberBytes), member); i++)
        {
            var name = BinaryPrimitives.ReadUInt64LittleEndian(member);
            if (name == 0)
            {
                return;
            }

            var where = BinaryPrimitives.ReadUInt64LittleEndian(member[offset..]);
            if (BinaryPrimitives.ReadInt32LittleEndian(member[kind..]) is plainObject or objectOrError && where < (ulong)type.BasicSize
                && objects.TryReadName(name, out var text) && objects.TryReadPointer(instance + where, out var value) && value != 0)
            {
                fields.Add(new Field(text, value));
            }
        }
    }

    static bool TryReadMember(ObjectReader objects, ulong address, Span<byte> member)
    {
        using var scope = objects.ReadLasting();
        return objects.TryRead(address, member);
    }

    static bool TryFindSharedKeys(ObjectReader objects, PythonType type, out ulong keys)
    {
        using var scope = objects.ReadLasting();
        return objects.TryReadPointer(type.Address + (ulong)objects.Layout.TypeQualifiedName + 8, out keys) && keys != 0;
    }

    static long ReadAttributes(ObjectReader objects, PythonObject instance, int maximum, List<Entry> entries, out bool keysAreShared)
    {
        keysAreShared = false;
        ulong dictionary = 0, values = 0;
        if ((instance.Type.Flags & PythonType.ManagedDictionaryFlag) != 0 && objects.Layout.Storage != InstanceStorage.Dictionary)
        {
            const int dictionaryBefore = 24, valuesBefore = 32;
            if (!objects.TryReadPointer(instance.Address - dictionaryBefore, out dictionary))
            {
                return 0;
            }

            switch (objects.Layout.Storage)
            {
                case InstanceStorage.Tagged when (dictionary & 1) != 0:
                    (values, dictionary) = (dictionary + 1, 0);
                    break;
                case InstanceStorage.ValuesOrDictionary when dictionary == 0:
                    objects.TryReadPointer(instance.Address - valuesBefore, out values);
                    break;
                case InstanceStorage.Inline when dictionary == 0 && (instance.Type.Flags & PythonType.InlineValuesFlag) != 0:
                    values = instance.Address + (ulong)instance.Type.BasicSize;
                    break;
            }
        }
        else if (DictionaryAddress(objects, instance) is { } where)
        {
            objects.TryReadPointer(where, out dictionary);
        }

        if (values != 0)
        {
            keysAreShared = true;
            return TryFindSharedKeys(objects, instance.Type, out var keys) && DictionaryReader.TryReadSplit(objects, keys, values, maximum, entries, keysLast: true) ? entries.Count : 0;
        }

        return dictionary != 0 && DictionaryReader.TryRead(objects, dictionary, maximum, entries, out var count) ? count : 0;
    }

    /// <summary>Where <c>tp_dictoffset</c> says that the pointer to the dictionary is; from the end where it is negative (<c>_PyObject_GetDictPtr</c>, Objects/object.c).</summary>
    static ulong? DictionaryAddress(ObjectReader objects, PythonObject instance)
    {
        var offset = instance.Type.DictionaryOffset;
        if (offset < 0 && objects.TryReadInt64(instance.Address + (ulong)objects.Values.ItemCount, out var items))
        {
            var size = instance.Type.BasicSize + (Math.Abs(items % (1L << 32)) * instance.Type.ItemSize);
            offset += (size + 7) & ~7L;
        }

        return offset > 0 ? instance.Address + (ulong)offset : null;
    }
}
