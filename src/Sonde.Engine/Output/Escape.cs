using System.Globalization;
using System.Text;

namespace Sonde.Engine.Output;

/// <summary>Makes names that come from a target safe to show.</summary>
/// <remarks>
/// A file or function name may hold anything: escape sequences that repaint the terminal, bidirectional overrides that reorder
/// what is read, line breaks that forge lines, bytes that are no text. All of these become visible as <c>\xNN</c>, <c>\uNNNN</c>
/// or <c>\UNNNNNNNN</c>. A backslash stays as it is, so that escaping twice changes nothing.
/// </remarks>
public static class Escape
{
    /// <summary>How long an escaped name may get, in UTF-16 units, unless the caller says otherwise.</summary>
    public const int DefaultLimit = 300;

    const char CutMark = '…';

    /// <summary>The text with everything but visible characters and blanks escaped, cut with a "…" when longer than the limit.</summary>
    /// <param name="text">Any UTF-16, lone surrogates included.</param>
    /// <param name="limit">The longest result, in UTF-16 units; at least 1.</param>
    public static string Text(string text, int limit = DefaultLimit) =>
        text.Length <= limit && !text.AsSpan().ContainsAnyExceptInRange(' ', '~') ? text : Text(text.AsSpan(), limit);

    /// <inheritdoc cref="Text(string, int)"/>
    public static string Text(ReadOnlySpan<char> text, int limit = DefaultLimit)
    {
        var safe = new SafeText(limit);
        while (!text.IsEmpty && !safe.IsFull)
        {
            bool valid = Rune.DecodeFromUtf16(text, out var rune, out int used) == System.Buffers.OperationStatus.Done;
            if (!valid)
            {
                safe.AppendCode('u', text[0], 4);
            }
            else
            {
                safe.Append(rune);
            }

            text = text[used..];
        }

        return safe.ToString();
    }

    /// <summary>Bytes that should be UTF-8 as text; a byte that is not becomes <c>\xNN</c>, the rest as in <see cref="Text(string, int)"/>.</summary>
    /// <param name="utf8">Any bytes.</param>
    /// <param name="limit">The longest result, in UTF-16 units; at least 1.</param>
    public static string Utf8(ReadOnlySpan<byte> utf8, int limit = DefaultLimit)
    {
        var safe = new SafeText(limit);
        while (!utf8.IsEmpty && !safe.IsFull)
        {
            if (Rune.DecodeFromUtf8(utf8, out var rune, out int used) == System.Buffers.OperationStatus.Done)
            {
                safe.Append(rune);
            }
            else
            {
                used = 1;
                safe.AppendCode('x', utf8[0], 2);
            }

            utf8 = utf8[used..];
        }

        return safe.ToString();
    }

    static bool IsVisible(Rune rune) => rune.IsAscii
        ? rune.Value is >= ' ' and <= '~'
        : Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned);

    /// <summary>Collects whole characters and whole escapes up to a limit.</summary>
    sealed class SafeText(int limit)
    {
        readonly StringBuilder _builder = new();

        // Where to cut when one more piece does not fit: the last place that leaves room for the mark.
        int _lastCut;

        public bool IsFull { get; set; }

        public void Append(Rune rune)
        {
            Span<char> piece = stackalloc char[2];
            if (IsVisible(rune))
            {
                Append(piece[..rune.EncodeToUtf16(piece)]);
            }
            else if (rune.Value <= 0xff)
            {
                AppendCode('x', rune.Value, 2);
            }
            else if (rune.IsBmp)
            {
                AppendCode('u', rune.Value, 4);
            }
            else
            {
                AppendCode('U', rune.Value, 8);
            }
        }

        public void AppendCode(char kind, int value, int digits)
        {
            Span<char> piece = stackalloc char[10];
            piece[0] = '\\';
            piece[1] = kind;
            for (int i = 0; i < digits; i++)
            {
                piece[2 + i] = "0123456789abcdef"[(value >> (4 * (digits - 1 - i))) & 0xf];
            }

            Append(piece[..(2 + digits)]);
        }

        void Append(ReadOnlySpan<char> piece)
        {
            if (_builder.Length + piece.Length > limit)
            {
                IsFull = true;
                _builder.Length = _lastCut;
                _builder.Append(CutMark);
                return;
            }

            _builder.Append(piece);
            if (_builder.Length < limit)
            {
                _lastCut = _builder.Length;
            }
        }

        public override string ToString() => _builder.ToString();
    }
}
