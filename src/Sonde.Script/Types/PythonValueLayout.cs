namespace Sonde.Script.Types;

/// <summary>What a <see cref="SymbolicKind.PythonValue"/> holds: what sort of object it is, its number, its text.</summary>
static class PythonValueLayout
{
    /// <summary>1 byte: <see cref="PythonValueKind"/>.</summary>
    public const int Kind = 0;

    /// <summary>1 byte, of texts: bytes a character takes, 1, 2 or 4; 1 is Latin-1 (which holds ASCII).</summary>
    public const int CharacterSize = 1;

    /// <summary>4 bytes, of texts: characters in all, of which <see cref="Text"/> holds the first.</summary>
    public const int Length = 4;

    /// <summary>8 bytes: the int, the bool as 0 or 1, the bits of the float.</summary>
    public const int Number = 8;

    /// <summary>The first characters of a str, or the type's name, zero behind them.</summary>
    public const int Text = 16;

    public const int TextCapacity = 48;

    public const int Size = Text + TextCapacity;
}

/// <summary>What sort of object a Python value is.</summary>
enum PythonValueKind : byte
{
    /// <summary>No object: the variable is unset, or the function has none of that name.</summary>
    Unset,

    /// <summary>It could not be read.</summary>
    Unreadable,

    /// <summary>A number that fits 64 bits.</summary>
    Integer,

    /// <summary>A larger number; the number is how many digits of 30 bits it has, negative for a negative one.</summary>
    LargeInteger,

    Bool,

    Float,

    Text,

    /// <summary>Something else, <c>None</c> too: the text is its type's name.</summary>
    Other,
}
