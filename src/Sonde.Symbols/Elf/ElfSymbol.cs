using System.Buffers.Binary;
using System.Collections;
using System.Text;

namespace Sonde.Symbols.Elf;

/// <summary>What a symbol names (the low half of <c>st_info</c>).</summary>
public enum ElfSymbolType : byte
{
    /// <summary>Not stated.</summary>
    None = 0,

    /// <summary>Data.</summary>
    Data = 1,

    /// <summary>Code.</summary>
    Function = 2,

    /// <summary>A section.</summary>
    Section = 3,

    /// <summary>A source file.</summary>
    File = 4,

    /// <summary>Uninitialised data.</summary>
    Common = 5,

    /// <summary>Thread-local data; the value is an offset into the thread-local image.</summary>
    ThreadLocal = 6,

    /// <summary>A function that chooses the implementation at load time.</summary>
    IndirectFunction = 10,
}

/// <summary>How far a symbol is visible while linking (the high half of <c>st_info</c>).</summary>
public enum ElfSymbolBinding : byte
{
    /// <summary>Only within its own object file.</summary>
    Local = 0,

    /// <summary>Everywhere.</summary>
    Global = 1,

    /// <summary>Everywhere, giving way to a global one.</summary>
    Weak = 2,

    /// <summary>One in the whole process.</summary>
    Unique = 10,
}

/// <summary>One entry of a symbol table (<c>Elf64_Sym</c>). Its name is decoded each time it is asked for.</summary>
public readonly struct ElfSymbol
{
    readonly ElfSymbolTable _table;
    readonly uint _name;
    readonly byte _info;

    internal ElfSymbol(ElfSymbolTable table, ReadOnlySpan<byte> entry)
    {
        _table = table;
        _name = BinaryPrimitives.ReadUInt32LittleEndian(entry);
        _info = entry[4];
        SectionIndex = BinaryPrimitives.ReadUInt16LittleEndian(entry[6..]);
        Value = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
        Size = BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]);
    }

    /// <summary>The name's bytes in the string table; empty when it has none.</summary>
    public ReadOnlySpan<byte> NameBytes => _table is null ? [] : _table.NameAt(_name);

    /// <summary>The name; bytes that are not UTF-8 become U+FFFD.</summary>
    public string Name => Encoding.UTF8.GetString(NameBytes);

    /// <summary>Whether the name is exactly <paramref name="name"/>, without finding the name's end first.</summary>
    internal bool NameEquals(ReadOnlySpan<byte> name) => _table is not null && _table.IsNameAt(_name, name);

    /// <summary>Where the name is in the string table.</summary>
    internal uint NameOffset => _name;

    /// <summary>Address in the file's own address space; for thread-local symbols an offset into the thread-local image.</summary>
    public ulong Value { get; }

    /// <summary>Size in bytes; 0 when not known.</summary>
    public ulong Size { get; }

    /// <summary>What it names.</summary>
    public ElfSymbolType Type => (ElfSymbolType)(_info & 15);

    /// <summary>How far it is visible.</summary>
    public ElfSymbolBinding Binding => (ElfSymbolBinding)(_info >> 4);

    /// <summary>The section it is defined in; values from 0xff00 are special (0xfff1: absolute).</summary>
    public ushort SectionIndex { get; }

    /// <summary>False for a symbol that another file must supply.</summary>
    public bool IsDefined => SectionIndex != 0;

    /// <summary>Whether it names code of this file.</summary>
    public bool IsFunction => IsDefined && Type is ElfSymbolType.Function or ElfSymbolType.IndirectFunction;

    /// <summary>The name and value, for debugging.</summary>
    public override string ToString() => $"{Name}@0x{Value:x}";
}

/// <summary>A symbol table read in place: nothing is copied, and indexing decodes one entry.</summary>
sealed class ElfSymbolTable(ReadOnlyMemory<byte> entries, ReadOnlyMemory<byte> strings) : IReadOnlyList<ElfSymbol>
{
    public const int EntrySize = 24;

    public static readonly ElfSymbolTable Empty = new(default, default);

    public int Count { get; } = entries.Length / EntrySize;

    public ElfSymbol this[int index] => new(this, entries.Span.Slice(checked(index * EntrySize), EntrySize));

    /// <summary>The name at an offset of the string table, cut after <paramref name="longest"/> bytes.</summary>
    public ReadOnlySpan<byte> NameAt(uint offset, int longest = int.MaxValue)
    {
        var span = strings.Span;
        if (offset >= (uint)span.Length)
        {
            return [];
        }

        span = span[(int)offset..];
        span = span[..Math.Min(span.Length, longest)];
        var end = span.IndexOf((byte)0);
        return end < 0 ? span : span[..end];
    }

    /// <summary>One comparison at the name's place, instead of finding its end first.</summary>
    public bool IsNameAt(uint offset, ReadOnlySpan<byte> name)
    {
        var span = strings.Span;
        return offset < (uint)span.Length && (uint)span.Length - offset > (uint)name.Length && span[(int)offset + name.Length] == 0
            && span.Slice((int)offset, name.Length).SequenceEqual(name);
    }

    /// <summary>The first defined symbol of that name.</summary>
    public bool TryFind(ReadOnlySpan<byte> name, out ElfSymbol symbol)
    {
        var table = entries.Span;
        for (var i = 0; i < Count; i++)
        {
            var entry = table.Slice(i * EntrySize, EntrySize);
            var offset = BinaryPrimitives.ReadUInt32LittleEndian(entry);

            if (IsNameAt(offset, name) && BinaryPrimitives.ReadUInt16LittleEndian(entry[6..]) != 0)
            {
                symbol = this[i];
                return true;
            }
        }

        symbol = default;
        return false;
    }

    public IEnumerator<ElfSymbol> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
