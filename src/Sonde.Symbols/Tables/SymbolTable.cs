using System.Collections;
using System.Runtime.InteropServices;
using System.Text;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Tables;

/// <summary>The functions of a file: its dynamic symbols, its full table and that of its separate debug file or, without these, the one it carries compressed, in order of address.</summary>
/// <remarks>
/// A function that several tables name is in it once; one with several names (aliases) is in it once for each.
/// Of the names of one address the best comes first: with a size before without, visible outside its object file before local,
/// fewer leading underscores before more, shorter before longer. Looking up takes no memory beyond the name, which is kept.
/// Any number of threads may use one table.
/// </remarks>
public sealed class SymbolTable : IReadOnlyList<FunctionSymbol>
{
    /// <summary>Names beyond this are cut: nothing a compiler makes comes near, and a hostile string table of overlapping names costs no more.</summary>
    const int LongestName = 1 << 14;

    readonly ElfSymbolTable[] _sources;
    readonly Entry[] _entries;
    readonly string?[] _names;

    /// <summary>The furthest end of this and all entries before: where a walk back can stop.</summary>
    readonly ulong[] _furthestEnds;

    /// <summary>Indices of entries in order of the hash of their names.</summary>
    readonly Lazy<int[]> _byName;

    SymbolTable(ElfFile file, ElfSymbolTable[] sources, Entry[] entries)
    {
        File = file;
        _sources = sources;
        _entries = entries;
        _names = new string?[entries.Length];
        _furthestEnds = new ulong[entries.Length];
        var furthest = 0UL;
        for (var i = 0; i < entries.Length; i++)
        {
            _furthestEnds[i] = furthest = Math.Max(furthest, entries[i].End);
        }

        _byName = new(OrderByName);
    }

    /// <summary>The file whose functions these are.</summary>
    public ElfFile File { get; }

    /// <inheritdoc/>
    public int Count => _entries.Length;

    /// <summary>One function, in order of address.</summary>
    public FunctionSymbol this[int index]
    {
        get
        {
            ref readonly var entry = ref _entries[index];
            return new(this, index, entry.Address, entry.Size, entry.Binding);
        }
    }

    /// <summary>Reads the functions of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="debug">Its separate debug file (see <see cref="DebugFiles"/>); null for none. Its addresses are those of the file.</param>
    /// <exception cref="ElfException">A symbol table lies outside its file.</exception>
    public static SymbolTable Read(ElfFile file, ElfFile? debug = null)
    {
        var own = file.SymbolEntries;
        var split = debug?.SymbolEntries ?? ElfSymbolTable.Empty;
        var carried = own.Count + split.Count == 0 ? Carried(file) : ElfSymbolTable.Empty;
        ElfSymbolTable[] sources = [own, file.DynamicSymbolEntries, split, carried];
        var entries = new List<Entry>(sources[0].Count / 2);
        for (var source = 0; source < sources.Length; source++)
        {
            var table = sources[source];
            for (var i = 0; i < table.Count; i++)
            {
                var symbol = table[i];
                if (symbol.IsFunction && symbol.Value != 0 && TableName(table, symbol.NameOffset) is { Length: > 0 } name)
                {
                    entries.Add(new(symbol.Value, symbol.Size, symbol.NameOffset, (byte)source, symbol.Binding, Rank(name), (ushort)Math.Min(name.Length, ushort.MaxValue), NameHash.Of(name)));
                }
            }
        }

        entries.Sort();
        return new(file, sources, WithoutDuplicates(sources, CollectionsMarshal.AsSpan(entries)));
    }

    /// <summary>The function an address lies in, by its best name.</summary>
    /// <param name="address">In the file's own address space.</param>
    /// <param name="symbol">The function that starts nearest before the address and covers it. One of unknown size reaches to the next function.</param>
    /// <param name="offset">Bytes from the function's start to the address.</param>
    public bool TryFind(ulong address, out FunctionSymbol symbol, out ulong offset)
    {
        // Functions seldom nest, so the first step back nearly always ends it.
        const int MostSteps = 256;
        var last = LastAtOrBefore(address);
        var nearest = FirstOf(last);
        var found = -1;
        for (int at = nearest, steps = 0; at >= 0 && at <= last && steps < MostSteps; at = at == last ? FirstOf(last = FirstOf(last) - 1) : at + 1, steps++)
        {
            if (address < _entries[at].End)
            {
                found = at;
                break;
            }

            if (_furthestEnds[last] <= address)
            {
                break;
            }
        }

        // One of unknown size reaches to the next.
        if (found < 0 && nearest >= 0 && (_entries[nearest].Size == 0 || address == _entries[nearest].Address))
        {
            found = nearest;
        }

        if (found < 0 || !SameSegment(_entries[found].Address, address))
        {
            symbol = default;
            offset = 0;
            return false;
        }

        symbol = this[found];
        offset = address - symbol.Address;
        return true;
    }

    /// <summary>The function that a place in the file lies in; see <see cref="TryFind(ulong, out FunctionSymbol, out ulong)"/>.</summary>
    /// <param name="fileOffset">Bytes from the start of the file: for a process, the address less the start of its mapping, plus the mapping's offset.</param>
    /// <param name="symbol">The function.</param>
    /// <param name="offset">Bytes from the function's start.</param>
    public bool TryFindAtFileOffset(ulong fileOffset, out FunctionSymbol symbol, out ulong offset)
    {
        if (File.TryGetAddress(fileOffset, out var address))
        {
            return TryFind(address, out symbol, out offset);
        }

        symbol = default;
        offset = 0;
        return false;
    }

