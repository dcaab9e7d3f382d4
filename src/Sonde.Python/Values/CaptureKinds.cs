using System.Text;
using Sonde.Python.Layouts;

namespace Sonde.Python.Values;

/// <summary>What of an object has to be copied, besides its first bytes, so that it can be shown.</summary>
public enum CaptureKind
{
    /// <summary>The object as far as its type says it goes.</summary>
    Plain,

    /// <summary>The digits of an <c>int</c>.</summary>
    Digits,

    /// <summary>The characters of a <c>str</c>.</summary>
    Text,

    /// <summary>The bytes of <c>bytes</c>.</summary>
    Bytes,

    /// <summary>The bytes a <c>bytearray</c> points to.</summary>
    ByteArray,

    /// <summary>The items a <c>list</c> points to.</summary>
    List,

    /// <summary>The items in a <c>tuple</c>.</summary>
    Tuple,

    /// <summary>The keys and values of a <c>dict</c>.</summary>
    Dictionary,

    /// <summary>A dictionary, with the list that tells the order of its keys.</summary>
    OrderedDictionary,

    /// <summary>The members of a set.</summary>
    Set,

    /// <summary>The first block of a deque.</summary>
    Deque,

    /// <summary>What a cell holds.</summary>
    Cell,

    /// <summary>Objects that fields point to.</summary>
    Fields,

    /// <summary>The attributes of an instance of a class.</summary>
    Instance,

    /// <summary>The type object itself.</summary>
    Type,
}

/// <summary>How objects of a type written in C are copied.</summary>
/// <param name="Name">The type's name (<c>tp_name</c>).</param>
/// <param name="Kind">What is copied.</param>
/// <param name="Offset">The first of the fields that point to objects.</param>
/// <param name="Count">How many there are.</param>
public readonly record struct CapturedType(string Name, CaptureKind Kind, int Offset = 0, int Count = 0)
{
    /// <summary>Bytes of a type's name that tell which it is.</summary>
    public const int NameBytes = 24;

    /// <summary>The first bytes of the name, with zeros behind.</summary>
    public byte[] Key()
    {
        var key = new byte[NameBytes];
        Encoding.ASCII.GetBytes(Name.AsSpan(0, Math.Min(Name.Length, NameBytes)), key);
        return key;
    }
}

/// <summary>The types that their flags do not tell how to copy. Classes that derive from one are copied like it.</summary>
public static class CaptureKinds
{
    /// <summary>Those of a version; the offsets are those that <see cref="PythonValues"/> reads.</summary>
    public static IReadOnlyList<CapturedType> Of(PythonVersion version, CallLayout calls)
    {
        ArgumentNullException.ThrowIfNull(calls);
        var layout = ObjectLayout.For(version);
        var codeNames = Math.Min(calls.CodeFile, calls.CodeName);
        return
        [
            new("cell", CaptureKind.Cell),
            new("set", CaptureKind.Set),
            new("frozenset", CaptureKind.Set),
            new("bytearray", CaptureKind.ByteArray),
            new("collections.deque", CaptureKind.Deque),
            new("frozendict", CaptureKind.Dictionary),
            new("collections.OrderedDict", CaptureKind.OrderedDictionary),
            new("collections.defaultdict", CaptureKind.Dictionary, 48, 1),
            new("range", CaptureKind.Fields, 16, 3),
            new("slice", CaptureKind.Fields, 16, 3),
            new("method", CaptureKind.Fields, 16, 2),
            new("builtin_function_or_method", CaptureKind.Fields, 24, 1),
            new("function", CaptureKind.Fields, layout.FunctionName, 1),
            new("generator", CaptureKind.Fields, layout.GeneratorName, 1),
            new("coroutine", CaptureKind.Fields, layout.GeneratorName, 1),
            new("async_generator", CaptureKind.Fields, layout.GeneratorName, 1),
            new("code", CaptureKind.Fields, codeNames, (Math.Max(calls.CodeFile, calls.CodeName) - codeNames) / 8 + 1),
            new("method_descriptor", CaptureKind.Fields, 24, 1),
            new("wrapper_descriptor", CaptureKind.Fields, 24, 1),
            new("getset_descriptor", CaptureKind.Fields, 24, 1),
            new("member_descriptor", CaptureKind.Fields, 24, 1),
            new("weakref", CaptureKind.Fields, 16, 1),
            new("weakref.ReferenceType", CaptureKind.Fields, 16, 1),
            new("mappingproxy", CaptureKind.Fields, 16, 1),
            new("dict_keys", CaptureKind.Fields, 16, 1),
            new("dict_values", CaptureKind.Fields, 16, 1),
            new("dict_items", CaptureKind.Fields, 16, 1),
            new("odict_keys", CaptureKind.Fields, 16, 1),
            new("odict_values", CaptureKind.Fields, 16, 1),
            new("odict_items", CaptureKind.Fields, 16, 1),
            new("types.SimpleNamespace", CaptureKind.Fields, 16, 1),
            new("datetime.datetime", CaptureKind.Fields, 40, 1),
            new("datetime.time", CaptureKind.Fields, 32, 1),
            new("datetime.timezone", CaptureKind.Fields, 16, 2),
        ];
    }
}
