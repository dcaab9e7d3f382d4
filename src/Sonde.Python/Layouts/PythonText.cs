using System.Buffers.Binary;
using System.Text;

namespace Sonde.Python.Layouts;

/// <summary>Decodes CPython strings (<c>PyUnicode</c>, Include/cpython/unicodeobject.h) from their raw parts.</summary>
public static class PythonText
{
    /// <summary>Bytes per character: 1, 2 or 4; 0 for anything that is not a compact string.</summary>
    public static int CharacterBytes(uint state) => (state >> 5 & 1) == 0 ? 0 : (state >> 2 & 7) switch { 1 => 1, 2 => 2, 4 => 4, _ => 0 };

    /// <summary>True when the characters follow the short header of ASCII strings.</summary>
    public static bool IsAscii(uint state) => (state >> 6 & 1) != 0;

    /// <summary>The text in <paramref name="bytes"/>: latin-1, UCS-2 or UCS-4 by the state's kind. Lone surrogates are kept, numbers beyond Unicode become U+FFFD.</summary>
    public static string Decode(uint state, ReadOnlySpan<byte> bytes)
    {
        switch (CharacterBytes(state))
        {
            case 1:
                return Encoding.Latin1.GetString(bytes);
            case 2:
                return string.Create(bytes.Length / 2, bytes, static (characters, source) =>
                {
                    for (var i = 0; i < characters.Length; i++)
                    {
                        characters[i] = (char)BinaryPrimitives.ReadUInt16LittleEndian(source[(2 * i)..]);
                    }
                });
            case 4:
                var text = new StringBuilder(bytes.Length / 4);
                for (; bytes.Length >= 4; bytes = bytes[4..])
                {
                    var character = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
                    if (character < 0x10000)
                    {
                        text.Append((char)character);
                    }
                    else
                    {
                        text.Append(Rune.IsValid(character) ? new Rune(character).ToString() : "\uFFFD");
                    }
                }

                return text.ToString();
            default:
                return "";
        }
    }

    /// <summary>Reads a string object.</summary>
    /// <param name="memory">The program's memory.</param>
    /// <param name="layout">The layout of its interpreter.</param>
    /// <param name="address">The address of the string object.</param>
    /// <param name="maximum">The most characters to read.</param>
    /// <param name="text">The text, cut to <paramref name="maximum"/> characters.</param>
    /// <returns>False when the memory cannot be read or does not hold a compact string.</returns>
    public static bool TryRead(Sonde.Symbols.IMemory memory, CallLayout layout, ulong address, int maximum, out string text)
    {
        // Nearly all strings are names: header and characters come in one reading, unless the memory ends behind a short one.
        Span<byte> head = stackalloc byte[HeadBytes(layout)];
        text = "";
        if (!memory.TryRead(address, head))
        {
            head = head[..HeaderBytes(layout)];
            if (!memory.TryRead(address, head))
            {
                return false;
            }
        }

        if (TryDecode(layout, head, maximum, out text))
        {
            return true;
        }

        if (!TryFind(layout, head, maximum, out var state, out var first, out var count))
        {
            return false;
        }

        var bytes = new byte[count];
        if (!memory.TryRead(unchecked(address + (ulong)first), bytes))
        {
            return false;
        }

        text = Decode(state, bytes);
        return true;
    }

    /// <summary>How many bytes from the beginning of a string object hold all of most strings.</summary>
    public static int HeadBytes(CallLayout layout)
    {
        const int mostOfNames = 64;
        return Math.Max(HeaderBytes(layout), layout.TextCompact) + mostOfNames;
    }

    /// <summary>Decodes a string object from its first bytes, which may be more than it has.</summary>
    /// <returns>False when it is no compact string, or longer than that.</returns>
    public static bool TryDecode(CallLayout layout, ReadOnlySpan<byte> head, int maximum, out string text)
    {
        var isThere = TryFind(layout, head, maximum, out var state, out var first, out var count) && first + count <= head.Length;
        text = isThere ? Decode(state, head.Slice(first, count)) : "";
        return isThere;
    }

    static int HeaderBytes(CallLayout layout) => Math.Max(Math.Max(layout.TextLength + sizeof(long), layout.TextState + sizeof(uint)), layout.TextAscii);

    /// <summary>Where the characters of a string object are, in bytes from its beginning; false when it is no compact string.</summary>
    static bool TryFind(CallLayout layout, ReadOnlySpan<byte> head, int maximum, out uint state, out int first, out int count)
    {
        var length = BinaryPrimitives.ReadInt64LittleEndian(head[layout.TextLength..]);
        state = BinaryPrimitives.ReadUInt32LittleEndian(head[layout.TextState..]);
        first = IsAscii(state) ? layout.TextAscii : layout.TextCompact;
        var size = CharacterBytes(state);
        count = (int)Math.Clamp(length, 0, maximum) * size;
        return length >= 0 && size > 0;
    }
}
