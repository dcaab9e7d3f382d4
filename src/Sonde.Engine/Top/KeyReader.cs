using System.Buffers;
using System.Text;

namespace Sonde.Engine.Top;

/// <summary>Turns what a terminal sends into keys (ECMA-48 control sequences, xterm's and the Linux console's).</summary>
public sealed class KeyReader
{
    const byte EscapeByte = 0x1b;

    /// <summary>No key sends more; a longer sequence is given up.</summary>
    const int LongestSequence = 32;

    readonly List<byte> _pending = [];

    /// <summary>Whether what came last may be the beginning of a key: an escape is one by itself only if nothing follows it soon.</summary>
    public bool IsWaiting => _pending.Count > 0;

    /// <summary>The keys in what was read now, with what was left over before.</summary>
    public IReadOnlyList<Key> Read(ReadOnlySpan<byte> bytes)
    {
        _pending.AddRange(bytes);
        return Take(isComplete: false);
    }

    /// <summary>The keys in what was left over, now that nothing follows.</summary>
    public IReadOnlyList<Key> Complete() => Take(isComplete: true);

    List<Key> Take(bool isComplete)
    {
        List<Key> keys = [];
        ReadOnlySpan<byte> rest = _pending.ToArray();
        while (!rest.IsEmpty)
        {
            int used = TakeOne(rest, isComplete, out var key);
            if (used == 0)
            {
                break;
            }

            if (key is { } pressed)
            {
                keys.Add(pressed);
            }

            rest = rest[used..];
        }

        _pending.Clear();
        _pending.AddRange(rest);
        return keys;
    }

    /// <summary>How many bytes the first key takes; 0 when more must come.</summary>
    static int TakeOne(ReadOnlySpan<byte> bytes, bool isComplete, out Key? key)
    {
        switch (bytes[0])
        {
            case EscapeByte:
                return TakeSequence(bytes, isComplete, out key);
            case (byte)'\r' or (byte)'\n':
                key = new Key(KeyKind.Enter);
                return 1;
            case 0x7f or 0x08:
                key = new Key(KeyKind.Backspace);
                return 1;
            case 0x03:
                key = new Key(KeyKind.Interrupt);
                return 1;
            case 0x1a:
                key = new Key(KeyKind.Suspend);
                return 1;
            case 0x0c:
                key = new Key(KeyKind.Redraw);
                return 1;
            case < 0x20:
                key = null;
                return 1;
            default:
                var status = Rune.DecodeFromUtf8(bytes, out var rune, out int used);
                key = status == OperationStatus.Done ? new Key(KeyKind.Character, rune) : null;
                return status == OperationStatus.NeedMoreData && !isComplete ? 0 : used;
        }
    }

    static int TakeSequence(ReadOnlySpan<byte> bytes, bool isComplete, out Key? key)
    {
        key = null;
        if (bytes.Length == 1)
        {
            key = isComplete ? new Key(KeyKind.Escape) : null;
            return isComplete ? 1 : 0;
        }

        if (bytes[1] is not ((byte)'[' or (byte)'O'))
        {
            // Alt and a key, or Escape and then another.
            key = new Key(KeyKind.Escape);
            return 1;
        }

        // Parameters and intermediates, then one final byte.
        int end = 2;
        while (end < bytes.Length && bytes[end] is >= 0x20 and < 0x40)
        {
            end++;
        }

        if (end == bytes.Length)
        {
            return isComplete || end > LongestSequence ? end : 0;
        }

        key = (char)bytes[end] switch
        {
            'A' => new Key(KeyKind.Up),
            'B' => new Key(KeyKind.Down),
            'C' => new Key(KeyKind.Right),
            'D' => new Key(KeyKind.Left),
            'H' => new Key(KeyKind.Home),
            'F' => new Key(KeyKind.End),
            'M' when bytes[1] == 'O' => new Key(KeyKind.Enter),
            '~' => (char)bytes[2] switch
            {
                '1' or '7' => new Key(KeyKind.Home),
                '4' or '8' => new Key(KeyKind.End),
                '5' => new Key(KeyKind.PageUp),
                '6' => new Key(KeyKind.PageDown),
                _ => null,
            },
            _ => null,
        };
        return end + 1;
    }
}
