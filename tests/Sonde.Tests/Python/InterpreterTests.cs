using Sonde.Python;
using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Tests.Python;

public class InterpreterTests
{
    public static TheoryData<string> Paths => [.. Images.All];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Paths))]
    public void Tells_the_version_of_an_image(string path)
    {
        var (image, named) = Images.Open(path);
        var version = Assert.IsType<Interpreter.Image>(Interpreter.Recognize(image, path)).Version;

        Assert.Equal(named.Minor, version.Minor);
        Assert.True(version.Micro >= 0);
        Assert.False(version.FreeThreaded);
        if (path.Split('/').FirstOrDefault(part => part.StartsWith($"3.{named.Minor}.", StringComparison.Ordinal)) is { } installed)
        {
            Assert.Equal(installed, version.ToString());
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Paths))]
    public void A_file_under_another_name_is_the_same_interpreter(string path)
    {
        var (image, _) = Images.Open(path);
        Assert.Equal(Interpreter.Recognize(image, path), Interpreter.Recognize(image, "/proc/1/exe"));
    }

    [Fact]
    public void Tells_which_library_a_launcher_gets_its_interpreter_from()
    {
        foreach (var library in Images.All.Where(path => path.Contains("/lib/", StringComparison.Ordinal)))
        {
            var program = Path.Combine(Path.GetDirectoryName(library)!, "../bin/python3");
            var launcher = Assert.IsType<Interpreter.Launcher>(Interpreter.Recognize(ElfFile.Parse(File.ReadAllBytes(program), program), program));
            Assert.Equal(Path.GetFileName(library), launcher.Library);
        }
    }

    [Fact]
    public void A_program_without_python_is_none() =>
        Assert.IsType<Interpreter.None>(Interpreter.Recognize(ElfFile.Parse(File.ReadAllBytes("/bin/ls"), "ls"), "/bin/ls"));

    [Fact]
    public void A_library_from_before_the_eval_function_was_exported_is_unsupported()
    {
        var ls = ElfFile.Parse(File.ReadAllBytes("/bin/ls"), "ls");
        var answer = Assert.IsType<Interpreter.Unsupported>(Interpreter.Recognize(ls, "/opt/lib/libpython3.5m.so.1.0"));
        Assert.Contains("3.5", answer.Reason);
    }

    [Theory]
    [InlineData("libpython3.8.so.1.0", 8)]
    [InlineData("libpython3.6m.so.1.0", 6)]
    [InlineData("python3.15", 15)]
    [InlineData("libpython3.so", null)]
    [InlineData("python3", null)]
    [InlineData("python3.", null)]
    [InlineData("python3.99999999999", null)]
    public void Reads_the_minor_version_in_a_name(string name, int? minor) => Assert.Equal(minor, VersionText.MinorOf(name));
}
