using System.Text;
using Sonde.Symbols.Jit;
using Xunit;

namespace Sonde.Tests.Symbols.Jit;

public sealed class JitFilesTests
{
    [Fact]
    public void A_map_is_read_as_it_grows()
    {
        var file = new List<byte>();
        var functions = new JitFunctions();
        var reader = new PerfMapReader(functions);
        Write("7f0000001000 40 py::handle:/srv/app.py\n0x7f0000002000 0x100 void [app] Shop::Order(int)[Tier0]\n7f00000030");
        Assert.Equal("py::handle:/srv/app.py", NameAt(functions, 0x7f000000103f));
        Assert.Equal("void [app] Shop::Order(int)[Tier0]", NameAt(functions, 0x7f0000002000));
        Assert.Null(NameAt(functions, 0x7f0000001040));
        Assert.Equal(2, functions.Count);
        Write("00 10 late\n\nnonsense\n12 zz name\n");
        Assert.Equal("late", NameAt(functions, 0x7f000000300f));
        Assert.Equal(2, reader.Malformed);

        void Write(string text)
        {
            file.AddRange(Encoding.UTF8.GetBytes(text));
            reader.ReadMore(Reader([.. file]), file.Count);
        }
    }

    [Fact]
    public void A_file_without_lines_is_given_up_and_one_without_end_is_read_bit_by_bit()
    {
        var reads = 0;
        var sparse = new PerfMapReader(new JitFunctions());
        for (var look = 0; look < 3; look++)
        {
            sparse.ReadMore(Endless(0), long.MaxValue);
        }

        Assert.Equal((1, 1L, false), (reads, sparse.Malformed, sparse.HasMore));

        var growing = new PerfMapReader(new JitFunctions());
        growing.ReadMore(Endless((byte)'\n'), long.MaxValue);
        Assert.Equal((1 + (64 << 20) / (64 << 10), true), (reads, growing.HasMore));

        ReadAt Endless(byte value) => (_, destination) =>
        {
            reads++;
            destination.Clear();
            destination[^1] = value;
            return destination.Length;
        };
    }

    [Fact]
    public void Lines_wait_for_so_many_places_only()
    {
        var functions = new JitFunctions();
        var places = Enumerable.Range(0, 40_000).Select(static i => ((ulong)i, i, "\u00ff")).ToArray();
        byte[] whole = [.. Header(), .. Enumerable.Range(1, 7).SelectMany(code => Lines((ulong)code << 20, [((ulong)code << 20, code, "app.js"), .. places])), .. Enumerable.Range(1, 7).SelectMany(code => Load((ulong)code << 20, 0x40, $"f{code}"))];

        new JitDumpReader(functions).ReadMore(Reader(whole), whole.Length);

        Assert.True(functions.TryFind(1 << 20, out var first));
        Assert.Equal(("f1", 0), (first.Name, first.Line));
        Assert.True(functions.TryFind(7 << 20, out var last));
        Assert.Equal(("f7", 7), (last.Name, last.Line));
    }

    [Fact]
    public void Memory_that_is_used_again_has_the_name_of_the_latest()
    {
        var functions = new JitFunctions();
        var random = new Random(7);
        var latest = new string?[1 << 12];
        for (var i = 0; i < 5000; i++)
        {
            var (start, size) = (random.Next(latest.Length - 40), random.Next(1, 40));
            functions.Add((ulong)start + 1, (ulong)size, Encoding.UTF8.GetBytes($"f{i}"));
            Array.Fill(latest, $"f{i}", start, size);
            var asked = random.Next(latest.Length);

            // Of functions that begin within reach of the address, so many as can overlap it by the latest are asked.
            if (NameAt(functions, (ulong)asked + 1) is var name && name != latest[asked])
            {
                Assert.Fail($"{asked}: {name}, not {latest[asked]}, after {i}");
            }

            if (i % 50 == 49)
            {
                functions = new JitFunctions();
                Array.Clear(latest);
            }
        }
    }

    [Fact]
    public void Of_any_number_of_functions_at_one_address_the_latest_counts()
    {
        var functions = new JitFunctions();
        functions.Add(0x1000, 0x1000, "around"u8);
        for (var i = 0; i < 5000; i++)
        {
            functions.Add(0x1100 + (ulong)(i % 3), 0x10, Encoding.UTF8.GetBytes($"f{i}"));
            functions.Add(0x1400, 0x10, Encoding.UTF8.GetBytes($"g{i}"));
            if (i % 97 == 0 || i == 4999)
            {
                Assert.Equal($"f{i}", NameAt(functions, 0x1108));
                Assert.Equal($"g{i}", NameAt(functions, 0x1400));
                Assert.Equal("around", NameAt(functions, 0x1300));
                Assert.Equal("around", NameAt(functions, 0x1fff));
            }
        }
    }

