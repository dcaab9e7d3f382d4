namespace Sonde.Python.Layouts;

/// <summary>Where a frame's variables lie, and the values of the basic types. Offsets in bytes into CPython's structures on 64-bit Linux.</summary>
/// <remarks>
/// Include/cpython/code.h, Include/internal/pycore_frame.h (Include/frameobject.h up to 3.10), Include/cpython/longintrepr.h, Include/cpython/object.h of
/// each minor version; none of these moved between patch releases.
/// </remarks>
public sealed record ValueLayout
{
    /// <summary><c>Py_TPFLAGS_LONG_SUBCLASS</c> of <c>tp_flags</c> (Include/object.h).</summary>
    public const long IntegerFlag = 1L << 24;

    /// <summary><c>Py_TPFLAGS_UNICODE_SUBCLASS</c> of <c>tp_flags</c>.</summary>
    public const long TextFlag = 1L << 28;

    /// <summary>Bits of a digit of an <c>int</c>; each takes 4 bytes (Include/cpython/longintrepr.h).</summary>
    public const int DigitBits = 30;

    /// <summary>The bit of a variable's kind that says it is kept in a cell (<c>CO_FAST_CELL</c>, 3.11 and later).</summary>
    public const int CellKind = 0x40;

    /// <summary>The bit of a variable's kind that says it is of an enclosing function, and so in a cell (<c>CO_FAST_FREE</c>, 3.11 and later).</summary>
    public const int FreeKind = 0x80;

    /// <summary>Frame: the first variable; 8 bytes each, the value stack after the last one.</summary>
    public required int FrameLocals { get; init; }

    /// <summary>Frame: the namespace that its code names variables in, where that is no function's: a module's, a class body's, that of <c>exec</c> (<c>f_locals</c>).</summary>
    public required int FrameNamespace { get; init; }

    /// <summary>Frame, up to 3.10: a pointer to the value stack's bottom (<c>f_valuestack</c>); null after.</summary>
    public int? FrameValueStack { get; init; }

    /// <summary>Up to 3.10: whether <c>_Py_CheckFunctionResult</c>, which every result passes, takes it third (3.9 and 3.10) or second.</summary>
    public bool CheckedResultIsThird { get; init; }

    /// <summary>The bits of a variable's slot that are a tag (<c>_PyStackRef</c>, 3.14 and later): 3 in them is a number, not an object.</summary>
    public long SlotTagMask { get; init; }

    /// <summary>Code object: how many arguments may be positional (<c>co_argcount</c>).</summary>
    public int CodeArgumentCount { get; init; } = 16;

    /// <summary>Code object: how many must be given by keyword (<c>co_kwonlyargcount</c>).</summary>
    public int CodeKeywordOnlyCount { get; init; } = 24;

    /// <summary>Code object: how many variables, cells and free variables together (<c>co_nlocalsplus</c>); up to 3.10 the variables alone (<c>co_nlocals</c>).</summary>
    public required int CodeVariableCount { get; init; }

    /// <summary>Code object: the tuple of their names (<c>co_localsplusnames</c>, <c>co_varnames</c>).</summary>
    public required int CodeVariableNames { get; init; }

    /// <summary>Code object: a bytes object with each one's kind (<c>co_localspluskinds</c>); null up to 3.10.</summary>
    public int? CodeVariableKinds { get; init; }

    /// <summary>Code object, up to 3.10: the tuple of names of the cells, which follow the variables; null after.</summary>
    public int? CodeCellNames { get; init; }

    /// <summary>Code object, up to 3.10: the tuple of names of the free variables, which follow the cells; null after.</summary>
    public int? CodeFreeNames { get; init; }

    /// <summary>Code object: the constants.</summary>
    public required int CodeConstants { get; init; }

    /// <summary>Code object: the first instruction (<c>co_code_adaptive</c>, 3.11 and later).</summary>
    public int? CodeInstructions { get; init; }

    /// <summary>The opcode that returns a constant of the code object, with its instrumented form (3.12 and 3.13).</summary>
    public IReadOnlyList<byte> ReturnConstantOpcodes { get; init; } = [];

    /// <summary>Tuple: the first item.</summary>
    public int TupleItems { get; init; } = 24;

    /// <summary>Tuple, list, bytes: how many items.</summary>
    public int ItemCount { get; init; } = 16;

    /// <summary>Bytes: the first byte.</summary>
    public int BytesData { get; init; } = 32;

    /// <summary>Cell: what is in it.</summary>
    public int CellValue { get; init; } = 16;

    /// <summary>Type object: the name, a pointer to a C string.</summary>
    public int TypeName { get; init; } = 24;

    /// <summary>Type object: the flags.</summary>
    public int TypeFlags { get; init; } = 168;

    /// <summary>int: up to 3.11 the number of digits, negative for negative numbers; from 3.12 on a tag: digits &lt;&lt; 3, and 0 positive, 1 zero, 2 negative.</summary>
    public int IntegerSize { get; init; } = 16;

    /// <summary>int: whether <see cref="IntegerSize"/> is the tag of 3.12 and later.</summary>
    public bool IntegerSizeIsTag { get; init; }

    /// <summary>int: the digits, the lowest first.</summary>
    public int IntegerDigits { get; init; } = 24;

    /// <summary>float: the value.</summary>
    public int FloatValue { get; init; } = 16;

    /// <summary>The layout of an interpreter's version.</summary>
    /// <exception cref="LayoutException">The version is unknown.</exception>
    public static ValueLayout For(PythonVersion version) => version.Minor switch
    {
        6 => HeapFrames with { CodeKeywordOnlyCount = 20, FrameLocals = 376, CodeVariableCount = 24, CodeConstants = 48, CodeVariableNames = 64, CodeFreeNames = 72, CodeCellNames = 80 },
        7 => HeapFrames with { CodeKeywordOnlyCount = 20, CodeVariableCount = 24, CodeConstants = 48, CodeVariableNames = 64, CodeFreeNames = 72, CodeCellNames = 80 },
        8 => HeapFrames,
        9 => HeapFrames with { CheckedResultIsThird = true },
        10 => HeapFrames with { FrameLocals = 352, CheckedResultIsThird = true },
        11 => InlineFrames with { FrameNamespace = 24, CodeArgumentCount = 56, CodeKeywordOnlyCount = 64, CodeVariableCount = 76, CodeInstructions = 184, IntegerSizeIsTag = false },
        12 => InlineFrames with { CodeInstructions = 192, ReturnConstantOpcodes = [121, 247] },
        13 => InlineFrames with { CodeInstructions = 200, ReturnConstantOpcodes = [103, 240] },
        14 or 15 => InlineFrames with { FrameLocals = 80, CodeInstructions = 208, SlotTagMask = 3, TupleItems = 32 },
        _ => throw new LayoutException($"CPython {version} is not known to this build, which knows 3.{PythonVersion.OldestMinor} to 3.{PythonVersion.NewestMinor}"),
    };

    static ValueLayout HeapFrames { get; } = new()
    {
        FrameLocals = 360, FrameNamespace = 56, FrameValueStack = 64, CodeVariableCount = 28, CodeConstants = 56, CodeVariableNames = 72, CodeFreeNames = 80, CodeCellNames = 88,
    };

    static ValueLayout InlineFrames { get; } = new()
    {
        FrameLocals = 72, FrameNamespace = 40, CodeArgumentCount = 52, CodeKeywordOnlyCount = 60, CodeVariableCount = 72, CodeConstants = 24, CodeVariableNames = 96, CodeVariableKinds = 104, IntegerSizeIsTag = true,
    };
}
