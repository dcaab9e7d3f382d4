using System.Buffers.Binary;
using System.Text;
using Sonde.Symbols.Tables;

namespace Sonde.Symbols.Elf;

public sealed partial class ElfFile
{
    readonly Lazy<ElfSymbolTable> _dynamicSymbols;
    readonly Lazy<ElfSymbolTable> _symbols;
    readonly Lazy<SymbolTable> _functions;

    /// <summary>The symbols of dynamic linking, from <c>.dynsym</c> or, without section headers, through <c>PT_DYNAMIC</c>.</summary>
    /// <exception cref="ElfException">The table lies outside the file.</exception>
    public IReadOnlyList<ElfSymbol> DynamicSymbols => _dynamicSymbols.Value;

    /// <summary>The full symbol table (<c>.symtab</c>); empty when stripped.</summary>
    /// <exception cref="ElfException">The table lies outside the file.</exception>
    public IReadOnlyList<ElfSymbol> Symbols => _symbols.Value;

    /// <summary>The functions of this file alone, by address and by name.</summary>
    /// <exception cref="ElfException">A symbol table lies outside the file.</exception>
    public SymbolTable Functions => _functions.Value;

    internal ElfSymbolTable DynamicSymbolEntries => _dynamicSymbols.Value;

    internal ElfSymbolTable SymbolEntries => _symbols.Value;

    /// <summary>Finds a symbol that this file defines: first among the dynamic symbols, then in the full table.</summary>
    /// <exception cref="ElfException">A symbol table lies outside the file.</exception>
    public bool TryFindSymbol(string name, out ElfSymbol symbol)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        return _dynamicSymbols.Value.TryFind(bytes, out symbol) || _symbols.Value.TryFind(bytes, out symbol);
    }

    ElfSymbolTable FindSymbols() => TableOfSection(ElfSectionType.SymbolTable) ?? ElfSymbolTable.Empty;

    ElfSymbolTable FindDynamicSymbols()
    {
        if (TableOfSection(ElfSectionType.DynamicSymbols) is { } table)
        {
            return table;
        }

        if (!Dynamic.TryGet(DynamicTag.SymbolTable, out var symbols) || !Dynamic.TryGet(DynamicTag.StringTable, out var strings)
            || !Dynamic.TryGet(DynamicTag.StringTableSize, out var stringsSize))
        {
            return ElfSymbolTable.Empty;
        }

        var entries = ReadToSegmentEnd(symbols);
        var names = ReadToSegmentEnd(strings);
        var count = Math.Min(DynamicSymbolCount(symbols, strings), entries.Length / ElfSymbolTable.EntrySize);
        return new(MemoryOf(entries[..(count * ElfSymbolTable.EntrySize)]), MemoryOf(names[..(int)Math.Min((ulong)names.Length, stringsSize)]));
    }

    ElfSymbolTable? TableOfSection(ElfSectionType type)
    {
        foreach (var section in _sections)
        {
            // A separate debug file keeps the headers of the sections it does not have, as NOBITS.
            if (section.Type == type && section.Link < (uint)_sections.Length)
            {
                return new(MemoryOf(SectionBytes(section)), MemoryOf(SectionBytes(_sections[section.Link])));
            }
        }

        return null;
    }

    /// <summary>The dynamic linking table has no symbol count: it follows from the hash tables, or else from what comes after the symbols.</summary>
    int DynamicSymbolCount(ulong symbols, ulong strings)
    {
        if (Dynamic.TryGet(DynamicTag.Hash, out var hash) && TryRead(hash, 8, out var header))
        {
            return (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(header[4..]), int.MaxValue);
        }

        if (Dynamic.TryGet(DynamicTag.GnuHash, out var gnuHash) && GnuHashCount(ReadToSegmentEnd(gnuHash)) is { } count)
        {
            return count;
        }

        // Linkers lay the strings directly after the symbols.
        return strings > symbols ? (int)Math.Min((strings - symbols) / ElfSymbolTable.EntrySize, int.MaxValue) : 0;
    }

    /// <summary>One past the highest symbol index in a <c>DT_GNU_HASH</c> table, whose chains cover all symbols from its first hashed one.</summary>
    static int? GnuHashCount(ReadOnlySpan<byte> table)
    {
        const int HeaderSize = 16;
        if (table.Length < HeaderSize)
        {
            return null;
        }

        long bucketCount = BinaryPrimitives.ReadUInt32LittleEndian(table);
        long firstHashed = BinaryPrimitives.ReadUInt32LittleEndian(table[4..]);
        long bloomWords = BinaryPrimitives.ReadUInt32LittleEndian(table[8..]);
        var buckets = HeaderSize + bloomWords * 8;
        var chains = buckets + bucketCount * 4;
        if (chains > table.Length)
        {
            return null;
        }

        long last = 0;
        for (var i = 0; i < bucketCount; i++)
        {
            last = Math.Max(last, BinaryPrimitives.ReadUInt32LittleEndian(table[(int)(buckets + i * 4)..]));
        }

        if (last < firstHashed)
        {
            return (int)Math.Min(firstHashed, int.MaxValue);
        }

        // The last chain ends at the entry whose lowest bit is set.
        for (var at = chains + (last - firstHashed) * 4; at + 4 <= table.Length; at += 4, last++)
        {
            if ((BinaryPrimitives.ReadUInt32LittleEndian(table[(int)at..]) & 1) != 0)
            {
                return (int)Math.Min(last + 1, int.MaxValue);
            }
        }

        return null;
    }
}