    [Fact]
    public void Lines_of_V8_lie_behind_an_ELF_header_that_is_not_there()
    {
        var functions = new JitFunctions();
        byte[] whole =
        [
            .. Header(), .. Lines(0x1000, (0x1040, 10, "app.js"), (0x1050, 11, "\u00ff")), .. Load(0x1000, 0x40, "JS:*handle app.js:10:1"),
            .. Lines(0x2000, (0x2040, 7, "\u009cn\u0001"), (0x8000, 3, "\u00ff")), .. Load(0x2000, 0x40, "JS:^nameless"),
        ];

        new JitDumpReader(functions).ReadMore(Reader(whole), whole.Length);

        Assert.True(functions.TryFind(0x100f, out var function));
        Assert.Equal(("app.js", 10), (function.File, function.Line));
        Assert.True(functions.TryFind(0x1010, out function));
        Assert.Equal(("app.js", 11), (function.File, function.Line));
        Assert.True(functions.TryFind(0x2000, out function));
        Assert.Equal((null, 0), (function.File, function.Line));
    }

    [Fact]
    public void Many_functions_are_found()
    {
        var functions = new JitFunctions();
        for (var i = 0; i < 100_000; i++)
        {
            functions.Add((ulong)(i * 7919L % 100_000 * 64), 64, Encoding.UTF8.GetBytes($"f{i * 7919L % 100_000}"));
        }

        for (var i = 0; i < 100_000; i += 13)
        {
            Assert.Equal($"f{i}", NameAt(functions, (ulong)i * 64 + 63));
        }
    }

    [Fact]
    public void A_dump_has_functions_moves_and_lines()
    {
        var functions = new JitFunctions();
        var reader = new JitDumpReader(functions);
        byte[] whole =
        [
            .. Header(), .. Lines(0x1000, (0x1000, 10, "app.js"), (0x1010, 11, "\u00ff"), (0x1020, 3, "lib.js")), .. Load(0x1000, 0x40, "handle"), .. Load(0x2000, 0x10, "other"),
            .. Record(1, [.. new byte[16], .. Number(0x2000), .. Number(0x3000), .. Number(0x10), .. Number(2)]), .. Record(3, []),
        ];

        reader.ReadMore(Reader(whole.AsSpan(0, whole.Length - 100).ToArray()), whole.Length - 100);
        reader.ReadMore(Reader(whole), whole.Length);

        Assert.Null(reader.Problem);
        Assert.True(functions.TryFind(0x1013, out var function));
        Assert.Equal(new JitFunction(0x1000, "handle", "app.js", 11), function);
        Assert.True(functions.TryFind(0x103f, out function));
        Assert.Equal(("lib.js", 3), (function.File, function.Line));
        Assert.Equal("other", NameAt(functions, 0x300f));
        Assert.Equal(3, functions.Count);
    }

    [Fact]
    public void Damaged_files_give_nothing_worse_than_no_names()
    {
        byte[] whole = [.. Header(), .. Lines(0x1000, (0x1000, 10, "app.js"), (0x1010, 11, "\u00ff")), .. Load(0x1000, 0x40, "handle"), .. Load(0x2000, 0x10, "other"), .. Record(1, new byte[48])];
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var bytes = (byte[])whole.Clone();
            for (var i = random.Next(1, 8); i > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)0xff : (byte)random.Next(256);
            }

            var functions = new JitFunctions();
            new JitDumpReader(functions).ReadMore(Reader(bytes), bytes.Length);
            new PerfMapReader(functions).ReadMore(Reader(bytes), bytes.Length);
            functions.TryFind((ulong)random.Next(0x4000), out _);
        }
    }

    static string? NameAt(JitFunctions functions, ulong address) => functions.TryFind(address, out var function) ? function.Name : null;

    static ReadAt Reader(byte[] file) => (offset, destination) =>
    {
        var count = (int)Math.Clamp(file.Length - offset, 0, destination.Length);
        file.AsSpan((int)Math.Min(offset, file.Length), count).CopyTo(destination);
        return count;
    };

    static byte[] Number(ulong value) => BitConverter.GetBytes(value);

    static byte[] Header() => [.. BitConverter.GetBytes(0x4a695444), .. BitConverter.GetBytes(1), .. BitConverter.GetBytes(40), .. new byte[28]];

    static byte[] Record(uint kind, byte[] content) => [.. BitConverter.GetBytes(kind), .. BitConverter.GetBytes(content.Length + 16), .. new byte[8], .. content];

    static byte[] Load(ulong address, ulong size, string name) =>
        Record(0, [.. new byte[8], .. Number(address), .. Number(address), .. Number(size), .. Number(1), .. Encoding.UTF8.GetBytes(name), 0, .. new byte[size]]);

    static byte[] Lines(ulong code, params (ulong Address, int Line, string File)[] lines) => Record(2,
        [.. Number(code), .. Number((ulong)lines.Length), .. lines.SelectMany(line => (byte[])[.. Number(line.Address), .. BitConverter.GetBytes(line.Line), .. new byte[4], .. Encoding.Latin1.GetBytes(line.File), 0])]);
}
