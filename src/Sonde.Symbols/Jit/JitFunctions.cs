using System.Text;

namespace Sonde.Symbols.Jit;

/// <summary>A function whose machine code was made at run time.</summary>
/// <param name="Address">Where it begins, in the process.</param>
/// <param name="Name">What the compiler calls it.</param>
/// <param name="File">The source file of the address; null when not told.</param>
/// <param name="Line">The line there, from 1; 0 when not told.</param>
public readonly record struct JitFunction(ulong Address, string Name, string? File, int Line);

/// <summary>The functions that the just-in-time compilers of a process have told of. Memory is used again: of several at one address the latest counts.</summary>
/// <remarks>Not for concurrent use. What does not fit within the bounds is counted in <see cref="Skipped"/>.</remarks>
public sealed class JitFunctions
{
    const int MostFunctions = 1 << 21;
    const int MostNameBytes = 1 << 28;
    const int MostLines = 1 << 22;
    const int LongestName = 1 << 12;

    /// <summary>New functions are looked through one by one until there are so many, and more than a part of the others.</summary>
    const int MostUnsorted = 1 << 10;

    const int MostFiles = 1 << 16;

    /// <summary>How many functions that begin before an address are asked whether they reach it.</summary>
    const int MostSteps = 64;

    readonly List<Entry> _entries = [];
    readonly List<SourcePlace[]> _lines = [];
    readonly List<string> _files = [];
    readonly Dictionary<string, int> _fileNumbers = [];
    byte[] _names = new byte[1 << 12];
    int _nameBytes;
    int _lineCount;
    int[] _sorted = [];
    ulong[] _furthestEnds = [];

    /// <summary>How many there are, those included whose memory was used again.</summary>
    public int Count => _entries.Count;

    /// <summary>How many were left out because there were too many.</summary>
    public long Skipped { get; private set; }

    /// <summary>Adds a function, which takes the place of what was there before.</summary>
    public void Add(ulong address, ulong size, ReadOnlySpan<byte> name) => Add(address, size, name, -1);

    /// <summary>Adds a function with its lines, in order of address.</summary>
    internal void Add(ulong address, ulong size, ReadOnlySpan<byte> name, SourcePlace[]? lines)
    {
        if (lines is not { Length: > 0 } || lines.Length > MostLines - _lineCount)
        {
            Add(address, size, name, -1);
            return;
        }

        _lineCount += lines.Length;
        _lines.Add(lines);
        Add(address, size, name, _lines.Count - 1);
    }

    /// <summary>A number for a file's name, for <see cref="SourcePlace"/>; -1 when there are too many.</summary>
    internal int FileNumber(string file)
    {
        if (!_fileNumbers.TryGetValue(file, out var number))
        {
            number = _files.Count;
            if (number >= MostFiles)
            {
                return -1;
            }

            _files.Add(file);
            _fileNumbers.Add(file, number);
        }

        return number;
    }

    /// <summary>The function an address lies in.</summary>
    /// <param name="address">In the process.</param>
    /// <param name="function">The latest that covers it.</param>
    public bool TryFind(ulong address, out JitFunction function)
    {
        var found = -1;
        for (var i = _entries.Count - 1; i >= _sorted.Length && found < 0; i--)
        {
            found = _entries[i].Contains(address) ? i : -1;
        }

        found = found >= 0 ? found : FindSorted(address);
        function = found < 0 ? default : Describe(_entries[found], address);
        return found >= 0;
    }

    /// <summary>Takes functions that were added into the order by which they are found.</summary>
    void Settle()
    {
        var addresses = new ulong[_entries.Count];
        _sorted = new int[_entries.Count];
        for (var i = 0; i < _sorted.Length; i++)
        {
            (_sorted[i], addresses[i]) = (i, _entries[i].Address);
        }

        Array.Sort(addresses, _sorted);
        _furthestEnds = addresses;
        for (var (i, furthest) = (0, 0UL); i < _sorted.Length; i++)
        {
            _furthestEnds[i] = furthest = Math.Max(furthest, _entries[_sorted[i]].End);
        }
    }

    void Add(ulong address, ulong size, ReadOnlySpan<byte> name, int lines)
    {
        name = name[..Math.Min(name.Length, LongestName)];
        if (size == 0 || _entries.Count >= MostFunctions || name.Length > MostNameBytes - _nameBytes)
        {
            Skipped += size == 0 ? 0 : 1;
            return;
        }

        if (name.Length > _names.Length - _nameBytes)
        {
            Array.Resize(ref _names, Math.Max(_names.Length * 2, _nameBytes + name.Length));
        }

        name.CopyTo(_names.AsSpan(_nameBytes));
        _entries.Add(new Entry(address, size, _nameBytes, name.Length, lines));
        _nameBytes += name.Length;
        if (_entries.Count - _sorted.Length > Math.Max(MostUnsorted, _sorted.Length / 8))
        {
            Settle();
        }
    }

    int FindSorted(ulong address)
    {
        int low = 0, high = _sorted.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_entries[_sorted[middle]].Address <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        var found = -1;
        for (int at = low - 1, steps = 0; at >= 0 && steps < MostSteps && _furthestEnds[at] > address; at--, steps++)
        {
            if (_sorted[at] > found && _entries[_sorted[at]].Contains(address))
            {
                found = _sorted[at];
            }
        }

        return found;
    }

    JitFunction Describe(in Entry entry, ulong address)
    {
        var (file, line) = (default(string), 0);
        foreach (var place in entry.Lines < 0 ? [] : _lines[entry.Lines])
        {
            if (place.Address <= address)
            {
                (file, line) = (place.File < 0 ? null : _files[place.File], place.Line);
            }
        }

        return new(entry.Address, Encoding.UTF8.GetString(_names, entry.NameStart, entry.NameLength), file, line);
    }

    readonly record struct Entry(ulong Address, ulong Size, int NameStart, int NameLength, int Lines)
    {
        public ulong End => Address > ulong.MaxValue - Size ? ulong.MaxValue : Address + Size;

        public bool Contains(ulong address) => address >= Address && address < End;
    }
}

/// <summary>From an address on, code belongs to a line.</summary>
/// <param name="Address">In the process.</param>
/// <param name="File">The number of the file.</param>
/// <param name="Line">The line, from 1.</param>
readonly record struct SourcePlace(ulong Address, int File, int Line);
