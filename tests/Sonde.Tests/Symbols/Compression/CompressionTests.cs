using System.Diagnostics;
using System.Text;
using Sonde.Symbols.Compression;
using Xunit;

namespace Sonde.Tests.Symbols.Compression;

/// <summary>Our decoders against what <c>xz</c> and <c>zstd</c> write.</summary>
public sealed class CompressionTests
{
    const int Most = 1 << 24;

    public static TheoryData<string, string> Ways => new()
    {
        { "xz", "-0" },
        { "xz", "-6" },
        { "xz", "-9e --check=none" },
        { "xz", "--check=crc32 --lzma2=preset=6,lc=0,lp=4,pb=4" },
        { "xz", "--check=sha256 --lzma2=preset=3,lc=4,lp=0,pb=0" },
        { "xz", "-T2 --block-size=20000" },
        { "zstd", "-1" },
        { "zstd", "-19" },
        { "zstd", "--fast=5 --no-check" },
        { "zstd", "-3 --check" },
        { "zstd", "--ultra -22" },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_was_compressed_comes_back(string program, string options)
    {
        foreach (var plain in Samples())
        {
            Assert.True(plain.AsSpan().SequenceEqual(Decompress(program, Compress(program, options, plain), Most)), $"{program} {options}: {plain.Length} bytes");
        }
    }

    [Theory]
    [InlineData("xz", "-6")]
    [InlineData("zstd", "-9")]
    public void Damaged_data_gives_nothing_worse_than_a_message(string program, string options)
    {
        var whole = Compress(program, options, Samples()[1]);
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var bytes = (byte[])whole.Clone();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                Decompress(program, bytes.AsSpan(0, random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length).ToArray(), 1 << 20);
            }
            catch (CompressionException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        }
    }

    [Theory]
    [InlineData("--check=crc32")]
    [InlineData("--check=crc64")]
    public void A_wrong_checksum_is_told(string options)
    {
        // Too short and too random to be compressed: the block holds the bytes as they are.
        var plain = new byte[64];
        new Random(1).NextBytes(plain);
        var packed = Compress("xz", options, plain);
        packed[packed.AsSpan().IndexOf(plain)] ^= 1;
        Assert.Contains("checksum of a block is wrong", Assert.Throws<CompressionException>(() => XzReader.Decompress(packed, Most)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xz", "-6")]
    [InlineData("zstd", "-9")]
    public void No_more_than_is_wanted_is_decompressed(string program, string options)
    {
        var packed = Compress(program, options, new byte[4 << 20]);
        Assert.InRange(packed.Length, 1, 2000);
        Assert.Contains("more than 65536 bytes", Assert.Throws<CompressionException>(() => Decompress(program, packed, 1 << 16)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_filters_and_other_files_are_refused()
    {
        Assert.Contains("LZMA2", Assert.Throws<CompressionException>(() => XzReader.Decompress(Compress("xz", "--x86 --lzma2", Samples()[1]), Most)).Message, StringComparison.Ordinal);
        Assert.Throws<CompressionException>(() => XzReader.Decompress("\u007fELF and more than that"u8, Most));
        Assert.Throws<CompressionException>(() => ZstandardReader.Decompress("\u007fELF and more than that"u8, Most));
    }

    static byte[] Decompress(string program, byte[] bytes, int most) => program == "xz" ? XzReader.Decompress(bytes, most) : ZstandardReader.Decompress(bytes, most);

    /// <summary>Nothing, text, a program, bytes without any order, and the same over and over.</summary>
    static byte[][] Samples()
    {
        var noise = new byte[70000];
        new Random(1).NextBytes(noise);
        var text = new StringBuilder();
        for (var i = 0; i < 4000; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"_ZN{i % 37}name{i * 7919 % 1000}Ev symbol {i}\n");
        }

        return [[], Encoding.UTF8.GetBytes(text.ToString()), File.ReadAllBytes("/bin/ls"), noise, [.. Enumerable.Repeat((byte)'x', 300000)], [.. noise.AsSpan(0, 300), .. noise.AsSpan(0, 300)]];
    }

    static byte[] Compress(string program, string options, byte[] plain)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/" + program), $"{program} is not installed.");
        var start = new ProcessStartInfo(program, [.. options.Split(' '), "-q", "-c", "-"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        using var packed = new MemoryStream();
        var copying = Task.Run(() => process.StandardOutput.BaseStream.CopyTo(packed));
        process.StandardInput.BaseStream.Write(plain);
        process.StandardInput.Close();
        copying.Wait(TestContext.Current.CancellationToken);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return packed.ToArray();
    }
}
