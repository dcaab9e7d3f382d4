using System.IO.Compression;
using System.Text;
using Sonde.Engine;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Tests.Script.Fuzz;
using Xunit;

namespace Sonde.Tests.Profiles;

/// <summary>Whatever a file holds, reading it ends with a profile or with one message that says what is wrong.</summary>
public sealed class DamagedFileTests
{
    static readonly int _mutations = FuzzSize.Or(60);

    public static TheoryData<string, int> FormatsAndSeeds
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var format in ProfileFormats.All.Where(format => !format.Name.StartsWith("flamegraph", StringComparison.Ordinal) && format.Name != "html"))
            {
                for (int seed = 0; seed < 6; seed++)
                {
                    data.Add(format.Name, seed);
                }
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(FormatsAndSeeds))]
    public void Fuzzed_files_are_read_or_refused_with_a_message(string format, int seed)
    {
        var random = new Random(seed);
        byte[] original = RoundTripTests.Write(RandomProfile.Make(seed, timeline: seed % 2 == 0), format);
        if (format == "pprof")
        {
            using var gzip = new GZipStream(new MemoryStream(original), CompressionMode.Decompress);
            using var plain = new MemoryStream();
            gzip.CopyTo(plain);
            original = plain.ToArray();
        }

        for (int i = 0; i < _mutations; i++)
        {
            byte[] file = Mutate(original, random);
            ReadOrRefuse(() => ProfileFormats.ByName(format).Read(new MemoryStream(file)));
            ReadOrRefuse(() => ProfileFormats.Read(new MemoryStream(file)));
        }
    }

    [Theory, MemberData(nameof(FormatsAndSeeds))]
    public void Every_reader_refuses_the_files_of_others_and_noise(string format, int seed)
    {
        var random = new Random(seed);
        byte[] noise = new byte[random.Next(2000)];
        random.NextBytes(noise);
        ReadOrRefuse(() => ProfileFormats.ByName(format).Read(new MemoryStream(noise)));
        ReadOrRefuse(() => ProfileFormats.ByName(format).Read(new MemoryStream()));
        foreach (var other in ProfileFormats.All)
        {
            byte[] file = RoundTripTests.Write(RandomProfile.Make(seed), other.Name);
            ReadOrRefuse(() => ProfileFormats.ByName(format).Read(new MemoryStream(file)));
        }
    }

    [Fact]
    public void A_small_file_that_unpacks_to_a_large_one_is_refused()
    {
        using var bomb = new MemoryStream();
        using (var gzip = new GZipStream(bomb, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(new byte[(2 << 20) + 1]);
        }

        bomb.Position = 0;
        Assert.True(bomb.Length < 1 << 16);
        Assert.Equal("it unpacks to more than 2 MiB", Assert.Throws<FormatException>(() => FileContent.Unpack(bomb, 2 << 20)).Message);
    }

    [Fact]
    public void Inlined_functions_cannot_make_a_small_file_a_large_profile()
    {
        var message = new Engine.Profiles.Formats.Protobuf.ProtobufMessage();
        var part = new Engine.Profiles.Formats.Protobuf.ProtobufMessage();
        var location = new Engine.Profiles.Formats.Protobuf.ProtobufMessage().Number(1, 1);
        for (int i = 1; i <= 20_000; i++)
        {
            location.Message(4, part.Clear().Number(1, 1).Number(2, i));
        }

        var packed = new Engine.Profiles.Formats.Protobuf.ProtobufMessage();
        for (int i = 0; i < 20_000; i++)
        {
            packed.Varint(1);
        }

        message.Text(6, "").Text(6, "count").Message(1, part.Clear().Number(1, 1).Number(2, 1)).Message(5, part.Clear().Number(1, 1)).Message(4, location);
        message.Message(2, part.Clear().Message(1, packed).Message(2, new Engine.Profiles.Formats.Protobuf.ProtobufMessage().Varint(1)));
        byte[] file = message.Bytes.ToArray();
        Assert.Contains("far longer than the file", Assert.Throws<FormatException>(() => ProfileFormats.ByName("pprof").Read(new MemoryStream(file))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("main;f\n", "as raw: line 1: a stack ends with a blank and a number")]
    [InlineData("main 1\nf 99999999999999999999\n", "as raw: line 2: a stack ends with a blank and a number")]
    [InlineData("", "the file is empty")]
    [InlineData("{\"a\":1}", "it is JSON, but no profile of the formats that can be read (speedscope, raw, pprof, chrome, gecko, perfetto, jsonl)")]
    [InlineData("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"shared\":{\"frames\":[]},\"profiles\":[{\"type\":\"sampled\",\"samples\":[[0]],\"weights\":[1]}]}", "as speedscope: near byte 131: 0 is no index into a table of 0")]
    [InlineData("{\"sonde_profile\":1,\"unit\":\"samples\",\"duration_ns\":0,\"interval_ns\":0}\n{\"in\":0,\"on\":0,\"samples\":1,\"weight\":1}\n", "as jsonl: near byte 108: \"in\" points at nothing")]
    [InlineData("{\"sonde_profile\":1,\"unit\":\"samples\"", "as jsonl: near byte 35: the file ends where a member of an object should be")]
    [InlineData("[{\"ph\":\"B\",\"ts\":-1}]", "as chrome: near byte 19: a time is out of range")]
    [InlineData("<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "as flamegraph: a flamegraph is made to be looked at; keep the profile as .jsonl too, which holds everything")]
    [InlineData("MOJ\u0003\u0000", "this is Austin's binary format; mojo2austin makes collapsed stacks of it")]
    public void What_is_wrong_is_said_with_the_place(string file, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => ProfileFormats.Read(new MemoryStream(Encoding.UTF8.GetBytes(file)))).Message);

    [Fact]
    public void Files_that_cannot_be_opened_are_said_in_one_line()
    {
        string missing = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "x.json");
        Assert.Equal($"cannot read '{missing}': the directory does not exist", Assert.Throws<UserErrorException>(() => ProfileFormats.ReadFile(missing)).Message);
        Assert.Equal(
            $"cannot write '{missing}': the directory does not exist",
            Assert.Throws<UserErrorException>(() => ProfileFormats.WriteFile(new Profile(false), ProfileFormats.ForFile(missing), missing)).Message);
        Assert.Contains("no format has this extension", Assert.Throws<UsageException>(() => ProfileFormats.ForFile("x.png")).Message, StringComparison.Ordinal);
        Assert.Contains("speedscope", Assert.Throws<UsageException>(() => ProfileFormats.ByName("jpeg")).Message, StringComparison.Ordinal);
    }

    static void ReadOrRefuse(Func<Profile?> read)
    {
        try
        {
            read();
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            Assert.NotEmpty(exception.Message);
        }
    }

    static byte[] Mutate(byte[] original, Random random)
    {
        byte[] file = random.Next(6) == 0 ? original[..random.Next(original.Length)] : (byte[])original.Clone();
        for (int changes = random.Next(1, 6); changes > 0 && file.Length > 0; changes--)
        {
            int at = random.Next(file.Length);
            switch (random.Next(4))
            {
                case 0:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    file[at] = (byte)random.Next(256);
                    break;
                case 2:
                    // A digit more or another one makes other numbers of JSON.
                    file[at] = (byte)('0' + random.Next(10));
                    break;
                default:
                    int length = Math.Min(random.Next(40), file.Length - at);
                    file = [.. file[..at], .. file[(at + length)..], .. random.Next(2) == 0 ? file[at..(at + length)] : []];
                    break;
            }
        }

        return file;
    }
}
