using System.Text;

namespace Sonde.Python.Source;

static class SourceEncoding
{
    /// <summary>UTF-8, or Latin-1 when the first comment in the first two lines names another coding (PEP 263).</summary>
    public static Encoding Detect(ReadOnlySpan<byte> source)
    {
        if (source.StartsWith("\ufeff"u8))
        {
            return Encoding.UTF8;
        }

        for (int line = 0; line < 2; line++)
        {
            int length = source.IndexOfAny((byte)'\n', (byte)'\r');
            var text = (length < 0 ? source : source[..length]).TrimStart(" \t\f"u8);
            source = length < 0 ? default : source[(length + 1)..];
            if (text is [not (byte)'#', ..])
            {
                break;
            }

            var coding = Coding(text);
            if (!coding.IsEmpty)
            {
                return coding.Length >= 3 && Ascii.EqualsIgnoreCase(coding[..3], "utf"u8) ? Encoding.UTF8 : Encoding.Latin1;
            }
        }

        return Encoding.UTF8;
    }

    static ReadOnlySpan<byte> Coding(ReadOnlySpan<byte> comment)
    {
        int at = comment.IndexOf("coding"u8);
        if (at < 0)
        {
            return default;
        }

        var rest = comment[(at + "coding".Length)..];
        return rest is [(byte)':' or (byte)'=', ..] ? rest[1..].TrimStart(" \t"u8) : default;
    }
}
