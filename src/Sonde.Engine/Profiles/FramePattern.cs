using System.Globalization;
using System.Text.RegularExpressions;

namespace Sonde.Engine.Profiles;

/// <summary>Regular expressions for frames, as users write them.</summary>
public static class FramePattern
{
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static Regex Parse(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant, _patience);
        }
        catch (RegexParseException exception)
        {
            // The runtime's own messages are not compiled into the native binary.
            throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{Describe(exception.Error)}, at character {exception.Offset}"), exception);
        }
    }

    static string Describe(RegexParseError error) => error switch
    {
        RegexParseError.InsufficientClosingParentheses => "a '(' is not closed",
        RegexParseError.InsufficientOpeningParentheses => "a ')' closes nothing; '\\)' is the character",
        RegexParseError.UnterminatedBracket => "a '[' is not closed",
        RegexParseError.UnterminatedComment => "a '(?#' is not closed",
        RegexParseError.QuantifierAfterNothing => "there is nothing before it that '*', '+', '?' or '{' could repeat",
        RegexParseError.NestedQuantifiersNotParenthesized => "a repetition is repeated",
        RegexParseError.QuantifierOrCaptureGroupOutOfRange => "a number is too large",
        RegexParseError.ReversedQuantifierRange => "in '{m,n}', m is larger than n",
        RegexParseError.ReversedCharacterRange => "a range of characters ends before it begins",
        RegexParseError.UnescapedEndingBackslash => "nothing follows the last '\\'",
        RegexParseError.UnrecognizedEscape or RegexParseError.InsufficientOrInvalidHexDigits or RegexParseError.MalformedUnicodePropertyEscape
            or RegexParseError.UnrecognizedUnicodeProperty or RegexParseError.InvalidUnicodePropertyEscape or RegexParseError.MissingControlCharacter
            or RegexParseError.UnrecognizedControlCharacter => "what follows a '\\' is not known",
        RegexParseError.UndefinedNamedReference or RegexParseError.UndefinedNumberedReference or RegexParseError.MalformedNamedReference => "it refers to a group that there is not",
        _ => "it is not understood",
    };
}
