using System.Globalization;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Usdt;

/// <summary>Reads the argument string of a note: what is common to all machines. The operands are read by one file per machine.</summary>
/// <remarks><code>
/// args    := [ws] [ arg { ws arg } ] [ws]      a lone ':' stands for no arguments; blanks inside brackets do not separate
/// arg     := [ size '@' ] operand              without a size: the width of the register, else 8
/// size    := ['-'] digits ['f']                '-' signed, 'f' floating point
/// symexpr := [sign] term { sign term }         one symbol at most, in any place
/// term    := number | symbol [ '@' modifier ]
/// </code></remarks>
static class UsdtArgumentParser
{
    /// <summary>Beyond what any macro can make (systemtap's stop at 12); what follows in a hostile note is dropped.</summary>
    const int MostArguments = 64;

    const int LargestSize = 1 << 16;

    public static IReadOnlyList<UsdtArgument> Parse(string text, ElfMachine machine)
    {
        var arguments = new List<UsdtArgument>();
        var rest = text.AsSpan();
        while (arguments.Count < MostArguments && Next(ref rest) is { Length: > 0 } argument)
        {
            if (!argument.SequenceEqual(":"))
            {
                arguments.Add(ParseOne(argument, machine));
            }
        }

        return arguments;
    }

    /// <summary>Cuts the next argument off; empty when there is no more.</summary>
    static ReadOnlySpan<char> Next(ref ReadOnlySpan<char> rest)
    {
        rest = rest.TrimStart();
        var depth = 0;
        var end = 0;
        for (; end < rest.Length; end++)
        {
            var character = rest[end];
            if (character is '[' or '(')
            {
                depth++;
            }
            else if (character is ']' or ')')
            {
                depth--;
            }
            else if (char.IsWhiteSpace(character) && (depth <= 0 || TryReadSize(rest[end..].TrimStart(), out _, out _, out _, out _)))
            {
                break; // a bracket that is never closed ends where the next argument starts
            }
        }

        var argument = rest[..end];
        rest = rest[end..];
        return argument;
    }

    static UsdtArgument ParseOne(ReadOnlySpan<char> text, ElfMachine machine)
    {
        var argument = new UsdtArgument { Text = text.ToString(), Kind = UsdtOperandKind.Unavailable, Size = 8 };
        var hasSize = TryReadSize(text, out var size, out var isSigned, out var isFloat, out var length);
        if (hasSize)
        {
            argument = argument with { Size = size, IsSigned = isSigned, IsFloat = isFloat };
            text = text[length..];
        }

        argument = machine switch
        {
            ElfMachine.X8664 => X86Operand.Parse(text, argument, out var width) is var read && !hasSize && width > 0 ? read with { Size = width } : read,
            ElfMachine.AArch64 => AArch64Operand.Parse(text, argument, out var width) is var read && !hasSize && width > 0 ? read with { Size = width } : read,
            _ => argument.MakeUnavailable("operands of this machine are not known"),
        };
        return argument.Kind switch
        {
            UsdtOperandKind.Unavailable => argument,
            _ when argument.Size is 0 or > LargestSize => argument.MakeUnavailable(string.Create(CultureInfo.InvariantCulture, $"size {argument.Size}")),
            UsdtOperandKind.Register when argument.Size is not (1 or 2 or 4 or 8 or 16) =>
                argument.MakeUnavailable(string.Create(CultureInfo.InvariantCulture, $"size {argument.Size} in a register")),
            UsdtOperandKind.Immediate or UsdtOperandKind.SymbolAddress when argument.Size is not (1 or 2 or 4 or 8 or 16) =>
                argument.MakeUnavailable(string.Create(CultureInfo.InvariantCulture, $"size {argument.Size} of a constant")),
            _ => argument,
        };
    }

    /// <summary>Reads "-4f@": only if all of it matches is the '@' the one after the size.</summary>
    static bool TryReadSize(ReadOnlySpan<char> text, out int size, out bool isSigned, out bool isFloat, out int length)
    {
        var at = 0;
        size = 0;
        isSigned = at < text.Length && text[at] == '-';
        at += isSigned ? 1 : 0;
        var digits = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            size = Math.Min(size * 10 + (text[at++] - '0'), LargestSize + 1);
        }

        var any = at > digits;
        isFloat = at < text.Length && text[at] == 'f';
        at += isFloat ? 1 : 0;
        length = at + 1;
        return any && at < text.Length && text[at] == '@';
    }
}

/// <summary>Walks through one operand.</summary>
ref struct OperandReader(ReadOnlySpan<char> text)
{
    readonly ReadOnlySpan<char> _text = text;
    int _at;

    public readonly bool AtEnd => _at >= _text.Length;

    public readonly char Peek => AtEnd ? '\0' : _text[_at];

    public bool TryTake(char character)
    {
        if (Peek != character || AtEnd)
        {
            return false;
        }

        _at++;
        return true;
    }

    public bool TryTake(ReadOnlySpan<char> word)
    {
        if (!_text[_at..].StartsWith(word))
        {
            return false;
        }

        _at += word.Length;
        return true;
    }

    public void SkipBlanks()
    {
        while (!AtEnd && char.IsWhiteSpace(Peek))
        {
            _at++;
        }
    }

    /// <summary>Letters and digits.</summary>
    public ReadOnlySpan<char> TakeWord()
    {
        var start = _at;
        while (!AtEnd && char.IsAsciiLetterOrDigit(Peek))
        {
            _at++;
        }

        return _text[start.._at];
    }

    /// <summary>A decimal or 0x number without sign, up to 128 bits.</summary>
    public bool TryTakeNumber(out Int128 value)
    {
        value = 0;
        var hexadecimal = TryTake("0x") || TryTake("0X");
        var start = _at;
        while (!AtEnd && (hexadecimal ? char.IsAsciiHexDigit(Peek) : char.IsAsciiDigit(Peek)))
        {
            _at++;
        }

        return UInt128.TryParse(_text[start.._at], hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= (UInt128)Int128.MaxValue && (value = (Int128)number) >= 0;
    }

    /// <summary>Numbers and at most one symbol, added up.</summary>
    /// <returns>False when there is something else, or when a symbol is subtracted.</returns>
    public bool TryTakeExpression(out Int128 number, out string? symbol, out string? modifier)
    {
        number = 0;
        symbol = null;
        modifier = null;
        for (var first = true; first || Peek is '+' or '-'; first = false)
        {
            var negative = TryTake('-');
            if (!negative)
            {
                TryTake('+');
            }

            if (char.IsAsciiDigit(Peek))
            {
                if (!TryTakeNumber(out var term))
                {
                    return false;
                }

                number = unchecked(negative ? number - term : number + term);
            }
            else if (!negative && symbol is null && TakeSymbol() is { Length: > 0 } name)
            {
                symbol = name.ToString();
                modifier = TryTake('@') ? TakeWord().ToString() : null;
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    ReadOnlySpan<char> TakeSymbol()
    {
        var start = _at;
        while (!AtEnd && (char.IsAsciiLetterOrDigit(Peek) || Peek is '_' or '.' or '$'))
        {
            _at++;
        }

        return _text[start.._at];
    }
}
