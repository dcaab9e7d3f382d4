using System.Globalization;
using System.Text;

namespace Sonde.Engine.Profiles;

/// <summary>Texts as profiles keep them: valid UTF-16, which every format can write and give back.</summary>
static class ProfileText
{
    /// <summary>The text, with lone surrogates written out as Python's <c>repr</c> does: <c>caf\udce9.py</c>, a file name in Latin-1, is that in every format.</summary>
    public static string Of(string text)
    {
        var at = FirstLone(text);
        if (at < 0)
        {
            return text;
        }

        var valid = new StringBuilder(text, 0, at, text.Length + 16);
        for (; at < text.Length; at++)
        {
            if (at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]))
            {
                valid.Append(text.AsSpan(at++, 2));
            }
            else if (char.IsSurrogate(text[at]))
            {
                valid.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[at]:x4}");
            }
            else
            {
                valid.Append(text[at]);
            }
        }

        return valid.ToString();
    }

    static int FirstLone(string text)
    {
        for (var at = text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff'); at >= 0 && at < text.Length; at++)
        {
            if (at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]))
            {
                at++;
            }
            else if (char.IsSurrogate(text[at]))
            {
                return at;
            }
        }

        return -1;
    }
}
