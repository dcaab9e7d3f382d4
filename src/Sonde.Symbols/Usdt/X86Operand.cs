namespace Sonde.Symbols.Usdt;

/// <summary>Operands as the x86-64 assembler writes them (AT&amp;T syntax).</summary>
/// <remarks><code>
/// operand := '$' symexpr | '%' reg | mem
/// mem     := [ '%fs:' | '%gs:' ] [ symexpr ] [ '(' [ '%' base ] [ ',' [ '%' index ] [ ',' scale ] ] ')' ]
/// </code></remarks>
static class X86Operand
{
    const string Unreadable = "not an operand this reader knows";

    static readonly Dictionary<string, (UsdtRegister Register, int Width, int Shift)> _registers = MakeRegisters();
    static readonly Dictionary<string, (UsdtRegister Register, int Width, int Shift)>.AlternateLookup<ReadOnlySpan<char>> _registersBySpan =
        _registers.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <param name="text">The operand.</param>
    /// <param name="argument">What is known of the argument so far.</param>
    /// <param name="width">Set to the register's width in bytes when the operand is a register; else 0.</param>
    public static UsdtArgument Parse(ReadOnlySpan<char> text, UsdtArgument argument, out int width)
    {
        width = 0;
        var reader = new OperandReader(text);
        if (reader.TryTake('$'))
        {
            return Immediate(ref reader, argument);
        }

        if (reader.Peek == '%' && !text.StartsWith("%fs:") && !text.StartsWith("%gs:"))
        {
            reader.TryTake('%');
            var name = reader.TakeWord();
            if (!reader.AtEnd || !_registersBySpan.TryGetValue(name, out var register))
            {
                return argument.MakeUnavailable(Reason(text[1..]));
            }

            width = register.Width;
            return argument with { Kind = UsdtOperandKind.Register, Register = register.Register, RegisterShift = register.Shift };
        }

        return Memory(ref reader, argument);
    }

    static UsdtArgument Immediate(ref OperandReader reader, UsdtArgument argument)
    {
        if (!reader.TryTakeExpression(out var number, out var symbol, out var modifier) || !reader.AtEnd)
        {
            return argument.MakeUnavailable(Unreadable);
        }

        return symbol is null
            ? argument with { Kind = UsdtOperandKind.Immediate, Written = number }
            : argument with { Kind = UsdtOperandKind.SymbolAddress, Symbol = symbol, Modifier = modifier, Displacement = unchecked((long)number) };
    }

    static UsdtArgument Memory(ref OperandReader reader, UsdtArgument empty)
    {
        var argument = empty with
        {
            Kind = UsdtOperandKind.Memory,
            Segment = reader.TryTake("%fs:") ? "fs" : reader.TryTake("%gs:") ? "gs" : null,
        };
        if (reader.Peek != '(')
        {
            if (!reader.TryTakeExpression(out var number, out var symbol, out var modifier))
            {
                return empty.MakeUnavailable(Unreadable);
            }

            argument = argument with { Displacement = unchecked((long)number), Symbol = symbol, Modifier = modifier };
        }

        if (reader.TryTake('('))
        {
            if (reader.Peek == '%')
            {
                if (!TryTakeAddressRegister(ref reader, out var register, out var reason))
                {
                    return empty.MakeUnavailable(reason);
                }

                argument = argument with { Base = register };
            }

            if (reader.TryTake(',') && reader.Peek == '%')
            {
                if (!TryTakeAddressRegister(ref reader, out var register, out var reason))
                {
                    return empty.MakeUnavailable(reason);
                }

                argument = argument with { Index = register };
            }

            if (reader.TryTake(','))
            {
                if (!reader.TryTakeNumber(out var scale) || (int)Int128.Min(scale, 9) is not (1 or 2 or 4 or 8))
                {
                    return empty.MakeUnavailable("a scale other than 1, 2, 4 and 8");
                }

                argument = argument with { Scale = (int)scale };
            }

            if (!reader.TryTake(')'))
            {
                return empty.MakeUnavailable(Unreadable);
            }
        }

        return reader.AtEnd ? argument : empty.MakeUnavailable(Unreadable);
    }

    static bool TryTakeAddressRegister(ref OperandReader reader, out UsdtRegister register, out string reason)
    {
        reader.TryTake('%');
        var name = reader.TakeWord();
        var known = _registersBySpan.TryGetValue(name, out var entry);
        register = entry.Register;
        reason = known ? $"address register {name} is not 64 bits wide" : Reason(name);
        return known && entry.Width == 8;
    }

    static string Reason(ReadOnlySpan<char> name) =>
        name.StartsWith("xmm") || name.StartsWith("ymm") || name.StartsWith("zmm") || name.StartsWith("mm")
            ? $"vector register {name}"
            : name.StartsWith("st") ? $"x87 register {name}" : $"unknown register {name}";

    static Dictionary<string, (UsdtRegister, int, int)> MakeRegisters()
    {
        string[] legacy = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
        var registers = new Dictionary<string, (UsdtRegister, int, int)>();
        for (byte i = 0; i < 16; i++)
        {
            var name = i < 8 ? "r" + legacy[i] : $"r{i}";
            var register = new UsdtRegister(i, name);
            registers[name] = (register, 8, 0);
            if (i >= 8)
            {
                registers[name + "d"] = (register, 4, 0);
                registers[name + "w"] = (register, 2, 0);
                registers[name + "b"] = (register, 1, 0);
                continue;
            }

            registers["e" + legacy[i]] = (register, 4, 0);
            registers[legacy[i]] = (register, 2, 0);
            registers[i < 4 ? $"{legacy[i][0]}l" : legacy[i] + "l"] = (register, 1, 0);
            if (i < 4)
            {
                registers[$"{legacy[i][0]}h"] = (register, 1, 8);
            }
        }

        registers["rip"] = (new(16, "rip"), 8, 0);
        return registers;
    }
}
