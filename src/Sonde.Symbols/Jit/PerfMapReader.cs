using System.Buffers.Text;

namespace Sonde.Symbols.Jit;

/// <summary>Reads <c>/tmp/perf-PID.map</c>, to which a just-in-time compiler adds a line for each function it makes: address and size in hexadecimal digits, and a name.</summary>
/// <param name="functions">Takes the functions.</param>
/// <remarks>Source: linux/tools/perf/Documentation/jit-interface.txt. Some write <c>0x</c> before the numbers.</remarks>
public sealed class PerfMapReader(JitFunctions functions)
{
    const int BufferBytes = 1 << 16;

    readonly byte[] _buffer = new byte[BufferBytes];
    long _at;
    bool _isPassingOver;

    /// <summary>How many lines made no sense, or were longer than any name.</summary>
    public long Malformed { get; private set; }

    /// <summary>Reads the lines that are whole and were not read before.</summary>
    public void ReadMore(ReadAt read)
    {
        ArgumentNullException.ThrowIfNull(read);
        while (true)
        {
            var count = read(_at, _buffer);
            var bytes = _buffer.AsSpan(0, Math.Max(0, count));
            var end = bytes.LastIndexOf((byte)'\n');
            if (end < 0)
            {
                if (bytes.Length < BufferBytes)
                {
                    return;
                }

                _at += bytes.Length;
                Malformed += _isPassingOver ? 0 : 1;
                _isPassingOver = true;
                continue;
            }

            _at += end + 1;
            foreach (var range in bytes[..end].Split((byte)'\n'))
            {
                if (!_isPassingOver)
                {
                    Take(bytes[range]);
                }

                _isPassingOver = false;
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