    /// <summary>The function of a name; of several, the one that is visible outside its object file, then the one with a size, then the lowest.</summary>
    /// <param name="name">The mangled name; a version behind <c>@</c> is ignored.</param>
    /// <param name="symbol">The function.</param>
    public bool TryFind(string name, out FunctionSymbol symbol)
    {
        var found = false;
        symbol = default;
        foreach (var candidate in Named(name))
        {
            if (!found || Quality(candidate) > Quality(symbol))
            {
                symbol = candidate;
                found = true;
            }
        }

        return found;

        static int Quality(FunctionSymbol symbol) => (symbol.Binding != ElfSymbolBinding.Local ? 2 : 0) + (symbol.Size != 0 ? 1 : 0);
    }

    /// <summary>All functions of a name, in order of address: static functions of several source files may share one.</summary>
    /// <param name="name">The mangled name; a version behind <c>@</c> is ignored.</param>
    public IReadOnlyList<FunctionSymbol> Named(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var bytes = FunctionSymbol.WithoutVersion(Encoding.UTF8.GetBytes(name));
        var hash = NameHash.Of(bytes);
        var order = _byName.Value;
        var at = LowerBound(order, hash);
        if (at == order.Length || _entries[order[at]].NameHash != hash)
        {
            return [];
        }

        var found = new List<FunctionSymbol>(1);
        for (; at < order.Length && _entries[order[at]].NameHash == hash; at++)
        {
            if (NameBytesOf(order[at]).SequenceEqual(bytes))
            {
                found.Add(this[order[at]]);
            }
        }

        return found;
    }

    /// <inheritdoc/>
    public IEnumerator<FunctionSymbol> GetEnumerator()
    {
        for (var i = 0; i < _entries.Length; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal string NameOf(int index) => _names[index] ??= FunctionSymbol.Decode(NameBytesOf(index));

    internal ReadOnlySpan<byte> NameBytesOf(int index)
    {
        ref readonly var entry = ref _entries[index];
        return TableName(_sources[entry.Source], entry.NameOffset);
    }

    /// <summary>The symbols that a stripped file has compressed within it: none when they are damaged, for the others are still good.</summary>
    static ElfSymbolTable Carried(ElfFile file)
    {
        try
        {
            return file.MiniDebugInfo?.SymbolEntries ?? ElfSymbolTable.Empty;
        }
        catch (ElfException)
        {
            return ElfSymbolTable.Empty;
        }
    }

    static ReadOnlySpan<byte> TableName(ElfSymbolTable table, uint offset) => FunctionSymbol.WithoutVersion(table.NameAt(offset, LongestName));

    static byte Rank(ReadOnlySpan<byte> name)
    {
        var underscores = name.IndexOfAnyExcept((byte)'_');
        return (byte)Math.Min(underscores < 0 ? name.Length : underscores, byte.MaxValue);
    }

    /// <summary>The tables repeat each other, and equal names of one address stand side by side in the order of entries.</summary>
    static Entry[] WithoutDuplicates(ElfSymbolTable[] sources, Span<Entry> sorted)
    {
        var kept = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            ref readonly var entry = ref sorted[i];
            if (kept > 0 && sorted[kept - 1] is var last && last.Address == entry.Address && last.NameHash == entry.NameHash
                && TableName(sources[last.Source], last.NameOffset).SequenceEqual(TableName(sources[entry.Source], entry.NameOffset)))
            {
                continue;
            }

            sorted[kept++] = entry;
        }

        return sorted[..kept].ToArray();
    }

    int[] OrderByName()
    {
        var order = new int[_entries.Length];
        var keys = new ulong[_entries.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            keys[i] = (ulong)_entries[i].NameHash << 32 | (uint)i;
        }

        Array.Sort(keys, order);
        return order;
    }

    int LowerBound(int[] order, uint hash)
    {
        int low = 0, high = order.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_entries[order[middle]].NameHash < hash)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    int LastAtOrBefore(ulong address)
    {
        int low = 0, high = _entries.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_entries[middle].Address <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    /// <summary>The best entry of the same address; -1 for -1.</summary>
    int FirstOf(int index) => index < 0 ? -1 : LastAtOrBefore(_entries[index].Address - 1) + 1;

    bool SameSegment(ulong first, ulong second) =>
        first == second || (File.TryGetLoadSegment(first, out var one) && File.TryGetLoadSegment(second, out var other) && one == other);

    readonly record struct Entry(
        ulong Address, ulong Size, uint NameOffset, byte Source, ElfSymbolBinding Binding, byte Underscores, ushort NameLength, uint NameHash) : IComparable<Entry>
    {
        public ulong End => Address > ulong.MaxValue - Size ? ulong.MaxValue : Address + Size;

        public int CompareTo(Entry other)
        {
            var order = Address.CompareTo(other.Address);
            order = order != 0 ? order : (Size == 0).CompareTo(other.Size == 0);
            order = order != 0 ? order : (Binding == ElfSymbolBinding.Local).CompareTo(other.Binding == ElfSymbolBinding.Local);
            order = order != 0 ? order : Underscores.CompareTo(other.Underscores);
            order = order != 0 ? order : NameLength.CompareTo(other.NameLength);
            order = order != 0 ? order : NameHash.CompareTo(other.NameHash);
            order = order != 0 ? order : Source.CompareTo(other.Source);
            return order != 0 ? order : NameOffset.CompareTo(other.NameOffset);
        }
    }
}
