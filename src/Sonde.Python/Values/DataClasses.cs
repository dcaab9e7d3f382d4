namespace Sonde.Python.Values;

/// <summary>Finds out which fields the generated <c>__repr__</c> of a data class shows (Lib/dataclasses.py, 3.7 and later).</summary>
static class DataClasses
{
    const int MaximumFields = 256;

    /// <summary>The names of the shown fields in order; null for what is no data class, or one without that <c>__repr__</c>.</summary>
    public static IReadOnlyList<string>? ShownFields(ObjectReader objects, PythonType type)
    {
        if (!type.IsClass)
        {
            return null;
        }

        if (type.ShownFields is null)
        {
            using var scope = objects.ReadLasting();
            type.ShownFields = Find(objects, type) ?? [];
            type.IsDataClass = type.ShownFields.Count > 0 || HasParameters(objects, type);
        }

        return type.IsDataClass ? type.ShownFields : null;
    }

    static List<string>? Find(ObjectReader objects, PythonType type)
    {
        foreach (var ancestor in objects.Ancestors(type))
        {
            if (ancestor.IsClass && DictionaryReader.TryFind(objects, ancestor.Dictionary, "__dataclass_fields__", out var fields))
            {
                return HasParameters(objects, ancestor) ? Names(objects, fields) : null;
            }
        }

        return null;
    }

    /// <summary>Whether <c>@dataclass</c> was told to make a <c>__repr__</c>, as it is unless told otherwise.</summary>
    static bool HasParameters(ObjectReader objects, PythonType type) =>
        DictionaryReader.TryFind(objects, type.Dictionary, "__dataclass_params__", out var address) && objects.TryGet(address, out var parameters) == ObjectState.Live
        && InstanceFields.TryFind(objects, parameters, "repr", out var shown) && IsTrue(objects, shown);

    static List<string> Names(ObjectReader objects, ulong fields)
    {
        var names = new List<string>();
        var entries = new List<Entry>();
        DictionaryReader.TryRead(objects, fields, MaximumFields, entries, out _);
        foreach (var entry in entries)
        {
            if (objects.TryReadText(entry.Key, 300, out var name) && objects.TryGet(entry.Value, out var field) == ObjectState.Live
                && InstanceFields.TryFind(objects, field, "repr", out var shown) && IsTrue(objects, shown) && IsField(objects, field))
            {
                names.Add(name);
            }
        }

        return names;
    }

    /// <summary>Class variables and what is only passed to <c>__init__</c> are listed too.</summary>
    static bool IsField(ObjectReader objects, PythonObject field) =>
        InstanceFields.TryFind(objects, field, "_field_type", out var address) && objects.TryGet(address, out var kind) == ObjectState.Live
        && InstanceFields.TryFind(objects, kind, "name", out var name) && objects.TryReadText(name, 50, out var text) && text == "_FIELD";

    static bool IsTrue(ObjectReader objects, ulong address) =>
        objects.TryGet(address, out var value) == ObjectState.Live && value.Type.Name == "bool"
        && objects.TryReadInt64(address + (ulong)objects.Values.IntegerSize, out var size) && (objects.Values.IntegerSizeIsTag ? (size >> 3 != 0 && (size & 3) == 0) : size != 0);
}
