using System.Globalization;

namespace Sonde.Symbols.Usdt;

/// <summary>Operands as compilers for aarch64 write them.</summary>
/// <remarks><code>
/// operand := ['#'] number | reg | '[' reg [ ',' ( ['#'] number | reg [ ',' ext ['#'] n ] | ['#'] ':lo12:' symexpr ) ] ']'
/// reg     := x0..x30 | w0..w30 | sp | xzr | wzr
/// </code></remarks>
static class AArch64Operand
{
    const string Unreadable = "not an operand this reader knows";
    const string BadMemory = "not a memory operand this reader knows";

    /// <param name="text">The operand.</param>
    /// <param name="argument">What is known of the argument so far.</param>
    /// <param name="width">Set to the register's width in bytes when the operand is a register; else 0.</param>
    public static UsdtArgument Parse(ReadOnlySpan<char> text, UsdtArgument argument, out int width)
    {
        width = 0;
        var reader = new OperandReader(text);
        if (reader.TryTake('['))
        {
            return Memory(ref reader, argument);
        }

        if (reader.Peek is '#' or '-' or '+' || char.IsAsciiDigit(reader.Peek))
        {
            reader.TryTake('#');
            return reader.TryTakeExpression(out var number, out var symbol, out _) && symbol is null && reader.AtEnd
                ? argument with { Kind = UsdtOperandKind.Immediate, Written = number }
                : argument.MakeUnavailable(Unreadable);
        }

        var name = reader.TakeWord();
        if (!reader.AtEnd || !TryRegister(name, out var register, out width))
        {
            width = 0;
            return argument.MakeUnavailable(Reason(text));
        }

        return argument with { Kind = UsdtOperandKind.Register, Register = register };
    }

    static UsdtArgument Memory(ref OperandReader reader, UsdtArgument empty)
    {
        var argument = empty with { Kind = UsdtOperandKind.Memory };
        reader.SkipBlanks();
        var name = reader.TakeWord();
        if (!TryRegister(name, out var register, out var width) || width != 8)
        {
            return empty.MakeUnavailable(Reason(name));
        }

        argument = argument with { Base = register };
        reader.SkipBlanks();
        if (reader.TryTake(','))
        {
            reader.SkipBlanks();
            if (char.IsAsciiLetter(reader.Peek))
            {
                if (!TryTakeIndex(ref reader, ref argument))
                {
                    return empty.MakeUnavailable(BadMemory);
                }
            }
            else
            {
                reader.TryTake('#');
                var lowBits = reader.TryTake(":lo12:");
                if (!reader.TryTakeExpression(out var number, out var symbol, out _) || lowBits != symbol is not null)
                {
                    return empty.MakeUnavailable(BadMemory);
                }

                argument = argument with { Displacement = unchecked((long)number), Symbol = symbol, Modifier = lowBits ? "lo12" : null };
            }
        }

        reader.SkipBlanks();
        return reader.TryTake(']') && reader.AtEnd ? argument : empty.MakeUnavailable(BadMemory);
    }

    static bool TryTakeIndex(ref OperandReader reader, ref UsdtArgument argument)
    {
        const int LargestShift = 4;
        if (!TryRegister(reader.TakeWord(), out var index, out var width))
        {
            return false;
        }

        argument = argument with { Index = index };
        reader.SkipBlanks();
        if (!reader.TryTake(','))
        {
            return width == 8;
        }

        reader.SkipBlanks();
        UsdtExtend? extend = reader.TakeWord() switch
        {
            "lsl" or "sxtx" or "uxtx" => UsdtExtend.None,
            "uxtw" => UsdtExtend.Uxtw,
            "sxtw" => UsdtExtend.Sxtw,
            _ => null,
        };
        reader.SkipBlanks();
        reader.TryTake('#');
        Int128 shift = 0;
        if (extend is null || (char.IsAsciiDigit(reader.Peek) && !reader.TryTakeNumber(out shift)) || shift > LargestShift)
        {
            return false;
        }

        argument = argument with { Extend = extend.Value, Scale = 1 << (int)shift };
        return true;
    }

    static bool TryRegister(ReadOnlySpan<char> name, out UsdtRegister register, out int width)
    {
        const byte StackPointer = 31;
        const byte Zero = 32;
        width = name is ['w', ..] ? 4 : 8;
        switch (name)
        {
            case "sp" or "wsp" or "x31":
                register = new(StackPointer, "sp");
                return true;
            case "xzr" or "wzr":
                register = new(Zero, "zero");
                return true;
            case ['x' or 'w', ..] when byte.TryParse(name[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < StackPointer:
                register = new(number, $"x{number}");
                return true;
            default:
                register = default;
                return false;
        }
    }

    static string Reason(ReadOnlySpan<char> name) =>
        name is ['v' or 'q' or 'd' or 's' or 'h' or 'b', var digit, ..] && char.IsAsciiDigit(digit)
            ? $"vector register {name}"
            : name is ['x' or 'w', var next, ..] && char.IsAsciiDigit(next) ? $"unknown register {name}" : Unreadable;
}
