using System.Buffers.Binary;
using System.Text;

namespace Sonde.Symbols.Jit;

/// <summary>Reads <c>jit-PID.dump</c>, to which a just-in-time compiler adds a record for each function it makes, moves, or has lines for.</summary>
/// <param name="functions">Takes the functions.</param>
/// <remarks>Source: linux/tools/perf/Documentation/jitdump-specification.txt, version 1. The code in the records is passed over.</remarks>
public sealed class JitDumpReader(JitFunctions functions)
{
    const uint Magic = 0x4a695444;
    const int FileHeaderBytes = 40, RecordHeaderBytes = 16, LoadBytes = 40, MoveBytes = 48;
    const uint Load = 0, Move = 1, Lines = 2;
    const int MostBytesOfRecord = 1 << 20;
    const int MostLinesWaiting = 1 << 12;
    const int MostPlacesWaiting = 1 << 18;
    const int MostMoves = 1 << 16;

    /// <summary>
    /// By how much V8 moves the addresses of lines (kElfHeaderSize in its src/diagnostics/perf-jit.h): <c>perf inject</c> puts each function into an ELF
    /// file of its own, behind the header.
    /// </summary>
    const ulong MovedByV8 = 0x40;

    readonly Dictionary<ulong, SourcePlace[]> _lines = [];
    bool _isOfV8;
    byte[] _buffer = new byte[1 << 12];
    long _at;
    int _placesWaiting;
    int _moves;

    /// <summary>Why nothing more is read; null while all is well.</summary>
    public string? Problem { get; private set; }

    /// <summary>How many records made no sense.</summary>
    public long Malformed { get; private set; }

    /// <summary>Reads the records that are whole and were not read before.</summary>
    /// <param name="read">Reads the file.</param>
    /// <param name="length">How long it is now.</param>
    public void ReadMore(ReadAt read, long length)
    {
        ArgumentNullException.ThrowIfNull(read);
        if (Problem is not null || (_at == 0 && !TryReadHeader(read)))
        {
            return;
        }

        while (TryRead(read, _at, RecordHeaderBytes, out var header))
        {
            var kind = BinaryPrimitives.ReadUInt32LittleEndian(header);
            var size = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            if (size < RecordHeaderBytes)
            {
                Problem = "a record has no size";
                return;
            }

            // The record's size comes before the record.
            if (size > length - _at)
            {
                return;
            }

            if (kind <= Lines)
            {
                var bytes = (int)Math.Min(size - RecordHeaderBytes, MostBytesOfRecord);
                if (!TryRead(read, _at + RecordHeaderBytes, bytes, out var content))
                {
                    return;
                }

                Take(kind, content);
            }

            _at += size;
        }
    }

    bool TryReadHeader(ReadAt read)
    {
        if (!TryRead(read, 0, FileHeaderBytes, out var header))
        {
            return false;
        }

        var size = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic || size < FileHeaderBytes)
        {
            Problem = "it is no JIT dump of this machine's byte order";
            return false;
        }

        _at = size;
        return true;
    }

    void Take(uint kind, ReadOnlySpan<byte> content)
    {
        switch (kind)
        {
            case Load when content.Length > LoadBytes:
                var name = content[LoadBytes..];
                var end = name.IndexOf((byte)0);
                var address = BinaryPrimitives.ReadUInt64LittleEndian(content[16..]);
                var size = BinaryPrimitives.ReadUInt64LittleEndian(content[24..]);
                _isOfV8 |= name.StartsWith("JS:"u8) || name.StartsWith("LazyCompile:"u8) || name.StartsWith("Script:"u8) || name.StartsWith("Function:"u8) || name.StartsWith("Eval:"u8);
                functions.Add(address, size, end < 0 ? name : name[..end], Within(address, size, TakeWaiting(address)));
                break;
            case Move when content.Length >= MoveBytes:
                TakeMove(BinaryPrimitives.ReadUInt64LittleEndian(content[16..]), BinaryPrimitives.ReadUInt64LittleEndian(content[24..]), BinaryPrimitives.ReadUInt64LittleEndian(content[32..]));
                break;
            case Lines when content.Length >= 16:
                TakeLines(content);
                break;
            default:
                Malformed++;
                break;
        }
    }

    void TakeMove(ulong from, ulong to, ulong size)
    {
        if (_moves++ < MostMoves && functions.TryFind(from, out var moved) && moved.Address == from)
        {
            functions.Add(to, size, Encoding.UTF8.GetBytes(moved.Name));
        }
    }

    /// <summary>The lines of a function where they belong; those that lie elsewhere are left out.</summary>
    SourcePlace[]? Within(ulong address, ulong size, SourcePlace[]? lines)
    {
        if (lines is null)
        {
            return null;
        }

        var moved = _isOfV8 ? MovedByV8 : 0;
        return [.. lines.Where(place => place.Address - moved >= address && place.Address - moved - address < size).Select(place => place with { Address = place.Address - moved })];
    }

    /// <summary>Lines come before the function they are of.</summary>
    void TakeLines(ReadOnlySpan<byte> content)
    {
        const int entryBytes = 16;
        var code = BinaryPrimitives.ReadUInt64LittleEndian(content);
        var count = BinaryPrimitives.ReadUInt64LittleEndian(content[8..]);
        content = content[16..];
        var lines = new List<SourcePlace>();
        var file = -1;
        for (ulong i = 0; i < count && content.Length > entryBytes; i++)
        {
            var address = BinaryPrimitives.ReadUInt64LittleEndian(content);
            var line = BinaryPrimitives.ReadInt32LittleEndian(content[8..]);
            content = content[entryBytes..];
            var end = content.IndexOf((byte)0);
            if (end < 0)
            {
                break;
            }

            // Of functions in no file V8 (that of Node.js 20) writes what happens to be in its memory.
            if (content[..end].IndexOfAnyInRange((byte)1, (byte)31) >= 0)
            {
                lines.Clear();
                break;
            }

            // The same file again is written as one byte.
            file = end == 1 && content[0] == 0xff && file >= 0 ? file : functions.FileNumber(Encoding.UTF8.GetString(content[..Math.Min(end, 1 << 12)]));
            lines.Add(new(address, file, Math.Max(0, line)));
            content = content[(end + 1)..];
        }

        TakeWaiting(code);
        if (_lines.Count >= MostLinesWaiting || lines.Count > MostPlacesWaiting - _placesWaiting)
        {
            _lines.Clear();
            _placesWaiting = 0;
        }

        lines.Sort(static (a, b) => a.Address.CompareTo(b.Address));
        _lines.Add(code, [.. lines]);
        _placesWaiting += lines.Count;
    }

    /// <summary>The lines that wait for a function, which wait no more; null when there are none.</summary>
    SourcePlace[]? TakeWaiting(ulong code)
    {
        _lines.Remove(code, out var lines);
        _placesWaiting -= lines?.Length ?? 0;
        return lines;
    }

    bool TryRead(ReadAt read, long offset, int count, out ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length < count)
        {
            _buffer = new byte[count];
        }

        var destination = _buffer.AsSpan(0, count);
        bytes = destination;
        return read(offset, destination) == count;
    }
}
