using System.Globalization;
using System.Text;

namespace Sonde.Symbols.Demangle.Rust;

/// <summary>Rust's first mangling: a nested Itanium name whose last part is a hash of 16 digits, with what C names cannot hold written between dollar signs.</summary>
/// <remarks>Source: rust-lang/rust compiler/rustc_symbol_mangling/src/legacy.rs.</remarks>
static class RustLegacyName
{
    const int HashLength = 17;

    /// <summary>The path without the hash; null when the name is of another kind.</summary>
    public static string? Demangle(string mangled)
    {
        if (!mangled.StartsWith("_ZN", StringComparison.Ordinal) || !TrySplit(mangled, out var parts) || parts.Count < 2 || !IsHash(parts[^1]))
        {
            return null;
        }

        var text = new StringBuilder(mangled.Length);
        for (var i = 0; i < parts.Count - 1; i++)
        {
            if (i > 0)
            {
                text.Append("::");
            }

            if (!TryAppend(text, parts[i]))
            {
                return null;
            }
        }

        return text.ToString();
    }

    static bool TrySplit(string mangled, out List<string> parts)
    {
        parts = [];
        var at = 3;
        while (at < mangled.Length && mangled[at] != 'E')
        {
            var length = 0;
            for (; at < mangled.Length && char.IsAsciiDigit(mangled[at]) && length < Demangler.LongestName; at++)
            {
                length = length * 10 + (mangled[at] - '0');
            }

            if (length == 0 || length > mangled.Length - at)
            {
                return false;
            }

            parts.Add(mangled.Substring(at, length));
            at += length;
        }

        // Behind the end only what LLVM appends to copies, such as .llvm.1234.
        return at < mangled.Length && (at + 1 == mangled.Length || mangled[at + 1] == '.');
    }

    static bool IsHash(string part) => part.Length == HashLength && part[0] == 'h' && part.Skip(1).All(char.IsAsciiHexDigitLower);

    static bool TryAppend(StringBuilder text, ReadOnlySpan<char> part)
    {
        // An identifier may not begin with $, so an underscore stands before.
        if (part.StartsWith("_$", StringComparison.Ordinal))
        {
            part = part[1..];
        }

        while (!part.IsEmpty)
        {
            if (part.StartsWith("..", StringComparison.Ordinal))
            {
                text.Append("::");
                part = part[2..];
            }
            else if (part[0] == '.')
            {
                text.Append('.');
                part = part[1..];
            }
            else if (part[0] == '$')
            {
                var end = part[1..].IndexOf('$');
                if (end < 0 || !TryUnescape(part.Slice(1, end), out var meaning))
                {
                    return false;
                }

                text.Append(meaning);
                part = part[(end + 2)..];
            }
            else
            {
                var end = part.IndexOfAny('$', '.');
                end = end < 0 ? part.Length : end;
                text.Append(part[..end]);
                part = part[end..];
            }
        }

        return true;
    }

    static bool TryUnescape(ReadOnlySpan<char> escape, out string meaning)
    {
        meaning = escape switch
        {
            "SP" => "@",
            "BP" => "*",
            "RF" => "&",
            "LT" => "<",
            "GT" => ">",
            "LP" => "(",
            "RP" => ")",
            "C" => ",",
            _ => "",
        };
        if (meaning.Length == 0 && escape.Length > 1 && escape[0] == 'u'
            && uint.TryParse(escape[1..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) && Rune.IsValid(code) && code >= ' ')
        {
            meaning = new Rune(code).ToString();
        }

        return meaning.Length > 0;
    }
}
