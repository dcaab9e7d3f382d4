using System.Globalization;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Tables;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class SymbolTableTests
{
    [Fact]
    public void Functions_of_all_tables_are_there_once_and_without_versions()
    {
        var table = SymbolTable.Read(Program(
            [("write", 0x1100, true), ("memcpy@@GLIBC_2.14", 0x1200, true), ("helper", 0x1300, true)],
            [("write", 0x1100, true), ("memcpy", 0x1200, true), ("absent", 0x1400, false)]));

        Assert.Equal(["write@0x1100", "memcpy@0x1200", "helper@0x1300"], table.Select(f => f.ToString()));
        Assert.True(table.TryFind("memcpy@GLIBC_2.2.5", out var found));
        Assert.Equal(0x1200UL, found.Address);
        Assert.True(found.TryGetFileOffset(out var offset));
        Assert.Equal(table.File.Segments[0].Offset + 0x200, offset);
        Assert.False(table.TryFind("absent", out _));
        Assert.Empty(table.Named(""));
    }

    [Fact]
    public void An_address_is_found_in_the_function_that_covers_it()
    {
        var table = SymbolTable.Read(Program([("first", 0x1100, true), ("second", 0x1140, true)], []));

        Assert.Equal("first+0x0", Describe(table, 0x1100));
        Assert.Equal("first+0x1f", Describe(table, 0x111f));
        Assert.Equal("none", Describe(table, 0x1120));
        Assert.Equal("none", Describe(table, 0x10ff));
        Assert.Equal("second+0x1", Describe(table, 0x1141));
        Assert.True(table.TryFindAtFileOffset(table.File.Segments[0].Offset + 0x141, out var symbol, out var offset));
        Assert.Equal(("second", 1UL), (symbol.Name, offset));
    }

    [Fact]
    public void The_plainest_of_several_names_is_taken()
    {
        var table = SymbolTable.Read(Program([("__read", 0x1100, true), ("read", 0x1100, true), ("__libc_read", 0x1100, true)], []));

        Assert.Equal("read+0x4", Describe(table, 0x1104));
        Assert.Equal(3, table.Count);
    }

    [Fact]
    public void Names_of_the_debug_file_are_added_at_the_addresses_of_the_program()
    {
        var stripped = Program([], [("exported", 0x1100, true)]);
        var debug = Program([("exported", 0x1100, true), ("hidden", 0x1200, true)], []);

        var table = SymbolTable.Read(stripped, debug);

        Assert.Equal(["exported", "hidden"], table.Select(f => f.Name));
        Assert.Equal("hidden+0x8", Describe(table, 0x1208));
    }

    [Fact]
    public void Looking_up_takes_no_memory()
    {
        var table = TestFiles.Open(TestFiles.Real.First(f => f.Contains("libc.so", StringComparison.Ordinal) || f.Contains("libc-", StringComparison.Ordinal))).Functions;
        Assert.True(table.TryFind("malloc", out var malloc));
        Assert.Equal("malloc", Name());

        var before = GC.GetAllocatedBytesForCurrentThread();
        Name();

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        string Name() => table.TryFind(malloc.Address + 1, out var symbol, out _) ? symbol.Name : "";
    }

    [Fact]
    public void Real_files_give_every_function_that_readelf_shows()
    {
        foreach (var path in TestFiles.Real)
        {
            var table = TestFiles.Open(path).Functions;
            var expected = new HashSet<(ulong, string)>();
            foreach (var line in TestFiles.ReadElf("-sW", path))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length >= 8 && fields[3] is "FUNC" or "IFUNC" && fields[6] != "UND"
                    && ulong.TryParse(fields[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var address) && address != 0)
                {
                    expected.Add((address, fields[7].Split('@')[0]));
                }
            }

            Assert.Equal(expected.Order(), table.Select(f => (f.Address, f.Name)).Order());
            foreach (var function in table)
            {
                Assert.True(table.TryFind(function.Address, out var found, out var offset));
                Assert.Equal((function.Address, 0UL), (found.Address, offset));
                Assert.Contains(function, table.Named(function.Name));
            }
        }
    }

    static string Describe(SymbolTable table, ulong address) =>
        table.TryFind(address, out var symbol, out var offset) ? $"{symbol.Name}+0x{offset:x}" : "none";

    static ElfFile Program((string Name, ulong Address, bool Defined)[] symbols, (string Name, ulong Address, bool Defined)[] dynamic)
    {
        var elf = new TestElf();
        elf.Segment(ElfSegmentType.Load, ElfSegmentAccess.Read | ElfSegmentAccess.Execute, 0x1000, new byte[0x1000]);
        elf.Symbols(ElfSectionType.SymbolTable, [.. symbols.Select(s => (s.Name, s.Address, ElfSymbolType.Function, s.Defined))]);
        elf.Symbols(ElfSectionType.DynamicSymbols, [.. dynamic.Select(s => (s.Name, s.Address, ElfSymbolType.Function, s.Defined))]);
        return ElfFile.Parse(elf.Build(), "program");
    }
}
