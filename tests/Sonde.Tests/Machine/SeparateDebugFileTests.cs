using Sonde.Engine.Listing;
using Sonde.Symbols.Dwarf;
using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Tests.Machine;

public sealed class SeparateDebugFileTests : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sonde-debug-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("--strip-all")]
    [InlineData("--strip-debug")]
    public void A_directory_that_is_given_is_searched_by_build_id(string strip)
    {
        var (program, debug) = Compile(strip);
        var elf = ElfFile.Parse(File.ReadAllBytes(program), program);
        var given = Directory.CreateDirectory(Path.Combine(_directory.FullName, "given", ".build-id", elf.BuildId![..2]));
        File.Move(debug, Path.Combine(given.FullName, elf.BuildId[2..] + ".debug"));

        using var found = SeparateDebugFile.For(elf, program, null, [Path.Combine(_directory.FullName, "given")]);

        Assert.NotNull(found);
        Assert.NotEmpty(DwarfFile.Open(elf, found.Elf)!.FindFunctions("answer"));
        Assert.Null(SeparateDebugFile.For(elf, program, null));
    }

    [Fact]
    public void A_file_with_symbols_but_without_lines_has_its_debug_file_beside_it()
    {
        var (program, _) = Compile("--strip-debug", link: true);

        using var found = SeparateDebugFile.For(ElfFile.Parse(File.ReadAllBytes(program), program), program, null);

        Assert.NotNull(found);
    }

    [Fact]
    public void A_debug_file_of_another_program_is_none()
    {
        var (program, debug) = Compile("--strip-all");
        var elf = ElfFile.Parse(File.ReadAllBytes(program), program);
        var given = Directory.CreateDirectory(Path.Combine(_directory.FullName, "given", ".build-id", elf.BuildId![..2]));
        File.Copy("/bin/ls", Path.Combine(given.FullName, elf.BuildId[2..] + ".debug"));

        Assert.Null(SeparateDebugFile.For(elf, program, null, [Path.Combine(_directory.FullName, "given")]));
        Assert.True(File.Exists(debug));
    }

    (string Program, string Debug) Compile(string strip, bool link = false)
    {
        var source = Path.Combine(_directory.FullName, "answer.c");
        var (program, debug) = (Path.Combine(_directory.FullName, "answer"), Path.Combine(_directory.FullName, "answer.debug"));
        File.WriteAllText(source, "int answer(int question) { return question + 42; }\nint main(int count, char **words) { (void)words; return answer(count); }\n");
        Run("gcc", "-g", "-O0", "-Wl,--build-id", "-o", program, source);
        Run("objcopy", "--only-keep-debug", program, debug);
        Run("strip", strip, program);
        if (link)
        {
            Run("objcopy", $"--add-gnu-debuglink={debug}", program);
        }

        return (program, debug);
    }

    static void Run(string command, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(command, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
