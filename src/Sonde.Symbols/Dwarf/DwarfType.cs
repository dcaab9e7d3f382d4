namespace Sonde.Symbols.Dwarf;

/// <summary>A type as the debug information describes it. What it refers to is read when first asked for, so types may refer to themselves.</summary>
/// <remarks>The same type of the same unit is always the same object.</remarks>
public abstract class DwarfType
{
    const int LongestChain = 64;

    /// <summary>Its name; null when it has none. For structures without the word <c>struct</c>.</summary>
    public string? Name { get; internal init; }

    /// <summary>Its size in bytes; null when it is not known, as for incomplete types.</summary>
    public ulong? Size => SizeWithin(LongestChain);

    /// <summary>The type without names given to it and qualifiers: what <c>typedef const struct s t</c> is at last. Null for <c>void</c>.</summary>
    public DwarfType? Underlying
    {
        get
        {
            DwarfType? type = this;
            for (var i = 0; i < LongestChain; i++)
            {
                switch (type)
                {
                    case DwarfTypedef alias:
                        type = alias.Target;
                        break;
                    case DwarfQualifiedType qualified:
                        type = qualified.Target;
                        break;
                    default:
                        return type;
                }
            }

            return null;
        }
    }

    internal abstract ulong? SizeWithin(int depth);

    /// <summary>The type in the form of C, for messages.</summary>
    public override string ToString() => TextWithin(8);

    internal abstract string TextWithin(int depth);

    internal static string TextOf(DwarfType? type, int depth) => type is null ? "void" : depth <= 0 ? "…" : type.TextWithin(depth - 1);
}

/// <summary>How the bytes of a base type are read.</summary>
public enum DwarfEncoding
{
    /// <summary>Not known here: decimal numbers and the like, or <c>decltype(nullptr)</c>.</summary>
    Other,

    /// <summary>A signed integer.</summary>
    SignedInteger,

    /// <summary>An unsigned integer.</summary>
    UnsignedInteger,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A signed character.</summary>
    SignedCharacter,

    /// <summary>An unsigned character.</summary>
    UnsignedCharacter,

    /// <summary>A character of UTF-8, UTF-16 or UTF-32, by size.</summary>
    UnicodeCharacter,

    /// <summary>A binary floating-point number.</summary>
    FloatingPoint,

    /// <summary>Two floating-point numbers.</summary>
    ComplexFloatingPoint,
}

/// <summary>A type of the language itself.</summary>
public sealed class DwarfBaseType : DwarfType
{
    internal ulong? Bytes { get; init; }

    /// <summary>How its bytes are read.</summary>
    public DwarfEncoding Encoding { get; internal init; }

    /// <summary>Whether it is an integer with a sign.</summary>
    public bool IsSigned => Encoding is DwarfEncoding.SignedInteger or DwarfEncoding.SignedCharacter;

    internal override ulong? SizeWithin(int depth) => Bytes;

    internal override string TextWithin(int depth) => Name ?? "?";
}

/// <summary>What a <see cref="DwarfPointer"/> is in the source.</summary>
public enum DwarfPointerKind
{
    /// <summary><c>T *</c>.</summary>
    Plain,

    /// <summary><c>T &amp;</c>.</summary>
    Reference,

    /// <summary><c>T &amp;&amp;</c>.</summary>
    RvalueReference,
}

/// <summary>A pointer or reference.</summary>
public sealed class DwarfPointer : DwarfType
{
    readonly TypeReference _target;

    internal DwarfPointer(TypeReference target) => _target = target;

    /// <summary>What it is in the source.</summary>
    public DwarfPointerKind Kind { get; internal init; }

    /// <summary>What it points to; null for <c>void</c>.</summary>
    public DwarfType? Target => _target.Type;

    internal ulong Bytes { get; init; }

    internal override ulong? SizeWithin(int depth) => Bytes;

    internal override string TextWithin(int depth) => TextOf(Target, depth) + Kind switch
    {
        DwarfPointerKind.Reference => " &",
        DwarfPointerKind.RvalueReference => " &&",
        _ => " *",
    };
}

/// <summary>Which kind a <see cref="DwarfStructure"/> is.</summary>
public enum DwarfStructureKind
{
    /// <summary><c>struct</c>.</summary>
    Struct,

    /// <summary><c>class</c>.</summary>
    Class,

    /// <summary><c>union</c>.</summary>
    Union,
}

/// <summary>A structure, class or union.</summary>
public sealed class DwarfStructure : DwarfType
{
    readonly Lazy<IReadOnlyList<DwarfMember>> _members;

    internal DwarfStructure(Func<DwarfStructure, IReadOnlyList<DwarfMember>> members) => _members = new(() => members(this));

    /// <summary>Which kind it is.</summary>
    public DwarfStructureKind Kind { get; internal init; }

    /// <summary>Whether only its name is known here. Another unit may define it: see <see cref="DwarfFile.Complete"/>.</summary>
    public bool IsDeclaration { get; internal init; }

    /// <summary>Its members in order, base classes among them; without static ones.</summary>
    public IReadOnlyList<DwarfMember> Members => _members.Value;

    internal ulong? Bytes { get; init; }

    internal override ulong? SizeWithin(int depth) => Bytes;

    internal override string TextWithin(int depth) => $"{Kind switch { DwarfStructureKind.Union => "union", DwarfStructureKind.Class => "class", _ => "struct" }} {Name ?? "{…}"}";
}

/// <summary>A member of a structure.</summary>
public sealed class DwarfMember
{
    readonly TypeReference _type;

