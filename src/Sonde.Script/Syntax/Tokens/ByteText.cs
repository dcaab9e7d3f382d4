using System.Text;

namespace Sonde.Script.Syntax;

/// <summary>Strings of the language are bytes; here one byte is one char from 0 to 255.</summary>
static class ByteText
{
    /// <summary>The UTF-8 bytes of a text, one to a char.</summary>
    public static string Encode(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>The text that the bytes are in UTF-8; bytes that are none become U+FFFD.</summary>
    public static string Decode(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));
}
