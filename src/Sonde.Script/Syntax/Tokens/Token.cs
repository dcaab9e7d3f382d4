namespace Sonde.Script.Syntax;

/// <summary>What a token is.</summary>
enum TokenKind
{
    EndOfFile,
    Identifier,
    Integer,
    String,

    /// <summary>C's <c>'a'</c>, a number in C's constant expressions; the language has none.</summary>
    Character,
    Variable,
    Map,
    Positional,
    ParameterCount,

    /// <summary>Characters that are no token; <see cref="Token.Error"/> says why.</summary>
    Invalid,

    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Semicolon,
    Colon,
    Question,
    Dot,
    Range,
    Ellipsis,
    Arrow,
    Assign,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Ampersand,
    Pipe,
    Caret,
    Tilde,
    Exclamation,
    Less,
    Greater,
    ShiftLeft,
    ShiftRight,
    LessOrEqual,
    GreaterOrEqual,
    Equal,
    NotEqual,
    AndAnd,
    OrOr,
    PlusPlus,
    MinusMinus,
    PlusAssign,
    MinusAssign,
    StarAssign,
    SlashAssign,
    PercentAssign,
    AmpersandAssign,
    PipeAssign,
    CaretAssign,
    ShiftLeftAssign,
    ShiftRightAssign,
    Hash,
    HashHash,
}

/// <summary>A token with its place and meaning.</summary>
sealed record Token(TokenKind Kind, SourceSpan Span)
{
    /// <summary>The name with its sigil, the characters of a number or operator, the bytes of a string (one to a char).</summary>
    public string Text { get; init; } = "";

    /// <summary>The value of an integer, the index of a positional parameter.</summary>
    public Int128 Number { get; init; }

    /// <summary>What is wrong with an invalid token.</summary>
    public string? Error { get; init; }

    /// <summary>The part of an invalid token that is wrong.</summary>
    public SourceSpan ErrorSpan { get; init; }

    /// <summary>Whether it is the first on its line.</summary>
    public bool StartsLine { get; init; }

    /// <summary>Whether blanks or comments stand before it.</summary>
    public bool HasSpaceBefore { get; init; }

    /// <summary>Whether it is a macro's name met inside that macro's own expansion, never to be expanded.</summary>
    public bool IsPainted { get; init; }

    public bool Is(string identifier) => Kind == TokenKind.Identifier && Text == identifier;
}
