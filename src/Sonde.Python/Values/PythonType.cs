namespace Sonde.Python.Values;

/// <summary>A type object, as far as it tells how to read its instances.</summary>
sealed class PythonType
{
    /// <summary>Its instances keep their attributes in values that follow them (<c>Py_TPFLAGS_INLINE_VALUES</c>, Include/object.h, 3.13 and later).</summary>
    public const ulong InlineValuesFlag = 1 << 2;

    /// <summary>Its instances keep their attributes before them (<c>Py_TPFLAGS_MANAGED_DICT</c>, 3.11 and later).</summary>
    public const ulong ManagedDictionaryFlag = 1 << 4;

    /// <summary>It was made at run time (<c>Py_TPFLAGS_HEAPTYPE</c>).</summary>
    public const ulong HeapFlag = 1 << 9;

    /// <summary>Its instances are types (<c>Py_TPFLAGS_TYPE_SUBCLASS</c>).</summary>
    public const ulong TypeFlag = 1UL << 31;

    /// <summary>Its instances are dictionaries (<c>Py_TPFLAGS_DICT_SUBCLASS</c>).</summary>
    public const ulong DictionaryFlag = 1UL << 29;

    /// <summary>Its instances are tuples (<c>Py_TPFLAGS_TUPLE_SUBCLASS</c>).</summary>
    public const ulong TupleFlag = 1UL << 26;

    /// <summary><c>Py_TPFLAGS_BYTES_SUBCLASS</c>.</summary>
    public const ulong BytesFlag = 1UL << 27;

    public required ulong Address { get; init; }

    /// <summary><c>tp_name</c>, made safe to show: the plain name of classes, with the module in front for most types written in C.</summary>
    public required string Name { get; init; }

    /// <summary>The type's type.</summary>
    public required ulong Meta { get; init; }

    public required ulong Flags { get; init; }

    public required long BasicSize { get; init; }

    public required long ItemSize { get; init; }

    public required long DictionaryOffset { get; init; }

    public required ulong Base { get; init; }

    public required ulong Dictionary { get; init; }

    public required ulong Members { get; init; }

    public bool IsHeap => (Flags & HeapFlag) != 0;

    /// <summary>Written in Python: those of C have the module in their name, or are not made at run time.</summary>
    public bool IsClass => IsHeap && !Name.Contains('.');

    /// <summary>The name without its module.</summary>
    public string ShortName => Name[(Name.LastIndexOf('.') + 1)..];

    /// <summary>How its instances are shown; set when the first is.</summary>
    public ValueKind? Kind { get; set; }

    /// <summary>Module and qualified name, as <c>object.__repr__</c> has them; set when first needed.</summary>
    public string? FullName { get; set; }

    /// <summary>The names of the fields that a data class shows; set when first needed.</summary>
    public IReadOnlyList<string>? ShownFields { get; set; }

    /// <summary>Whether it is a data class that shows its fields; set with them.</summary>
    public bool IsDataClass { get; set; }

    /// <summary>What in its raw form tells that the memory holds another type by now.</summary>
    public required (ulong Name, ulong Dictionary, ulong Base, ulong Flags) Identity { get; init; }

    /// <summary>As <see cref="CapturedMemory.MarkOf"/> has it.</summary>
    public required uint Mark { get; init; }

    /// <summary>In which rendering it was last looked at.</summary>
    public int Checked { get; set; }
}
