using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Sonde.Symbols.Elf;

/// <summary>A word that the dynamic linker sets to the file's load address plus <paramref name="Addend"/>: a pointer to something in this file.</summary>
/// <param name="Offset">Address of the word, in the file's own address space.</param>
/// <param name="Addend">Address it will point to, in the file's own address space.</param>
public readonly record struct ElfRelocation(ulong Offset, ulong Addend);

public sealed partial class ElfFile
{
    const int RelaSize = 24;

    readonly Lazy<ElfRelocation[]> _relativeRelocations;

    /// <summary>All words the dynamic linker makes pointers into this file (<c>DT_RELA</c> and <c>DT_RELR</c>), in the tables' order.</summary>
    /// <exception cref="ElfException">There are more than 4 million, which no real file has.</exception>
    public IReadOnlyList<ElfRelocation> RelativeRelocations => _relativeRelocations.Value;

    /// <summary>The same, without the interface.</summary>
    public ReadOnlySpan<ElfRelocation> RelativeRelocationSpan => _relativeRelocations.Value;

    uint RelativeType => Machine switch
    {
        ElfMachine.X8664 => 8,
        ElfMachine.AArch64 => 1027,
        _ => uint.MaxValue,
    };

    uint GlobalDataType => Machine switch
    {
        ElfMachine.X8664 => 6,
        ElfMachine.AArch64 => 1025,
        _ => uint.MaxValue,
    };

    /// <summary>Address of the word that the dynamic linker fills with the address of a symbol (its slot in the global offset table).</summary>
    internal bool TryFindGlobalOffsetSlot(ReadOnlySpan<byte> symbol, out ulong address)
    {
        for (var table = RelaTable(); table.Length >= RelaSize; table = table[RelaSize..])
        {
            var info = BinaryPrimitives.ReadUInt64LittleEndian(table[8..]);
            var index = info >> 32;
            if ((uint)info == GlobalDataType && index < (ulong)_dynamicSymbols.Value.Count
                && _dynamicSymbols.Value[(int)index].NameBytes.SequenceEqual(symbol))
            {
                address = BinaryPrimitives.ReadUInt64LittleEndian(table);
                return true;
            }
        }

        address = 0;
        return false;
    }

    ElfRelocation[] ReadRelativeRelocations()
    {
        var table = RelaTable();
        var relocations = new List<ElfRelocation>(table.Length / RelaSize);
        for (; table.Length >= RelaSize; table = table[RelaSize..])
        {
            if ((uint)BinaryPrimitives.ReadUInt64LittleEndian(table[8..]) == RelativeType)
            {
                relocations.Add(new(BinaryPrimitives.ReadUInt64LittleEndian(table), BinaryPrimitives.ReadUInt64LittleEndian(table[16..])));
            }
        }

        ReadPackedRelocations(relocations);
        return [.. relocations];
    }

    ReadOnlySpan<byte> RelaTable() => DynamicPart(DynamicTag.Rela, DynamicTag.RelaSize);

    ReadOnlySpan<byte> DynamicPart(DynamicTag start, DynamicTag size)
    {
        if (!Dynamic.TryGet(start, out var address) || !Dynamic.TryGet(size, out var length))
        {
            return [];
        }

        return ReadToSegmentEnd(address, length);
    }

    /// <summary>
    /// RELR: an even word is the address of a pointer; an odd one is a bit map of which of the next 63 words are pointers too.
    /// The addends are what is in the file at those places.
    /// </summary>
    void ReadPackedRelocations(List<ElfRelocation> relocations)
    {
        // Chromium, the largest program at hand, has about 600,000; bit maps could claim eight a byte.
        const int MostRelocations = 4_000_000;
        const int WordsPerBitMap = 63;
        ulong next = 0;
        for (var table = DynamicPart(DynamicTag.Relr, DynamicTag.RelrSize); table.Length >= 8; table = table[8..])
        {
            if (relocations.Count > MostRelocations)
            {
                throw Error(0, string.Create(CultureInfo.InvariantCulture, $"more than {MostRelocations} relative relocations"));
            }

            var word = BinaryPrimitives.ReadUInt64LittleEndian(table);
            if ((word & 1) == 0)
            {
                Add(word);
                next = unchecked(word + 8);
                continue;
            }

            for (var bits = word >> 1; bits != 0; bits &= bits - 1)
            {
                Add(unchecked(next + 8 * (ulong)BitOperations.TrailingZeroCount(bits)));
            }

            next = unchecked(next + 8 * WordsPerBitMap);
        }

        void Add(ulong address)
        {
            if (TryRead(address, 8, out var bytes))
            {
                relocations.Add(new(address, BinaryPrimitives.ReadUInt64LittleEndian(bytes)));
            }
        }
    }
}
