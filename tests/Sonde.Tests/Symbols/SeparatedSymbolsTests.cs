using System.Diagnostics;
using Sonde.Symbols.Dwarf;
using Sonde.Symbols.Tables;
using Sonde.Tests.Symbols.Dwarf;
using Xunit;

namespace Sonde.Tests.Symbols;

/// <summary>Symbols and debug information in all the ways in which the tools of distributions leave them, made by those tools.</summary>
public sealed class SeparatedSymbolsTests
{
    [Theory]
    [InlineData("zlib")]
    [InlineData("zlib-gnu")]
    [InlineData("zstd")]
    public void Compressed_debug_information_is_that_which_was_compressed(string method)
    {
        using var work = new Workshop();
        var plain = work.Compile("-g -O2");
        var packed = work.Run("objcopy", $"--compress-debug-sections={method}", plain, work.Path("packed"));
        var (whole, compressed) = (TestFiles.Open(plain), TestFiles.Open(packed));
        Assert.True(compressed.Bytes.Length < whole.Bytes.Length);
        foreach (var section in whole.Sections.Where(section => section.Name.StartsWith(".debug_", StringComparison.Ordinal)))
        {
            Assert.True(compressed.TryGetSection(section.Name, out var same), section.Name);
            Assert.True(whole.SectionBytes(section).SequenceEqual(compressed.SectionBytes(same)), section.Name);
        }

        Assert.Contains("add", DwarfFile.Open(compressed)!.FunctionNames);
    }

    [Fact]
    public void Symbols_that_a_stripped_file_carries_compressed_are_found()
    {
        using var work = new Workshop();
        var program = work.Compile("-g -O1");
        var expected = TestFiles.Open(program).Functions;
        work.Run("objcopy", "-S --remove-section=.gnu_debuglink --remove-section=.comment --keep-symbol=hidden --keep-symbol=add", program, work.Path("mini"));
        work.Run("xz", "-k", work.Path("mini"));
        var stripped = work.Run("objcopy", $"-S --add-section=.gnu_debugdata={work.Path("mini.xz")}", program, work.Path("stripped"));

        var file = TestFiles.Open(stripped);

        Assert.Empty(file.Symbols);
        var table = SymbolTable.Read(file);
        Assert.True(table.TryFind("hidden", out var hidden));
        Assert.Equal(expected.Named("hidden").Single().Address, hidden.Address);
        Assert.True(table.TryFind(hidden.Address + 1, out var found, out var offset));
        Assert.Equal(("hidden", 1UL), (found.Name, offset));
    }

    [Fact]
    public void What_is_damaged_in_a_file_leaves_the_rest()
    {
        using var work = new Workshop();
        var program = work.Compile("-O1");
        File.WriteAllText(work.Path("nonsense"), "this is no xz file at all");
        var file = TestFiles.Open(work.Run("objcopy", $"-S --add-section=.gnu_debugdata={work.Path("nonsense")}", program, work.Path("stripped")));
        Assert.NotNull(SymbolTable.Read(file));
        Assert.Contains(".gnu_debugdata", file.MiniDebugInfoProblem, StringComparison.Ordinal);
    }

    [Fact]
    public void Debug_information_that_was_shared_by_dwz_is_whole()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/dwz"), "dwz is not installed.");
        using var work = new Workshop();
        var (one, two) = (work.Compile("-g -O2", "one"), work.Compile("-g -O2 -DTWO", "two"));
        work.Run("dwz", $"-m {work.Path("shared")} -M shared", one, two);

        var file = TestFiles.Open(one);

        Assert.Equal("shared", DwarfFile.SupplementaryOf(file)!.Value.Path);
        var dwarf = DwarfFile.Open(file, null, TestFiles.Open(work.Path("shared")))!;
        Assert.Equal(["first", "second", "third"], dwarf.FindFunctions("add").Single().Parameters.Select(parameter => parameter.Name));
    }

    /// <summary>A directory in which programs are made, removed with all that is in it.</summary>
    sealed class Workshop : IDisposable
    {
        readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sonde-symbols-");

        public string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

        public string Compile(string options, string name = "sample")
        {
            Assert.SkipUnless(Compiled.Has("gcc"), "gcc is not installed.");
            File.WriteAllText(Path(name + ".c"), Compiled.C);
            Run("gcc", options + " -o " + Path(name), Path(name + ".c"));
            return Path(name);
        }

        /// <summary>Runs a tool; its last argument.</summary>
        public string Run(string program, string options, params string[] files)
        {
            var start = new ProcessStartInfo(program, [.. options.Split(' '), .. files]) { WorkingDirectory = _folder.FullName, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{program} {options}: {errors}");
            return files[^1];
        }

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
