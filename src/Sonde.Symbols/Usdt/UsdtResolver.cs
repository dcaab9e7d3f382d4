using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Usdt;

/// <summary>Turns symbols and special registers of an operand into an address that a reader can compute when the probe fires.</summary>
/// <remarks>
/// A place in the probe's own file keeps its distance from the probe wherever the file is loaded, so "instruction pointer + distance" is right
/// in every process, and no process need be known.
/// </remarks>
static class UsdtResolver
{
    public static UsdtArgument Resolve(UsdtArgument argument, UsdtSymbols symbols, ulong probe)
    {
        if (argument.Kind is not (UsdtOperandKind.Memory or UsdtOperandKind.SymbolAddress))
        {
            return argument;
        }

        var registers = new UsdtAddress(UsdtAnchor.None, argument.Displacement, argument.Base, argument.Index, argument.Scale, argument.Extend);
        if (argument.Base is { Name: "rip" })
        {
            registers = registers with { Base = null, Anchor = UsdtAnchor.ProbeAddress };
        }

        if (argument.Segment is { } segment)
        {
            return segment == "fs" && registers.Anchor == UsdtAnchor.None
                ? ThreadLocal(argument, registers, symbols)
                : argument.MakeUnavailable($"segment {segment}");
        }

        if (argument.Symbol is null)
        {
            return argument with { Address = registers };
        }

        return argument.Modifier switch
        {
            null or "PLT" => AtSymbol(argument, registers, symbols, probe),
            "GOTPCREL" => GlobalOffsetSlot(argument, registers, symbols, probe),
            "lo12" => LowBits(argument, registers, symbols),
            var other => argument.MakeUnavailable($"modifier {other}"),
        };
    }

    static UsdtArgument AtSymbol(UsdtArgument argument, UsdtAddress registers, UsdtSymbols symbols, ulong probe)
    {
        const ushort AbsoluteSymbol = 0xfff1;
        if (!symbols.TryFind(argument.Symbol!, out var symbol, out var reason))
        {
            return argument.MakeUnavailable(reason);
        }

        if (symbol.Type == ElfSymbolType.ThreadLocal)
        {
            return argument.MakeUnavailable($"symbol {argument.Symbol} is thread-local");
        }

        return argument with
        {
            Address = symbol.SectionIndex == AbsoluteSymbol
                ? registers with { Anchor = UsdtAnchor.None, Offset = unchecked((long)symbol.Value + argument.Displacement) }
                : FromProbe(registers, symbol.Value, argument.Displacement, probe),
        };
    }

    /// <summary>The operand reads the word that holds the symbol's address. Where the linker made none, the address itself is known.</summary>
    static UsdtArgument GlobalOffsetSlot(UsdtArgument argument, UsdtAddress registers, UsdtSymbols symbols, ulong probe)
    {
        if (registers.Anchor != UsdtAnchor.ProbeAddress || argument.Kind != UsdtOperandKind.Memory || argument.Displacement != 0)
        {
            return argument.MakeUnavailable("an unusual use of the global offset table");
        }

        if (symbols.TryFindGlobalOffsetSlot(argument.Symbol!, out var slot))
        {
            return argument with { Address = FromProbe(registers, slot, 0, probe) };
        }

        return AtSymbol(argument with { Kind = UsdtOperandKind.SymbolAddress }, registers, symbols, probe);
    }

    /// <summary>Files are loaded at multiples of the page size, so the low 12 bits of an address are those in the file.</summary>
    static UsdtArgument LowBits(UsdtArgument argument, UsdtAddress registers, UsdtSymbols symbols) =>
        symbols.TryFind(argument.Symbol!, out var symbol, out var reason)
            ? argument with { Address = registers with { Offset = (long)(unchecked(symbol.Value + (ulong)argument.Displacement) & 0xfff) } }
            : argument.MakeUnavailable(reason);

    /// <summary>x86-64's thread-local image ends at the thread pointer (ELF Handling For Thread-Local Storage, variant II).</summary>
    static UsdtArgument ThreadLocal(UsdtArgument argument, UsdtAddress registers, UsdtSymbols symbols)
    {
        registers = registers with { Anchor = UsdtAnchor.ThreadPointer };
        if (argument.Symbol is null)
        {
            return argument with { Address = registers };
        }

        if (argument.Modifier is not ("tpoff" or "TPOFF" or "ntpoff"))
        {
            return argument.MakeUnavailable(argument.Modifier is { } modifier ? $"modifier {modifier}" : $"symbol {argument.Symbol} relative to fs");
        }

        if (symbols.File.IsSharedLibrary)
        {
            return argument.MakeUnavailable("the thread-local offset of a shared library is chosen when it is loaded");
        }

        if (!symbols.TryFind(argument.Symbol, out var symbol, out var reason))
        {
            return argument.MakeUnavailable(reason);
        }

        var image = symbols.File.Segments.FirstOrDefault(s => s.Type == ElfSegmentType.ThreadLocal);
        if (symbol.Type != ElfSymbolType.ThreadLocal || image.Type != ElfSegmentType.ThreadLocal)
        {
            return argument.MakeUnavailable($"symbol {argument.Symbol} is not thread-local");
        }

        var alignment = Math.Max(image.Alignment, 1);
        var size = unchecked((image.MemorySize + alignment - 1) / alignment * alignment);
        return argument with { Address = registers with { Offset = unchecked((long)(symbol.Value - size) + argument.Displacement) } };
    }

    static UsdtAddress FromProbe(UsdtAddress registers, ulong place, long displacement, ulong probe) =>
        registers with { Anchor = UsdtAnchor.ProbeAddress, Offset = unchecked((long)(place - probe) + displacement) };
}
