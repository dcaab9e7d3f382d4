using System.Text;
using Sonde.Engine.Output;
using Xunit;

namespace Sonde.Tests.Output;

public sealed class EscapeTests
{
    [Theory]
    [InlineData("plain name", "plain name")]
    [InlineData("größe_数", "größe_数")]
    [InlineData("\U0001F40D", "\U0001F40D")]
    [InlineData("a\nb\tc\0", "a\\x0ab\\x09c\\x00")]
    [InlineData("\e[2J\a\x7f", "\\x1b[2J\\x07\\x7f")]
    [InlineData("\u0085\u009b31m", "\\x85\\x9b31m")]
    [InlineData("a\u202eb\u2066c\u200fd\u061c", "a\\u202eb\\u2066c\\u200fd\\u061c")]
    [InlineData("a\u2028b\u2029c\ufeff\u200b", "a\\u2028b\\u2029c\\ufeff\\u200b")]
    [InlineData("\U000e0041", "\\U000e0041")]
    [InlineData("C:\\x1b", "C:\\x1b")]
    public void Shows_what_would_be_hidden(string hostile, string shown)
    {
        Assert.Equal(shown, Escape.Text(hostile));
        Assert.Equal(shown, Escape.Utf8(Encoding.UTF8.GetBytes(hostile)));
        Assert.Equal(shown, Escape.Text(shown));
    }

    [Fact]
    public void Shows_what_is_no_text()
    {
        Assert.Equal("a\\ud800b\\udc00", Escape.Text("a\ud800b\udc00"));
        Assert.Equal("a\\xff\\xed\\xa0\\x80b\\xc3", Escape.Utf8([(byte)'a', 0xff, 0xed, 0xa0, 0x80, (byte)'b', 0xc3]));
    }

    [Fact]
    public void Cuts_with_a_mark_and_never_inside_a_character_or_an_escape()
    {
        Assert.Equal("abcde", Escape.Text("abcde", 5));
        Assert.Equal("abcd…", Escape.Text("abcdef", 5));
        Assert.Equal("abc…", Escape.Text("abc\nd", 5));
        Assert.Equal("abc…", Escape.Text("abc\U0001F40De", 5));
        Assert.Equal("…", Escape.Text("\n", 1));
        for (int limit = 1; limit < 40; limit++)
        {
            Assert.InRange(Escape.Text("ab\n\u202e\U0001F40D\U000e0041é…xyz\ud800", limit).Length, 1, limit);
        }
    }

    [Fact]
    public void Nothing_unsafe_ever_comes_out()
    {
        var random = new Random(7);
        for (int round = 0; round < 2000; round++)
        {
            char[] text = new char[random.Next(40)];
            for (int i = 0; i < text.Length; i++)
            {
                text[i] = (char)random.Next(random.Next(2) == 0 ? 0x100 : 0x10000);
            }

            string safe = Escape.Text(new string(text), 50);
            Assert.InRange(safe.Length, 0, 50);
            Assert.Equal(safe, Escape.Text(safe, 50));
            Assert.DoesNotContain(safe, character => char.IsControl(character));
        }
    }

    [Theory]
    [InlineData(0, "0 ns")]
    [InlineData(999, "999 ns")]
    [InlineData(1_000, "1.00 µs")]
    [InlineData(9_994, "9.99 µs")]
    [InlineData(9_995, "10.0 µs")]
    [InlineData(12_345, "12.3 µs")]
    [InlineData(99_950, "100 µs")]
    [InlineData(999_499, "999 µs")]
    [InlineData(999_500, "1.00 ms")]
    [InlineData(4_560_000, "4.56 ms")]
    [InlineData(999_499_999, "999 ms")]
    [InlineData(999_500_000, "1.00 s")]
    [InlineData(1_200_000_000, "1.20 s")]
    [InlineData(3_600_000_000_000, "3600 s")]
    [InlineData(long.MaxValue, "9223372037 s")]
    public void Durations_have_three_significant_digits(long ns, string text) => Assert.Equal(text, Utf8Cursor.Duration(ns));

    [Theory]
    [InlineData(0, "0.000")]
    [InlineData(12_345, "12.345")]
    [InlineData(-1, "-0.001")]
    [InlineData(long.MinValue, "-9223372036854775.808")]
    public void Thousandths_are_exact(long value, string text)
    {
        var cursor = new Utf8Cursor(stackalloc byte[32]);
        cursor.AddThousandths(value);
        Assert.Equal(text, Encoding.UTF8.GetString(cursor.Written));
    }

    [Theory]
    [InlineData("a\"\\\n\u007f", "\"a\\\"\\\\\\n\\u007f\"")]
    [InlineData("\u202e\u2028\u200bé😀", "\"\\u202e\\u2028\\u200bé😀\"")]
    [InlineData("\U000e0041", "\"\\udb40\\udc41\"")]
    public void In_JSON_nothing_is_left_that_cannot_be_seen(string text, string json) => Assert.Equal(json, Encoding.UTF8.GetString(JsonText.Encode(text)));
}
