namespace Sonde.Script.Syntax;

/// <summary>A definition in C: of the script's preamble, an included or an imported header.</summary>
/// <param name="span">Its place.</param>
/// <param name="name">The tag or typedef name; empty for an anonymous one.</param>
abstract class CDefinition(SourceSpan span, string name) : Node(span)
{
    public string Name { get; } = name;

    /// <summary>Whether it comes from a header of the system (<c>/usr/include</c>), where the kernel's own types go first.</summary>
    public bool IsSystem { get; init; }
}

/// <summary>A <c>struct</c> or <c>union</c> with its members.</summary>
sealed class CRecord(SourceSpan span, string name, bool isUnion, IReadOnlyList<CField> fields) : CDefinition(span, name)
{
    public bool IsUnion { get; } = isUnion;
    public IReadOnlyList<CField> Fields { get; } = fields;

    /// <summary><c>__attribute__((packed))</c></summary>
    public bool IsPacked { get; init; }

    /// <summary>The <c>aligned(N)</c> attribute in bytes, or null.</summary>
    public int? Alignment { get; init; }
}

/// <summary>A member; the name is empty for an anonymous struct or union, whose members belong to the outer one, and for padding bits.</summary>
sealed class CField(SourceSpan span, string name, TypeName type, int? bits) : Node(span)
{
    public string Name { get; } = name;

    /// <summary>A function pointer comes as <c>void*</c>; a flexible array has an array suffix without a length.</summary>
    public TypeName Type { get; } = type;

    /// <summary>The width of a bit field, or null.</summary>
    public int? Bits { get; } = bits;

    /// <summary>The <c>aligned(N)</c> attribute in bytes, or null.</summary>
    public int? Alignment { get; init; }
}

/// <summary>An <c>enum</c>.</summary>
sealed class CEnum(SourceSpan span, string name, IReadOnlyList<CEnumConstant> constants) : CDefinition(span, name)
{
    public IReadOnlyList<CEnumConstant> Constants { get; } = constants;
}

/// <summary>A constant of an enum.</summary>
sealed class CEnumConstant(SourceSpan span, string name, long value) : Node(span)
{
    public string Name { get; } = name;
    public long Value { get; } = value;
}

/// <summary><c>typedef T name;</c></summary>
sealed class CTypedef(SourceSpan span, string name, TypeName type) : CDefinition(span, name)
{
    public TypeName Type { get; } = type;
}
