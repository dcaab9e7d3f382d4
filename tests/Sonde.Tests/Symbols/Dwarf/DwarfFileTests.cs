using System.Globalization;
using System.Text;
using Sonde.Symbols.Dwarf;
using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Tests.Symbols.Dwarf;

public sealed class DwarfFileTests
{
    public static TheoryData<string, string> Options => new()
    {
        { "gcc", "-gdwarf-2 -gstrict-dwarf -O0" },
        { "gcc", "-gdwarf-3 -O1" },
        { "gcc", "-gdwarf-4 -O2" },
        { "gcc", "-gdwarf-4 -O0 -fdebug-types-section" },
        { "gcc", "-gdwarf-5 -O0" },
        { "gcc", "-gdwarf-5 -O2" },
        { "gcc", "-gdwarf-5 -O2 -gdwarf64" },
        { "gcc", "-gdwarf-5 -O2 -gz=zlib" },
        { "gcc", "-gdwarf-5 -O1 -fdebug-types-section" },
        { "gcc", "-gdwarf-5 -O2 -ffunction-sections -flto" },
        { "clang-14", "-gdwarf-4 -O0" },
        { "clang-14", "-gdwarf-5 -O0" },
        { "clang-14", "-gdwarf-5 -O2" },
    };

    [Theory]
    [MemberData(nameof(Options))]
    public void Functions_have_their_parameters(string compiler, string options)
    {
        var dwarf = Compiled.Open(compiler, Compiled.C, options);
        var symbols = dwarf.File.Functions;

        foreach (var (name, signature) in new[]
        {
            ("add", "int add(int first, long second, char third)"),
            ("walk", "void * walk(struct node * head, const point_t * where, point_ptr other, double ratio, ...)"),
            ("main", "int main(int argc, char * * argv)"),
        })
        {
            var function = dwarf.FindFunctions(name)[0];
            Assert.Equal(signature, Signature(function).Replace("long int", "long", StringComparison.Ordinal));
            Assert.True(function.IsExternal);
            Assert.True(symbols.TryFind(function.Address!.Value, out var symbol, out var offset));
            Assert.StartsWith(name, symbol.Name, StringComparison.Ordinal);
            Assert.Equal(0UL, offset);
            Assert.Equal(symbol.Address + symbol.Size, function.EndAddress);
            Assert.Equal(name, dwarf.FindFunction(symbol.Address)?.Name);
            Assert.Equal(name, dwarf.FindFunction(symbol.Address + symbol.Size - 1)?.Name);
            Assert.Contains(name, dwarf.FunctionNames);
        }

        Assert.Equal("unsigned char", dwarf.FindFunctions("hidden")[0].ReturnType?.Name);
        Assert.Empty(dwarf.FindFunctions("absent"));
        Assert.Null(dwarf.FindFunction(1));
        Assert.Null(dwarf.SplitFile);
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Types_have_the_compilers_layout(string compiler, string options)
    {
        var dwarf = Compiled.Open(compiler, Compiled.C, options);
        var node = Assert.IsType<DwarfStructure>(Assert.IsType<DwarfPointer>(dwarf.FindFunctions("walk")[0].Parameters[0].Type).Target);

        Assert.Equal("""
            struct node, 104 bytes
              next: struct node * at 0
              name: const char * at 8
              in: struct inner at 16
              matrix: int[2][3] at 20
              : union {…} at 44
              color: enum color at 48
              wide: uint64_t at 56
              yes: _Bool at 64
              call: int (int, char *) * at 72
              real: volatile double at 80
              hidden: struct opaque * at 88
              flags: struct flags at 96
              rest: unsigned char[] at 104
            """, Describe(node));
        var flags = Assert.IsType<DwarfStructure>(node.Members[11].Type);
        Assert.Equal(["a 0 3", "b 3 7", "c 10 5", "d 15 40"], flags.Members.Select(m => $"{m.Name} {m.Offset * 8 + (ulong)m.BitOffset} {m.BitSize}"));
        Assert.Equal(24UL, node.Members[3].Type?.Size);
        Assert.Equal(["i", "f"], Assert.IsType<DwarfStructure>(node.Members[4].Type).Members.Select(m => m.Name));
        Assert.Equal(
            [new DwarfEnumerator("RED", 0), new("GREEN", 5), new("BLUE", -2)],
            Assert.IsType<DwarfEnumeration>(node.Members[5].Type).Values);
        Assert.Equal(0xffffffff, (dwarf.FindType("enum big") as DwarfEnumeration)?.Values[1].Value);
        Assert.Equal(DwarfEncoding.UnsignedInteger, Assert.IsType<DwarfBaseType>(node.Members[6].Type?.Underlying).Encoding);
        Assert.Equal(DwarfEncoding.Boolean, Assert.IsType<DwarfBaseType>(node.Members[7].Type).Encoding);
        Assert.Equal(DwarfEncoding.FloatingPoint, Assert.IsType<DwarfBaseType>(node.Members[9].Type?.Underlying).Encoding);
        Assert.True(Assert.IsType<DwarfStructure>(Assert.IsType<DwarfPointer>(node.Members[10].Type).Target).IsDeclaration);
        Assert.Same(node.Members[0].Type, Assert.IsType<DwarfStructure>(dwarf.FindType("struct node")).Members[0].Type);
        Assert.Equal(8UL, dwarf.FindType("point_t")?.Size);
        Assert.Equal(["x", "y"], Assert.IsType<DwarfStructure>(dwarf.FindType("point_t")?.Underlying).Members.Select(m => m.Name));
        Assert.Null(dwarf.FindType("struct opaque"));
        Assert.Null(dwarf.FindType("union node"));
        Assert.NotNull(dwarf.FindType("node"));
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Lines_have_addresses_and_addresses_lines(string compiler, string options)
    {
        var dwarf = Compiled.Open(compiler, Compiled.C, options);
        var lines = Compiled.C.Split('\n');
        var add = dwarf.FindFunctions("add")[0];
        var first = Array.FindIndex(lines, l => l.Contains("sink = first", StringComparison.Ordinal)) + 1;

        foreach (var file in new[] { "sample.c", "src/sample.c", "./src/sample.c" })
        {
            var found = dwarf.FindAddresses(file, first);
            Assert.Single(found);
            Assert.InRange(found[0].Address, add.Address!.Value, add.EndAddress!.Value - 1);
            Assert.Equal(first, found[0].Line.Line);
            Assert.EndsWith("/src/sample.c", found[0].Line.File, StringComparison.Ordinal);
            Assert.True(dwarf.TryFindLine(found[0].Address, out var line));
            Assert.Equal(first, line.Line);
        }

        // The declarations before it have no code, so the first line with code behind them is meant.
        Assert.All(dwarf.FindAddresses("sample.c", 2), a => Assert.InRange(a.Line.Line, 24, 40));
        Assert.Empty(dwarf.FindAddresses("sample.c", 10_000));
        Assert.Empty(dwarf.FindAddresses("ample.c", first));
        Assert.Empty(dwarf.FindAddresses("other/sample.c", first));
        Assert.True(dwarf.TryFindLine(add.Address!.Value, out var opening));
        Assert.InRange(opening.Line, first - 2, first);
        Assert.False(dwarf.TryFindLine(1, out _));
    }

    [Fact]
    public void A_line_of_an_inlined_function_has_one_address_for_each_copy()
    {
        var dwarf = Compiled.Open("gcc", Compiled.C, "-gdwarf-5 -O2");
        var line = Array.FindIndex(Compiled.C.Split('\n'), l => l.Contains("sink = v;", StringComparison.Ordinal)) + 1;
        var main = dwarf.FindFunctions("main")[0];

        Assert.Equal(2, dwarf.FindAddresses("sample.c", line).Count);
        var copies = dwarf.FindInlined("twice");
        Assert.Equal(2, copies.Count);
        Assert.All(copies, c => Assert.Equal("main", dwarf.FindFunction(c)?.Name));
        Assert.Null(dwarf.FindFunctions("twice")[0].Address);
        Assert.Equal("v", dwarf.FindFunctions("twice")[0].Parameters[0].Name);
        Assert.Empty(dwarf.FindInlined("add"));
        var call = Array.FindIndex(Compiled.C.Split('\n'), l => l.Contains("twice(7)", StringComparison.Ordinal)) + 1;
        Assert.Contains(copies, c => dwarf.FindFrames(c) is [{ Name: "twice", IsInlined: true, Line.Line: var inner }, { Name: "main", IsInlined: false, Line.Line: var outer }]
            && inner >= line - 2 && inner <= line + 1 && outer == call);
        Assert.Equal("main", Assert.Single(dwarf.FindFrames(main.Address!.Value)).Name);
        Assert.Empty(dwarf.FindFrames(1));
    }

    [Theory]
    [InlineData("-gdwarf-4 -O2")]
    [InlineData("-gdwarf-5 -O2")]
    public void Parameters_begin_in_the_registers_of_the_calling_convention(string options)
    {
        Assert.SkipUnless(System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64, "Register numbers are those of x86-64.");
        var dwarf = Compiled.Open("gcc", Compiled.C, options);

        // rdi, rsi and rdx are 5, 4 and 1.
        Assert.Equal(
            [new(DwarfLocationKind.Register, 5), new(DwarfLocationKind.Register, 4), new(DwarfLocationKind.Register, 1)],
            dwarf.FindFunctions("add")[0].Parameters.Select(p => p.Location));
        Assert.All(
            Compiled.Open("gcc", Compiled.C, "-gdwarf-5 -O0").FindFunctions("add")[0].Parameters,
            p => Assert.Equal(DwarfLocationKind.FrameAddress, p.Location.Kind));
    }

    [Theory]
    [InlineData("g++", "-gdwarf-4 -O0")]
    [InlineData("g++", "-gdwarf-5 -O2")]
    [InlineData("g++", "-gdwarf-5 -O0 -fdebug-types-section")]
    [InlineData("clang++-14", "-gdwarf-5 -O0")]
    public void Cpp_classes_have_bases_members_and_methods(string compiler, string options)
    {
        var dwarf = Compiled.Open(compiler, Compiled.Cpp, options);
        var area = Assert.Single(dwarf.FindFunctions("outer::Shape::area"));

        Assert.Equal("_ZNK5outer5Shape4areaEiOS0_", area.LinkageName);
        Assert.Equal(area.Address, Assert.Single(dwarf.FindFunctions("_ZNK5outer5Shape4areaEiOS0_")).Address);
        Assert.Equal(area.Address, Assert.Single(dwarf.FindFunctions("Shape::area")).Address);
        Assert.Empty(dwarf.FindFunctions("inner::Shape::area"));
        Assert.Same(dwarf.FindType("Shape"), dwarf.FindType("class outer::Shape"));
        Assert.Equal(["this", "height", "other"], area.Parameters.Select(p => p.Name));
        Assert.Equal([true, false, false], area.Parameters.Select(p => p.IsArtificial));
        Assert.Equal(DwarfPointerKind.RvalueReference, Assert.IsType<DwarfPointer>(area.Parameters[2].Type).Kind);
        var shape = Assert.IsType<DwarfStructure>(dwarf.FindType("Shape"));
        Assert.Equal(DwarfStructureKind.Class, shape.Kind);
        Assert.Equal(["(base) 0", "width 12", "ref 16", "nested 24", "kind 32"], shape.Members.Select(m => $"{(m.IsBaseClass ? "(base)" : m.Name)} {m.Offset}"));
        Assert.Equal(200, Assert.IsType<DwarfEnumeration>(shape.Members[4].Type).Values[1].Value);
        Assert.Equal("deep", Assert.IsType<DwarfStructure>(dwarf.FindType("Nested")).Members[0].Name);
        Assert.Equal(8UL, dwarf.FindFunctions("free_function")[0].Parameters[1].Type?.Size);
    }

    [Fact]
    public void Information_is_read_from_a_separate_debug_file()
    {
        var (program, debug) = Compiled.Build("gcc", Compiled.C, "-gdwarf-5 -O2 -Wl,--build-id", split: true);
        var stripped = ElfFile.Parse(program, "sample");
        var separate = ElfFile.Parse(debug!, "sample.debug");

        Assert.True(DebugFiles.Matches(stripped, separate));
        Assert.Null(DwarfFile.Open(stripped));
        var dwarf = DwarfFile.Open(stripped, separate);
        Assert.Equal(3, dwarf?.FindFunctions("add")[0].Parameters.Count);
        Assert.True(Sonde.Symbols.Tables.SymbolTable.Read(stripped, separate).TryFind("add", out _));
    }

    [Fact]
    public void Information_that_is_elsewhere_is_named()
    {
        var dwarf = Compiled.Open("gcc", Compiled.C, "-gdwarf-5 -O0 -gsplit-dwarf");

        Assert.EndsWith(".dwo", dwarf.SplitFile, StringComparison.Ordinal);
        Assert.Empty(dwarf.FindFunctions("add"));
    }

    [Fact]
    public void Another_compression_is_refused_with_a_reason()
    {
        var elf = new TestElf();
        elf.Section(".debug_info", ElfSectionType.ProgramBits, TestElf.Words(3, 64, 1, 0), ElfSectionAttributes.Compressed);

        var error = Assert.Throws<ElfException>(() => DwarfFile.Open(ElfFile.Parse(elf.Build(), "sample")));

        Assert.Contains("method 3; only zlib", error.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_debug_information_has_none() => Assert.Null(DwarfFile.Open(ElfFile.Parse(new TestElf().Build(), "empty")));

    static string Signature(DwarfFunction function)
    {
        var parameters = function.Parameters.Select(p => $"{p.Type?.ToString() ?? "void"} {p.Name}").Concat(function.IsVariadic ? ["..."] : []);
        return $"{function.ReturnType?.ToString() ?? "void"} {function.Name}({string.Join(", ", parameters)})";
    }

    static string Describe(DwarfStructure structure)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{structure}, {structure.Size} bytes"));
        foreach (var member in structure.Members)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n  {member.Name}: {member.Type} at {member.Offset}");
        }

        return text.ToString();
    }
}
