using System.Buffers.Text;

namespace Sonde.Symbols.Tables;

/// <summary>A symbol of the running kernel or of one of its modules.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address.</param>
/// <param name="Module">The module it belongs to (<c>bpf</c> for BPF programs); null for the kernel itself.</param>
/// <param name="Kind">The letter <c>nm</c> would show: <c>T</c> for code, <c>D</c> for data; a lower case letter for one local to its object file.</param>
public readonly record struct KernelSymbol(string Name, ulong Address, string? Module, char Kind)
{
    /// <summary>Whether it names code.</summary>
    public bool IsFunction => Kind is 't' or 'T' or 'w' or 'W';
}

/// <summary>The kernel's symbols, from the text of <c>/proc/kallsyms</c>.</summary>
/// <remarks>
/// Each line is an address, a letter, a name and, for modules, a tab and the module's name in brackets (kernel/kallsyms.c, s_show).
/// Sizes are not in it: a symbol reaches to the next one. Any number of threads may use one object.
/// </remarks>
public sealed class KernelSymbols
{
    readonly ReadOnlyMemory<byte> _text;
    readonly Line[] _lines;
    readonly List<string> _modules;
    readonly string?[] _names;
    readonly Lazy<Dictionary<string, int>> _byName;

    KernelSymbols(ReadOnlyMemory<byte> text, Line[] lines, List<string> modules)
    {
        _text = text;
        _lines = lines;
        _modules = modules;
        _names = new string?[lines.Length];
        _byName = new(IndexNames);
    }

    /// <summary>How many symbols there are.</summary>
    public int Count => _lines.Length;

    /// <summary>Whether the kernel shows addresses to the reader: all are 0 without CAP_SYSLOG (<c>kernel.kptr_restrict</c>).</summary>
    public bool AddressesAreKnown { get; private init; }

    /// <summary>All symbols, those of addresses in order of address.</summary>
    public IEnumerable<KernelSymbol> All
    {
        get
        {
            for (var i = 0; i < _lines.Length; i++)
            {
                yield return At(i);
            }
        }
    }

    /// <summary>Reads the text of <c>/proc/kallsyms</c>; lines of another form are left out.</summary>
    /// <param name="text">The text, which is borrowed: it must stay as it is.</param>
    public static KernelSymbols Parse(ReadOnlyMemory<byte> text)
    {
        var span = text.Span;
        var lines = new List<Line>(span.Length / 40);
        var modules = new Modules();
        var known = false;
        for (var at = 0; at < span.Length;)
        {
            var length = span[at..].IndexOf((byte)'\n');
            var end = length < 0 ? span.Length : at + length;
            if (TryParseLine(span[at..end], at, modules, out var line))
            {
                known |= line.Address != 0;
                lines.Add(line);
            }

            at = end + 1;
        }

        // The order of the text decides between equals, as it does in the kernel.
        lines.Sort();
        return new(text, [.. lines], modules.Names) { AddressesAreKnown = known };
    }

    /// <summary>The symbol an address lies in.</summary>
    /// <param name="address">An address of the kernel.</param>
    /// <param name="symbol">The nearest symbol at or before it; of several at one address the best: code before data, global before local, fewer leading underscores before more.</param>
    /// <param name="offset">Bytes from the symbol to the address.</param>
    public bool TryFind(ulong address, out KernelSymbol symbol, out ulong offset)
    {
        int low = 0, high = _lines.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_lines[middle].Address <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        var found = low - 1;
        if (found < 0 || !_lines[found].IsPlace)
        {
            symbol = default;
            offset = 0;
            return false;
        }

        while (found > 0 && _lines[found - 1].Address == _lines[found].Address && _lines[found - 1].IsPlace)
        {
            found--;
        }

        symbol = At(found);
        offset = address - symbol.Address;
        return true;
    }

    /// <summary>The symbol of a name; of several, a global one, then the lowest.</summary>
    public bool TryFind(string name, out KernelSymbol symbol)
    {
        if (_byName.Value.TryGetValue(name, out var index))
        {
            symbol = At(index);
            return true;
        }

        symbol = default;
        return false;
    }

    static bool TryParseLine(ReadOnlySpan<byte> text, int at, Modules modules, out Line line)
    {
        line = default;

        // Address, space, letter, space, name.
        if (!Utf8Parser.TryParse(text, out ulong address, out var digits, 'x') || digits + 3 >= text.Length || text[digits] != ' ' || text[digits + 2] != ' ')
        {
            return false;
        }

        var name = text[(digits + 3)..];
        var tab = name.IndexOf((byte)'\t');
        var module = 0;
        if (tab >= 0)
        {
            module = modules.IdOf(name[(tab + 1)..].Trim("[]"u8));
            name = name[..tab];
        }

        if (name.Length is 0 or > ushort.MaxValue)
        {
            return false;
        }

        var underscores = Math.Max(name.IndexOfAnyExcept((byte)'_'), 0);
        line = new(address, at + digits + 3, (ushort)name.Length, module, text[digits + 1], (byte)Math.Min(underscores, byte.MaxValue));
        return true;
    }

    KernelSymbol At(int index)
    {
        ref readonly var line = ref _lines[index];
        return new(NameOf(index), line.Address, line.Module == 0 ? null : _modules[line.Module - 1], (char)line.Kind);
    }

    string NameOf(int index) => _names[index] ??= FunctionSymbol.Decode(_text.Span.Slice(_lines[index].NameAt, _lines[index].NameLength));

    Dictionary<string, int> IndexNames()
    {
        var index = new Dictionary<string, int>(_lines.Length);
        for (var i = 0; i < _lines.Length; i++)
        {
            var name = NameOf(i);
            if (!index.TryGetValue(name, out var other) || (_lines[i].IsGlobal && !_lines[other].IsGlobal))
            {
                index[name] = i;
            }
        }

        return index;
    }

    /// <summary>The names of modules, numbered from 1. Symbols of one module stand together, so the last is tried first.</summary>
    sealed class Modules
    {
        readonly Dictionary<string, int> _ids = [];
        byte[] _last = [];
        int _lastId;

        public List<string> Names { get; } = [];

        public int IdOf(ReadOnlySpan<byte> module)
        {
            if (_lastId == 0 || !module.SequenceEqual(_last))
            {
                var name = FunctionSymbol.Decode(module);
                if (!_ids.TryGetValue(name, out _lastId))
                {
                    Names.Add(name);
                    _ids.Add(name, _lastId = Names.Count);
                }

                _last = module.ToArray();
            }

            return _lastId;
        }
    }

    readonly record struct Line(ulong Address, int NameAt, ushort NameLength, int Module, byte Kind, byte Underscores) : IComparable<Line>
    {
        public bool IsGlobal => Kind is >= (byte)'A' and <= (byte)'Z';

        bool IsFunction => Kind is (byte)'t' or (byte)'T' or (byte)'w' or (byte)'W';

        /// <summary>Absolute symbols are offsets into per-CPU areas, or numbers; address 0 is one that is not shown.</summary>
        public bool IsPlace => Address != 0 && Kind is not ((byte)'a' or (byte)'A');

        public int CompareTo(Line other)
        {
            var order = Address.CompareTo(other.Address);
            order = order != 0 ? order : other.IsPlace.CompareTo(IsPlace);
            order = order != 0 ? order : other.IsFunction.CompareTo(IsFunction);
            order = order != 0 ? order : other.IsGlobal.CompareTo(IsGlobal);
            order = order != 0 ? order : Underscores.CompareTo(other.Underscores);
            return order != 0 ? order : NameAt.CompareTo(other.NameAt);
        }
    }
}
