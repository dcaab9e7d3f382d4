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
        text = "";
        Span<byte> word = stackalloc byte[8];
        if (!memory.TryRead(address + (ulong)layout.TextLength, word))
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt64LittleEndian(word);
        if (length < 0 || !memory.TryRead(address + (ulong)layout.TextState, word[..4]))
        {
            return false;
        }

        var state = BinaryPrimitives.ReadUInt32LittleEndian(word);
        var size = CharacterBytes(state);
        if (size == 0)
        {
            return false;
        }

        var bytes = new byte[Math.Min(length, maximum) * size];
        if (!memory.TryRead(address + (ulong)(IsAscii(state) ? layout.TextAscii : layout.TextCompact), bytes))
        {
            return false;
        }

        text = Decode(state, bytes);
        return true;
    }
}
