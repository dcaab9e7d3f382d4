namespace Sonde.Script.Syntax;

/// <summary>What a piece of a script's text is to somebody who lays it out anew.</summary>
enum PieceKind
{
    /// <summary>A token.</summary>
    Token,

    /// <summary>A comment with its marks.</summary>
    Comment,

    /// <summary>A directive of the preprocessor or a definition in C, which stays as it is, on lines of its own.</summary>
    Verbatim,

    /// <summary>An attach point.</summary>
    AttachPoint,

    /// <summary>The slash before a predicate.</summary>
    PredicateStart,

    /// <summary>The slash after a predicate.</summary>
    PredicateEnd,

    /// <summary>The end of the text.</summary>
    End,
}

/// <summary>A piece of a script's text.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its characters.</param>
/// <param name="LinesBefore">How many lines ended between the piece before and this one.</param>
/// <param name="Token">What token it is; <see cref="TokenKind.EndOfFile"/> where it is none.</param>
readonly record struct Piece(PieceKind Kind, string Text, int LinesBefore, TokenKind Token = TokenKind.EndOfFile);
