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

    /// <summary>New functions are looked through one by one until there are so many.</summary>
    const int MostUnsorted = 1 << 10;

    /// <summary>The older functions are sorted anew when the newer ones are more than this part of them.</summary>
    const int NewerPart = 8;

    const int MostFiles = 1 << 16;

    readonly List<Entry> _entries = [];
    readonly List<SourcePlace[]> _lines = [];
    readonly List<string> _files = [];
    readonly Dictionary<string, int> _fileNumbers = [];
    byte[] _names = new byte[1 << 12];
    int _nameBytes;
    int _lineCount;

    // Those from 0 on, those after them; what is behind both is in no order yet.
    CodeRanges _older = CodeRanges.None;
    CodeRanges _newer = CodeRanges.None;

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
        if (_entries.Count - _newer.End > MostUnsorted)
        {
            Settle();
        }

        var found = -1;
        for (var i = _entries.Count - 1; i >= _newer.End && found < 0; i--)
        {
            found = _entries[i].Contains(address) ? i : -1;
        }

        found = found >= 0 ? found : _newer.Find(address) is >= 0 and var newer ? newer : _older.Find(address);
        function = found < 0 ? default : Describe(_entries[found], address);
        return found >= 0;
    }

    /// <summary>Takes functions that were added into the order by which they are found.</summary>
    void Settle()
    {
        if (_entries.Count - _older.End > _older.End / NewerPart)
        {
            _older = Sorted(0);
            _newer = new CodeRanges([], [], [], _older.End);
        }
        else
        {
            _newer = Sorted(_older.End);
        }
    }

    /// <summary>The functions from a number on, as ranges that do not overlap: each address belongs to the latest that covers it.</summary>
    CodeRanges Sorted(int first)
    {
        var count = _entries.Count - first;
        var (begins, order) = (new ulong[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            (begins[i], order[i]) = (_entries[first + i].Address, first + i);
        }

        Array.Sort(begins, order);
        var (starts, ends, owners) = (new List<ulong>(count), new List<ulong>(count), new List<int>(count));
        // Those that have begun, the latest first.
        var begun = new PriorityQueue<int, int>();
        for (var (next, at) = (0, 0UL); next < count || begun.Count > 0;)
        {
            if (begun.Count == 0)
            {
                at = begins[next];
            }

            for (; next < count && begins[next] <= at; next++)
            {
                begun.Enqueue(order[next], -order[next]);
            }

            while (begun.Count > 0 && _entries[begun.Peek()].End <= at)
            {
                begun.Dequeue();
            }

            if (begun.Count == 0)
            {
                continue;
            }

            var owner = begun.Peek();
            var end = next < count ? Math.Min(_entries[owner].End, begins[next]) : _entries[owner].End;
            if (owners.Count > 0 && owners[^1] == owner && ends[^1] == at)
            {
                ends[^1] = end;
            }
            else
            {
                starts.Add(at);
                ends.Add(end);
                owners.Add(owner);
            }

            at = end;
        }

        return new CodeRanges([.. starts], [.. ends], [.. owners], _entries.Count);
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

/// <summary>Ranges of addresses that do not overlap, in their order, and whose each is.</summary>
/// <param name="Starts">Where each begins.</param>
/// <param name="Ends">Where each ends.</param>
/// <param name="Owners">The number of each one's function.</param>
/// <param name="End">The number after that of the last function in them.</param>
sealed record CodeRanges(ulong[] Starts, ulong[] Ends, int[] Owners, int End)
{
    public static CodeRanges None { get; } = new([], [], [], 0);

    /// <summary>The number of the function that an address belongs to; -1 for none.</summary>
    public int Find(ulong address)
    {
        var at = Array.BinarySearch(Starts, address);
        at = at < 0 ? ~at - 1 : at;
        return at >= 0 && address < Ends[at] ? Owners[at] : -1;
    }
}

/// <summary>From an address on, code belongs to a line.</summary>
/// <param name="Address">In the process.</param>
/// <param name="File">The number of the file.</param>
/// <param name="Line">The line, from 1.</param>
readonly record struct SourcePlace(ulong Address, int File, int Line);
