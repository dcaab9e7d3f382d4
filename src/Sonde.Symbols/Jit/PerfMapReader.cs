using System.Buffers.Text;

namespace Sonde.Symbols.Jit;

/// <summary>Reads <c>/tmp/perf-PID.map</c>, to which a just-in-time compiler adds a line for each function it makes: address and size in hexadecimal digits, and a name.</summary>
/// <param name="functions">Takes the functions.</param>
/// <remarks>Source: linux/tools/perf/Documentation/jit-interface.txt. Some write <c>0x</c> before the numbers.</remarks>
public sealed class PerfMapReader(JitFunctions functions)
{
    const int BufferBytes = 1 << 16;

    /// <summary>Of a file that is larger, or grows faster than it is read, the rest comes with the next look.</summary>
    const long MostBytesOfLook = 1 << 26;

    readonly byte[] _buffer = new byte[BufferBytes];
    long _at;
    bool _hasStopped;

    /// <summary>How many lines made no sense, or were longer than any name. After one of those nothing more is read: it is no such file.</summary>
    public long Malformed { get; private set; }

    /// <summary>Whether the last look left something for the next.</summary>
    public bool HasMore { get; private set; }

    /// <summary>Reads the lines that are whole and were not read before.</summary>
    /// <param name="read">Reads the file.</param>
    /// <param name="length">How long it is now.</param>
    public void ReadMore(ReadAt read, long length)
    {
        ArgumentNullException.ThrowIfNull(read);
        HasMore = false;
        for (var begin = _at; !_hasStopped && _at < length;)
        {
            if (_at - begin >= MostBytesOfLook)
            {
                HasMore = true;
                return;
            }

            var count = read(_at, _buffer.AsSpan(0, (int)Math.Min(BufferBytes, length - _at)));
            var bytes = _buffer.AsSpan(0, Math.Max(0, count));
            var end = bytes.LastIndexOf((byte)'\n');
            if (end < 0)
            {
                _hasStopped = bytes.Length == BufferBytes;
                Malformed += _hasStopped ? 1 : 0;
                return;
            }

            _at += end + 1;
            foreach (var range in bytes[..end].Split((byte)'\n'))
            {
                Take(bytes[range]);
            }
        }
    }

    void Take(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            return;
        }

        if (TryTakeNumber(ref line, out var address) && TryTakeNumber(ref line, out var size) && !line.IsEmpty)
        {
            functions.Add(address, size, line.TrimEnd((byte)'\r'));
        }
        else
        {
            Malformed++;
        }
    }

    static bool TryTakeNumber(ref ReadOnlySpan<byte> line, out ulong value)
    {
        line = line.StartsWith("0x"u8) ? line[2..] : line;
        if (!Utf8Parser.TryParse(line, out value, out int used, 'x') || used >= line.Length || line[used] != (byte)' ')
        {
            return false;
        }

        line = line[used..].TrimStart((byte)' ');
        return true;
    }
}
