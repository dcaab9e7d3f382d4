namespace Sonde.Script.Syntax;

/// <summary>The word before a tag.</summary>
enum TypeKeyword
{
    None,
    Struct,
    Union,
    Enum,
}

/// <summary>A pointer or array suffix of a type.</summary>
/// <param name="IsPointer">A <c>*</c>; else an array.</param>
/// <param name="Length">The array's length; null for a pointer and for <c>[]</c>.</param>
readonly record struct TypeSuffix(bool IsPointer, ulong? Length)
{
    public static TypeSuffix Pointer => new(true, null);

    public static TypeSuffix Array(ulong? length) => new(false, length);
}

/// <summary>A type as written, in the language's own syntax or a C declaration's.</summary>
sealed class TypeName(SourceSpan span, TypeKeyword keyword, string name, IReadOnlyList<TypeSuffix> suffixes) : Node(span)
{
    public TypeKeyword Keyword { get; } = keyword;

    /// <summary>
    /// The base type's name or tag. C's integer types come under the language's names (<c>unsigned long</c> is <c>uint64</c>);
    /// empty with <see cref="TypeOf"/> or a nameless <see cref="Definition"/>.
    /// </summary>
    public string Name { get; } = name;

    /// <summary>In the order in which they apply: <c>int32*[4]*</c> is pointer, array of 4, pointer; C's <c>int a[2][3]</c> is array of 3, then of 2.</summary>
    public IReadOnlyList<TypeSuffix> Suffixes { get; } = suffixes;

    /// <summary>The length in brackets directly after <c>string</c>, <c>buffer</c> or <c>inet</c>, or null.</summary>
    public ulong? Capacity { get; init; }

    /// <summary>The operand of <c>typeof(e)</c>, or null.</summary>
    public Expression? TypeOf { get; init; }

    /// <summary>The definition when one stands in place of the type (<c>struct { int a; } b;</c>), or null.</summary>
    public CDefinition? Definition { get; init; }

    /// <summary>The type in the language's syntax.</summary>
    public override string ToString()
    {
        string keyword = Keyword == TypeKeyword.None ? "" : Keyword.ToString().ToLowerInvariant() + " ";
        string name = TypeOf is not null ? $"typeof({TypeOf.Span.Text})" : Name.Length == 0 ? "(anonymous)" : Name;
        string capacity = Capacity is ulong length ? $"[{length}]" : "";
        return keyword + name + capacity + string.Concat(Suffixes.Select(s => s.IsPointer ? "*" : $"[{s.Length}]"));
    }
}
