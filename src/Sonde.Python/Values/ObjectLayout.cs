namespace Sonde.Python.Values;

/// <summary>Where the objects that are neither numbers nor texts have their fields, as far as that depends on the version. Offsets in bytes, 64-bit Linux.</summary>
/// <remarks>
/// Objects/dictobject.c and Include/internal/pycore_dict.h (dictionaries), Include/cpython/object.h (<c>PyHeapTypeObject</c>), Include/internal/pycore_object.h
/// (where instances keep their attributes), Include/cpython/funcobject.h and genobject.h of each minor version; none of these moved between patch releases.
/// </remarks>
public sealed record ObjectLayout
{
    /// <summary><c>PyHeapTypeObject.ht_qualname</c>; <c>ht_cached_keys</c> follows it.</summary>
    public required int TypeQualifiedName { get; init; }

    /// <summary>Where an instance says what its attributes are when its type manages them.</summary>
    public InstanceStorage Storage { get; init; }

    /// <summary>Whether the table of a dictionary tells the width of its entries (<c>dk_kind</c>, 3.11 and later).</summary>
    public bool CompactKeys { get; init; }

    /// <summary>How the values of a split dictionary tell their order.</summary>
    public SplitValues Split { get; init; }

    /// <summary><c>func_qualname</c>.</summary>
    public required int FunctionName { get; init; }

    /// <summary><c>gi_qualname</c>, <c>cr_qualname</c> and <c>ag_qualname</c>.</summary>
    public required int GeneratorName { get; init; }

    /// <summary>String: the pointer to the characters of one that is not compact (<c>PyUnicodeObject.data</c>).</summary>
    public required int TextPointer { get; init; }

    /// <summary>Whether strings may hold their characters as <c>wchar_t</c> only (removed in 3.12).</summary>
    public bool WideText { get; init; }

    /// <summary>Whether the upper half of the reference count holds something else (3.14 and later).</summary>
    public bool ShortReferenceCount { get; init; }

    /// <summary>The layout of a version.</summary>
    public static ObjectLayout For(PythonVersion version) => version.Minor switch
    {
        6 or 7 => Old with { TypeQualifiedName = 848 },
        8 => Old with { TypeQualifiedName = 864 },
        9 => Old with { TypeQualifiedName = 856 },
        10 => Old with { TypeQualifiedName = 864, FunctionName = 40, GeneratorName = 48 },
        11 => New with { TypeQualifiedName = 864, GeneratorName = 40, Storage = InstanceStorage.ValuesOrDictionary, TextPointer = 72, WideText = true },
        12 => New with { Storage = InstanceStorage.Tagged },
        13 => New with { Storage = InstanceStorage.Inline, Split = SplitValues.WithHeader },
        14 => New with { Storage = InstanceStorage.Inline, Split = SplitValues.WithHeader, ShortReferenceCount = true },
        _ => New with { Storage = InstanceStorage.Inline, Split = SplitValues.WithHeader, ShortReferenceCount = true, TypeQualifiedName = 880 },
    };

    static ObjectLayout Old { get; } = new() { TypeQualifiedName = 0, FunctionName = 104, GeneratorName = 56, TextPointer = 72, WideText = true };

    static ObjectLayout New { get; } = new() { TypeQualifiedName = 872, FunctionName = 40, GeneratorName = 32, TextPointer = 56, CompactKeys = true, Split = SplitValues.WithPrefix };
}

/// <summary>Where instances of types with <c>Py_TPFLAGS_MANAGED_DICT</c> keep their attributes.</summary>
public enum InstanceStorage
{
    /// <summary>There is no such flag (up to 3.10): a dictionary at <c>tp_dictoffset</c>.</summary>
    Dictionary,

    /// <summary>Before the object, three words: a dictionary; four words: values without one (3.11).</summary>
    ValuesOrDictionary,

    /// <summary>Before the object, three words: a dictionary, or values where the lowest bit is set (3.12).</summary>
    Tagged,

    /// <summary>Before the object, three words: a dictionary; without one the values follow the object (3.13 and later).</summary>
    Inline,
}

/// <summary>How the values of a dictionary that shares its keys are laid out.</summary>
public enum SplitValues
{
    /// <summary>An array, in the order of the keys (up to 3.10).</summary>
    Plain,

    /// <summary>Before the array, going backwards: its size, how many are set, and the indices in order (3.11 and 3.12).</summary>
    WithPrefix,

    /// <summary>In front of the array: capacity, how many are set, two flags; after it the indices in order (3.13 and later).</summary>
    WithHeader,
}
