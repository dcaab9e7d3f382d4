using System.Buffers.Binary;
using System.Text;

namespace Sonde.Symbols.Elf;

/// <summary>Entries of the dynamic linking table this reader looks at (<c>d_tag</c>).</summary>
enum DynamicTag : ulong
{
    Null = 0,
    Needed = 1,
    PltGot = 3,
    Hash = 4,
    StringTable = 5,
    SymbolTable = 6,
    Rela = 7,
    RelaSize = 8,
    StringTableSize = 10,
    SoName = 14,
    RunPathOld = 15,
    RunPath = 29,
    RelrSize = 35,
    Relr = 36,
    Flags1 = 0x6ffffffb,
    GnuHash = 0x6ffffef5,
}

/// <summary>The dynamic linking table (<c>PT_DYNAMIC</c>) as tag and value pairs.</summary>
sealed class DynamicTable(IReadOnlyList<(DynamicTag Tag, ulong Value)> entries)
{
    public IReadOnlyList<(DynamicTag Tag, ulong Value)> Entries { get; } = entries;

    public bool TryGet(DynamicTag tag, out ulong value)
    {
        foreach (var entry in Entries)
        {
            if (entry.Tag == tag)
            {
                value = entry.Value;
                return true;
            }
        }

        value = 0;
        return false;
    }
}

public sealed partial class ElfFile
{
    readonly Lazy<DynamicTable> _dynamic;

    /// <summary>The file names of the libraries the dynamic linker must load (<c>DT_NEEDED</c>).</summary>
    public IReadOnlyList<string> NeededLibraries
    {
        get
        {
            var names = new List<string>();
            foreach (var (tag, value) in Dynamic.Entries)
            {
                if (tag == DynamicTag.Needed)
                {
                    names.Add(DynamicString(value));
                }
            }

            return names;
        }
    }

    /// <summary>The name under which other files need this one (<c>DT_SONAME</c>); null when it has none.</summary>
    public string? SoName => Dynamic.TryGet(DynamicTag.SoName, out var value) ? DynamicString(value) : null;

    /// <summary>Where the dynamic linker looks for needed libraries first (<c>DT_RUNPATH</c>, else <c>DT_RPATH</c>); null when not stated.</summary>
    public string? RunPath => Dynamic.TryGet(DynamicTag.RunPath, out var value) || Dynamic.TryGet(DynamicTag.RunPathOld, out value)
        ? DynamicString(value)
        : null;

    /// <summary>Whether the file is loaded on behalf of others: a dynamic object that is not a position-independent program.</summary>
    public bool IsSharedLibrary
    {
        get
        {
            const ulong PositionIndependentExecutable = 0x08000000;
            return Type == ElfType.Dynamic && (SoName is not null || !(
                Array.Exists(_segments, s => s.Type == ElfSegmentType.Interpreter)
                || (Dynamic.TryGet(DynamicTag.Flags1, out var flags) && (flags & PositionIndependentExecutable) != 0)));
        }
    }

    internal DynamicTable Dynamic => _dynamic.Value;

    DynamicTable ReadDynamic()
    {
        const int EntrySize = 16;
        const int MostEntries = 4096;
        var entries = new List<(DynamicTag, ulong)>();
        foreach (var segment in _segments)
        {
            if (segment.Type != ElfSegmentType.Dynamic)
            {
                continue;
            }

            // A separate debug file keeps this header with nothing behind it.
            var table = ReadToSegmentEnd(segment.VirtualAddress, segment.FileSize);
            for (; table.Length >= EntrySize && entries.Count < MostEntries; table = table[EntrySize..])
            {
                var tag = (DynamicTag)BinaryPrimitives.ReadUInt64LittleEndian(table);
                if (tag == DynamicTag.Null)
                {
                    break;
                }

                entries.Add((tag, BinaryPrimitives.ReadUInt64LittleEndian(table[8..])));
            }

            break;
        }

        return new(entries);
    }

    string DynamicString(ulong offset)
    {
        const ulong LongestString = 4096;
        if (!Dynamic.TryGet(DynamicTag.StringTable, out var table))
        {
            return "";
        }

        var strings = ReadToSegmentEnd(unchecked(table + offset), LongestString);
        var end = strings.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? strings : strings[..end]);
    }

    /// <summary>The memory behind a span of this file's own bytes.</summary>
    internal ReadOnlyMemory<byte> MemoryOf(ReadOnlySpan<byte> part)
    {
        if (part.IsEmpty)
        {
            return default;
        }

        return _bytes.Span.Overlaps(part, out var offset) ? _bytes.Slice(offset, part.Length) : part.ToArray();
    }
}