    internal DwarfMember(TypeReference type) => _type = type;

    /// <summary>Its name; null for an anonymous structure or union, whose members count as those of the outer one, and for a base class.</summary>
    public string? Name { get; internal init; }

    /// <summary>Its type; null when it is not known.</summary>
    public DwarfType? Type => _type.Type;

    /// <summary>Where it begins, in bytes from the structure's start; null for what only the running program knows, as virtual base classes.</summary>
    public ulong? Offset { get; internal init; }

    /// <summary>The size of a bit field in bits; null for other members.</summary>
    public int? BitSize { get; internal init; }

    /// <summary>Where a bit field's lowest bit is, in bits from <see cref="Offset"/>; 0 for other members.</summary>
    public int BitOffset { get; internal init; }

    /// <summary>Whether it is a base class.</summary>
    public bool IsBaseClass { get; internal init; }
}

/// <summary>An enumeration.</summary>
public sealed class DwarfEnumeration : DwarfType
{
    readonly TypeReference _base;
    readonly Lazy<IReadOnlyList<DwarfEnumerator>> _values;

    internal DwarfEnumeration(TypeReference baseType, Func<DwarfEnumeration, IReadOnlyList<DwarfEnumerator>> values)
    {
        _base = baseType;
        _values = new(() => values(this));
    }

    /// <summary>The type of its values; null when not stated.</summary>
    public DwarfType? BaseType => _base.Type;

    /// <summary>Its names in order.</summary>
    public IReadOnlyList<DwarfEnumerator> Values => _values.Value;

    internal ulong? Bytes { get; init; }

    internal override ulong? SizeWithin(int depth) => Bytes ?? (depth > 0 ? BaseType?.SizeWithin(depth - 1) : null);

    internal override string TextWithin(int depth) => $"enum {Name ?? "{…}"}";
}

/// <summary>A name of an enumeration.</summary>
/// <param name="Name">The name.</param>
/// <param name="Value">Its value; an unsigned one beyond 2⁶³ is negative here.</param>
public readonly record struct DwarfEnumerator(string Name, long Value);

/// <summary>An array.</summary>
public sealed class DwarfArray : DwarfType
{
    readonly TypeReference _element;

    internal DwarfArray(TypeReference element) => _element = element;

    /// <summary>The type of one element; null when it is not known.</summary>
    public DwarfType? Element => _element.Type;

    /// <summary>The number of elements of each dimension, the outermost first; null for one that is not stated, as in <c>int a[]</c>.</summary>
    public IReadOnlyList<ulong?> Dimensions { get; internal init; } = [];

    internal ulong? Bytes { get; init; }

    internal override ulong? SizeWithin(int depth)
    {
        if (Bytes is not null || depth <= 0 || Element?.SizeWithin(depth - 1) is not { } size)
        {
            return Bytes;
        }

        UInt128 product = size;
        foreach (var count in Dimensions)
        {
            product *= count ?? 0;
            if (product > long.MaxValue)
            {
                return null;
            }
        }

        return (ulong)product;
    }

    internal override string TextWithin(int depth) => TextOf(Element, depth) + string.Concat(Dimensions.Select(d => $"[{d}]"));
}

/// <summary>A name for another type.</summary>
public sealed class DwarfTypedef : DwarfType
{
    readonly TypeReference _target;

    internal DwarfTypedef(TypeReference target) => _target = target;

    /// <summary>The type it names; null for <c>void</c>.</summary>
    public DwarfType? Target => _target.Type;

    internal override ulong? SizeWithin(int depth) => depth > 0 ? Target?.SizeWithin(depth - 1) : null;

    internal override string TextWithin(int depth) => Name ?? TextOf(Target, depth);
}

/// <summary>A type with <c>const</c>, <c>volatile</c>, <c>restrict</c> or <c>_Atomic</c>.</summary>
public sealed class DwarfQualifiedType : DwarfType
{
    readonly TypeReference _target;

    internal DwarfQualifiedType(TypeReference target) => _target = target;

    /// <summary>The word.</summary>
    public string Qualifier { get; internal init; } = "";

    /// <summary>The type without it; null for <c>void</c>.</summary>
    public DwarfType? Target => _target.Type;

    internal override ulong? SizeWithin(int depth) => depth > 0 ? Target?.SizeWithin(depth - 1) : null;

    internal override string TextWithin(int depth) => Target is DwarfPointer ? $"{TextOf(Target, depth)} {Qualifier}" : $"{Qualifier} {TextOf(Target, depth)}";
}

/// <summary>The type of a function, which pointers point to.</summary>
public sealed class DwarfFunctionType : DwarfType
{
    readonly TypeReference _returnType;
    readonly TypeReference[] _parameters;

    internal DwarfFunctionType(TypeReference returnType, TypeReference[] parameters)
    {
        _returnType = returnType;
        _parameters = parameters;
    }

    /// <summary>What it returns; null for <c>void</c>.</summary>
    public DwarfType? ReturnType => _returnType.Type;

    /// <summary>The types of its parameters.</summary>
    public IReadOnlyList<DwarfType?> Parameters => [.. _parameters.Select(p => p.Type)];

    internal override ulong? SizeWithin(int depth) => null;

    internal override string TextWithin(int depth) => $"{TextOf(ReturnType, depth)} ({string.Join(", ", Parameters.Select(p => TextOf(p, depth)))})";
}

/// <summary>A type to be read later; none stands for <c>void</c>.</summary>
readonly record struct TypeReference(DieReference? Die)
{
    public DwarfType? Type => Die is { } die ? TypeReader.TypeAt(die) : null;
}
