using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Usdt;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class UsdtNotesTests
{
    const ulong Code = 0x1000;
    const ulong Data = 0x3000;

    public static TheoryData<string> Files => [.. TestFiles.Real];

    [Theory]
    [MemberData(nameof(Files))]
    public void Notes_are_those_readelf_lists(string path)
    {
        var expected = new List<string>();
        string provider = "", name = "", location = "";
        foreach (var line in TestFiles.ReadElf("-nW", path))
        {
            if (Regex.Match(line, "    Provider: (.*)$") is { Success: true } p)
            {
                provider = p.Groups[1].Value;
            }
            else if (Regex.Match(line, "^    Name: (.*)$") is { Success: true } n)
            {
                name = n.Groups[1].Value;
            }
            else if (Regex.Match(line, "^    Location: 0x([0-9a-f]+), Base: 0x[0-9a-f]+, Semaphore: 0x([0-9a-f]+)$") is { Success: true } l)
            {
                location = string.Create(CultureInfo.InvariantCulture, $"{Convert.ToUInt64(l.Groups[1].Value, 16):x} {Convert.ToUInt64(l.Groups[2].Value, 16):x}");
            }
            else if (Regex.Match(line, "^    Arguments: (.*)$") is { Success: true } a)
            {
                expected.Add($"{provider}:{name} {location} {a.Groups[1].Value}");
            }
        }

        var file = TestFiles.Open(path);
        var notes = UsdtNotes.Read(file);

        Assert.Equal(0, notes.Malformed);
        Assert.Equal(
            expected.Order(),
            notes.Probes.SelectMany(p => p.Locations.Select(l => $"{p.FullName} {l.Address:x} {l.Semaphore?.Address ?? 0:x} {l.ArgumentText}")).Order());
        Assert.All(notes.Probes.SelectMany(p => p.Locations), l =>
        {
            Assert.True(file.TryGetFileOffset(l.Address, out var offset));
            Assert.Equal(offset, l.FileOffset);
            Assert.All(l.Arguments, a => Assert.True(a.Kind != UsdtOperandKind.Memory || a.Address is not null));
        });
    }

    [Fact]
    public void Locations_of_one_name_are_one_probe_with_all_semaphores()
    {
        var notes = Read(
            Note(Code, 0, Data, "app", "step", "8@%rdi"),
            Note(Code + 8, 0, 0, "app", "other", ""),
            Note(Code + 16, 0, Data + 2, "app", "step", "-4@$7"),
            Note(Code + 24, 0, Data, "app", "step", "8@%rsi"));

        Assert.Equal(["app:step", "app:other"], notes.Probes.Select(p => p.FullName));
        Assert.Equal([Code, Code + 16, Code + 24], notes.Probes[0].Locations.Select(l => l.Address));
        Assert.Equal([Data, Data + 2], notes.Probes[0].Semaphores.Select(s => s.Address));
        Assert.All(notes.Probes[0].Semaphores, s => Assert.NotNull(s.FileOffset));
        Assert.All(notes.Probes[0].Locations, l => Assert.NotNull(l.FileOffset));
        Assert.Empty(notes.Probes[1].Semaphores);
        Assert.Empty(notes.Probes[1].Locations[0].Arguments);
    }

    [Fact]
    public void A_moved_base_section_moves_address_and_semaphore()
    {
        var elf = Program(Note(0x800, 0x4800, 0x2800, "app", "step", ""), Note(Code + 4, 0, 0, "app", "still", ""));
        elf.Section(".stapsdt.base", ElfSectionType.ProgramBits, [0], ElfSectionAttributes.Allocated, address: 0x5000);

        var notes = UsdtNotes.Read(ElfFile.Parse(elf.Build(), "moved"));

        Assert.Equal(Code, notes.Probes[0].Locations[0].Address);
        Assert.Equal(Data, notes.Probes[0].Semaphores[0].Address);
        Assert.Equal(Code + 4, notes.Probes[1].Locations[0].Address);
    }

    [Fact]
    public void Bad_notes_are_counted_and_skipped_one_by_one()
    {
        var good = Note(Code, 0, 0, "app", "good", "");
        var wrongType = Note(Code, 0, 0, "app", "bad", "");
        BinaryPrimitives.WriteUInt32LittleEndian(wrongType.AsSpan(8), 4);
        var unterminated = Note(Code, 0, 0, "app", "bad", "8@%rax");
        unterminated.AsSpan(44).Fill((byte)'x');
        var endless = Note(Code, 0, 0, "app", "bad", "");
        BinaryPrimitives.WriteUInt32LittleEndian(endless.AsSpan(4), 0x7fffffff);
        byte[] tooShort = [8, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0, .. "stapsdt\0"u8, 0, 0, 0, 0, 0, 0, 0, 0];

        var notes = Read(wrongType, good, unterminated, tooShort, endless, Note(Code + 8, 0, 0, "app", "last", ""));

        Assert.Equal(["app:good", "app:last"], notes.Probes.Select(p => p.FullName));
        Assert.Equal(4, notes.Malformed);
        Assert.Equal(4, notes.Problems.Count);
        Assert.All(notes.Problems, p => Assert.StartsWith("file+0x", p, StringComparison.Ordinal));
    }

    [Fact]
    public void Strange_names_are_kept_and_long_ones_cut()
    {
        var notes = Read(
            Note(Code, 0, 0, "pro\u001b[31m vider", "na:me\n%s", ""),
            Note(Code, 0, 0, new string('p', 5000), "", ""));

        Assert.Equal("pro\u001b[31m vider", notes.Probes[0].Provider);
        Assert.Equal("na:me\n%s", notes.Probes[0].Name);
        Assert.Equal(1024, notes.Probes[1].Provider.Length);
        Assert.Equal("", notes.Probes[1].Name);
    }

    [Theory]
    [InlineData("app\0step\0id\0sku\0", "id sku")]
    [InlineData("app\0step\0id\0", "")]
    [InlineData("app\0step\0id\0sku\0more\0", "")]
    [InlineData("app\0step\0id\0sku", "")]
    [InlineData("app\0other\0id\0sku\0", "")]
    [InlineData("app\0", "")]
    [InlineData("", "")]
    public void Arguments_have_names_where_a_note_beside_has_one_for_each(string description, string names)
    {
        var elf = Program(Note(Code, 0, 0, "app", "step", "8@%rdi 8@%rsi"));
        var bytes = Encoding.UTF8.GetBytes(description);
        byte[] note = [6, 0, 0, 0, (byte)bytes.Length, 0, 0, 0, 1, 0, 0, 0, .. "sonde\0\0\0"u8, .. bytes, .. new byte[-bytes.Length & 3]];
        elf.Section(".note.sonde", ElfSectionType.Note, note);

        var location = UsdtNotes.Read(ElfFile.Parse(elf.Build(), "file")).Probes[0].Locations[0];

        Assert.Equal(names, string.Join(' ', location.Arguments.Select(static argument => argument.Name)).Trim());
        Assert.Equal(["8@%rdi", "8@%rsi"], location.Arguments.Select(static argument => argument.Text));
    }

    [Fact]
    public void What_is_not_code_has_no_place_to_attach_to()
    {
        var notes = Read(Note(Data, 0, Code, "app", "in_data", ""), Note(0x900000, 0, 0x900000, "app", "nowhere", ""));

        Assert.All(notes.Probes, p => Assert.Null(p.Locations[0].FileOffset));
        Assert.All(notes.Probes.SelectMany(p => p.Semaphores), s => Assert.Null(s.FileOffset));
    }

    [Theory]
    [InlineData("-4@gint(%rip)", UsdtAnchor.ProbeAddress, 0x2010)]
    [InlineData("-4@gint+20(%rip)", UsdtAnchor.ProbeAddress, 0x2024)]
    [InlineData("-4@-4+gint(%rip)", UsdtAnchor.ProbeAddress, 0x200c)]
    [InlineData("8@$gint+8", UsdtAnchor.ProbeAddress, 0x2018)]
    [InlineData("8@imported@GOTPCREL(%rip)", UsdtAnchor.ProbeAddress, 0x2f00)]
    [InlineData("-4@%fs:tls_i@tpoff", UsdtAnchor.ThreadPointer, -12)]
    [InlineData("8@%fs:16", UsdtAnchor.ThreadPointer, 16)]
    [InlineData("8@16(%rsp)", UsdtAnchor.None, 16)]
    public void Symbols_become_distances(string text, UsdtAnchor anchor, long offset)
    {
        var argument = Resolve(text);

        Assert.Null(argument.Unavailable);
        Assert.Equal(anchor, argument.Address!.Value.Anchor);
        Assert.Equal(offset, argument.Address!.Value.Offset);
    }

    [Fact]
    public void A_symbol_with_an_index_keeps_the_index()
    {
        var address = Resolve("-4@gint+4(,%rdi,4)").Address!.Value;

        Assert.Equal((UsdtAnchor.ProbeAddress, 0x2014L, 4), (address.Anchor, address.Offset, address.Scale));
        Assert.Equal("rdi", address.Index!.Value.Name);
        Assert.Null(address.Base);
    }

    [Fact]
    public void Without_a_slot_the_address_itself_is_the_value()
    {
        var argument = Resolve("8@gint@GOTPCREL(%rip)");

        Assert.Equal(UsdtOperandKind.SymbolAddress, argument.Kind);
        Assert.Equal(0x2010, argument.Address!.Value.Offset);
    }

    [Theory]
    [InlineData("8@mp_(%rip)", "symbol mp_ is not in the file's symbol tables")]
    [InlineData("8@imported(%rip)", "symbol imported is defined in another file")]
    [InlineData("8@twice(%rip)", "symbol twice is defined more than once")]
    [InlineData("8@tls_i(%rip)", "symbol tls_i is thread-local")]
    [InlineData("8@%fs:gint@tpoff", "symbol gint is not thread-local")]
    [InlineData("8@%fs:tls_i@dtpoff", "modifier dtpoff")]
    [InlineData("8@%gs:8", "segment gs")]
    public void What_cannot_be_resolved_is_unavailable(string text, string reason) => Assert.Equal(reason, Resolve(text).Unavailable);

    [Fact]
    public void A_debug_file_supplies_stripped_symbols()
    {
        var debug = new TestElf();
        debug.Symbols(ElfSectionType.SymbolTable, ("mp_", Data + 0x40, ElfSymbolType.Data, true));

        var argument = Assert.Single(UsdtArgument.Parse("8@mp_(%rip)", ElfMachine.X8664))
            .Resolve(ElfFile.Parse(Program().Build(), "file"), Code, ElfFile.Parse(debug.Build(), "debug"));

        Assert.Equal(0x2040, argument.Address!.Value.Offset);
    }

    [Fact]
    public void The_low_bits_of_a_symbol_are_the_same_everywhere()
    {
        var argument = Assert.Single(UsdtArgument.Parse("8@[x0, #:lo12:gint]", ElfMachine.AArch64))
            .Resolve(ElfFile.Parse(Program().Build(), "file"), Code);

        Assert.Equal((UsdtAnchor.None, 0x10L), (argument.Address!.Value.Anchor, argument.Address!.Value.Offset));
        Assert.Equal("x0", argument.Address!.Value.Base!.Value.Name);
    }

    [Fact]
    public void Damaged_notes_give_no_exception_and_keep_within_bounds()
    {
        byte[][] originals = [Note(Code, 0, Data, "app", "one", "8@%rdi -4@gint(%rip)"), Note(Code + 8, 0, 0, "app", "two", "8@16(%rsp)"), Note(Code, 0, 0, "b", "c", "")];
        for (var seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var bytes = originals.SelectMany(b => b).ToArray();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)0xff : (byte)random.Next(256);
            }

            var notes = Read(bytes[..random.Next(bytes.Length / 2, bytes.Length + 1)]);

            Assert.InRange(notes.Probes.Sum(p => p.Locations.Count), 0, originals.Length);
        }
    }

    static UsdtArgument Resolve(string text) =>
        Assert.Single(UsdtArgument.Parse(text, ElfMachine.X8664)).Resolve(ElfFile.Parse(Program().Build(), "file"), Code);

    static UsdtNotes Read(params byte[][] notes) => UsdtNotes.Read(ElfFile.Parse(Program(notes).Build(), "file"));

    /// <summary>A program with code, data, a symbol table, one slot for an imported symbol and 16 bytes of thread-local data.</summary>
    static TestElf Program(params byte[][] notes)
    {
        const ulong Dynamic = 0x6000;
        const ulong Tables = 0x7000;
        var elf = new TestElf();
        elf.Segment(ElfSegmentType.Interpreter, ElfSegmentAccess.Read, 0x500, [.. "/lib/ld.so\0"u8]);
        elf.Segment(ElfSegmentType.Load, ElfSegmentAccess.Read | ElfSegmentAccess.Execute, Code, new byte[0x100]);
        elf.Segment(ElfSegmentType.Load, ElfSegmentAccess.Read | ElfSegmentAccess.Write, Data, new byte[0x100]);
        elf.Segment(ElfSegmentType.ThreadLocal, ElfSegmentAccess.Read, 0x5000, new byte[8], memorySize: 13);
        elf.Segment(ElfSegmentType.Load, ElfSegmentAccess.Read, Tables, TestElf.Words(0x3f00, 6 | 1UL << 32, 0));
        elf.Segment(ElfSegmentType.Dynamic, ElfSegmentAccess.Read, Dynamic, TestElf.Words(7, Tables, 8, 24, 0, 0), mapped: true);
        elf.Symbols(ElfSectionType.DynamicSymbols, ("imported", 0, ElfSymbolType.Data, false));
        elf.Symbols(
            ElfSectionType.SymbolTable,
            ("gint", Data + 0x10, ElfSymbolType.Data, true),
            ("tls_i", 4, ElfSymbolType.ThreadLocal, true),
            ("twice", Data + 0x20, ElfSymbolType.Data, true),
            ("twice", Data + 0x28, ElfSymbolType.Data, true));
        elf.Section(".note.stapsdt", ElfSectionType.Note, [.. notes.SelectMany(n => n)]);
        return elf;
    }

    static byte[] Note(ulong address, ulong linkBase, ulong semaphore, string provider, string name, string arguments)
    {
        byte[] descriptor = [.. TestElf.Words(address, linkBase, semaphore), .. Encoding.UTF8.GetBytes($"{provider}\0{name}\0{arguments}\0")];
        var note = new byte[20 + (descriptor.Length + 3 & ~3)];
        BinaryPrimitives.WriteUInt32LittleEndian(note, 8);
        BinaryPrimitives.WriteUInt32LittleEndian(note.AsSpan(4), (uint)descriptor.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(note.AsSpan(8), 3);
        "stapsdt\0"u8.CopyTo(note.AsSpan(12));
        descriptor.CopyTo(note, 20);
        return note;
    }
}
