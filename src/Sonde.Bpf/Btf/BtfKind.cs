namespace Sonde.Bpf.Btf;

/// <summary>The kind of a BTF type (<c>BTF_KIND_*</c>, include/uapi/linux/btf.h).</summary>
public enum BtfKind
{
    /// <summary>No type: <c>void</c>, always number 0.</summary>
    Void = 0,

    /// <summary>An integer.</summary>
    Integer = 1,

    /// <summary>A pointer.</summary>
    Pointer = 2,

    /// <summary>An array.</summary>
    Array = 3,

    /// <summary>A <c>struct</c>.</summary>
    Structure = 4,

    /// <summary>A <c>union</c>.</summary>
    Union = 5,

    /// <summary>An <c>enum</c> of 32-bit values.</summary>
    Enumeration = 6,

    /// <summary>A <c>struct</c> or <c>union</c> that is only declared.</summary>
    Forward = 7,

    /// <summary>A <c>typedef</c>.</summary>
    Typedef = 8,

    /// <summary><c>volatile</c> something.</summary>
    Volatile = 9,

    /// <summary><c>const</c> something.</summary>
    Const = 10,

    /// <summary><c>restrict</c> something.</summary>
    Restrict = 11,

    /// <summary>A function by name.</summary>
    Function = 12,

    /// <summary>What a function takes and returns.</summary>
    FunctionPrototype = 13,

    /// <summary>A variable.</summary>
    Variable = 14,

    /// <summary>A section of variables.</summary>
    DataSection = 15,

    /// <summary>A floating-point number (Linux 5.13+).</summary>
    Float = 16,

    /// <summary>A tag on a declaration (Linux 5.16+).</summary>
    DeclarationTag = 17,

    /// <summary>A tag on a type (Linux 5.17+).</summary>
    TypeTag = 18,

    /// <summary>An <c>enum</c> of 64-bit values (Linux 6.0+).</summary>
    Enumeration64 = 19,
}
