using System.Globalization;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Entrances;

/// <summary>./sonde and ./test in a small tree of their own, with a stand-in for the .NET SDK that does as the tests tell it.</summary>
public sealed class ScriptTests : IDisposable
{
    const string Sdk = """
        #!/usr/bin/env bash
        echo "$*" >>calls
        case $1 in
            --version) exit ;;
            build) cat build-output; exit "$(cat build-exit)" ;;
            *.Tests.dll) name=${1##*/}; cat "$name.output"; exit "$(cat "$name.exit")" ;;
            *.dll) shift; exec "$(dirname "$0")/../tool" "$@" ;;
        esac
        if [[ -e broken ]]; then echo "$PWD/src/A.cs(1,2): error CS0029: no such luck [$PWD/src/A.csproj]"; exit 1; fi
        if [[ -e no-native && $* == *Aot=true* ]]; then echo 'error NU1102: no pack'; exit 1; fi
        [[ $* == *Aot=true* ]] && kind=native || kind=plain
        while [[ $1 != -o ]]; do shift; done
        mkdir -p "$2"
        cp tool "$2/sonde"
        [[ $kind == native ]] || touch "$2/sonde.dll"
        """;

    const string Tool = """
        #!/usr/bin/env bash
        echo "arguments: $*"
        echo "input: $(cat)"
        echo "examples: $SONDE_EXAMPLES"
        exit 7
        """;

    readonly string _tree = Directory.CreateTempSubdirectory("sonde tree ").FullName;

    public ScriptTests()
    {
        foreach (string script in (ReadOnlySpan<string>)["sonde", "test"])
        {
            Write(script, File.ReadAllText(Path.Combine(Repository.Root, script)));
        }
        Write("eng/dotnet", Sdk);
        Write("tool", Tool);
        Write("tests/setup/find-interpreters", "#!/bin/sh\nprintf 'here-3.12\\t3.12.1\\t/\\t/python\\ngone-3.13\\t-\\t-\\t-\\n' >artifacts/interpreters.tsv\n");
        foreach (string file in (ReadOnlySpan<string>)["src/Sonde.Cli/Program.cs", "Directory.Build.props", "global.json", "BannedSymbols.txt"])
        {
            Write(file, "");
        }
        Write("build-output", "");
        Write("build-exit", "0");
    }

    public void Dispose() => Directory.Delete(_tree, recursive: true);

    [Fact]
    public void Sonde_becomes_the_tool()
    {
        string link = Path.Combine(_tree, "link to sonde");
        File.CreateSymbolicLink(link, Path.Combine(_tree, "sonde"));

        (int exitCode, string output, _) = Run("env", ["-C", "/", link, "flow", "-p", "1 2"], "a line");

        Assert.Equal(7, exitCode);
        Assert.Equal($"arguments: flow -p 1 2\ninput: a line\nexamples: {_tree}/examples\n", output);
    }

    [Fact]
    public void Sonde_is_built_once_for_the_same_sources()
    {
        (_, _, string first) = Run("./sonde");
        Directory.SetLastWriteTimeUtc(Path.Combine(_tree, "src"), DateTime.UnixEpoch);
        File.SetLastWriteTimeUtc(Path.Combine(_tree, "src/Sonde.Cli/Program.cs"), DateTime.UnixEpoch);
        File.Delete(Path.Combine(_tree, "calls"));
        (_, _, string second) = Run("./sonde");

        Assert.Contains("building", first, StringComparison.Ordinal);
        Assert.Equal("", second);
        Assert.False(File.Exists(Path.Combine(_tree, "calls")));

        Write("src/Sonde.Cli/Program.cs", "changed");
        (_, _, string third) = Run("./sonde");
        Assert.Contains("building", third, StringComparison.Ordinal);
    }

    [Fact]
    public void Sonde_is_built_once_by_many_first_starts()
    {
        Target[] starts = [.. Enumerable.Range(0, 4).Select(_ => Target.Start("env", "-C", _tree, "./sonde", "list"))];
        try
        {
            foreach (Target start in starts)
            {
                start.CloseInput();
                Assert.Equal("arguments: list", start.ReadLine());
                Assert.Equal(7, start.WaitForExit());
            }
        }
        finally
        {
            Array.ForEach(starts, start => start.Dispose());
        }
        Assert.Single(File.ReadLines(Path.Combine(_tree, "calls")), call => call.StartsWith("publish", StringComparison.Ordinal));
    }

    [Fact]
    public void Sonde_shows_what_the_compiler_says()
    {
        Write("broken", "");

        (int exitCode, string output, string errors) = Run("./sonde", "list");

        Assert.Equal(1, exitCode);
        Assert.Equal("", output);
        Assert.Contains("\nsrc/A.cs(1,2): error CS0029: no such luck\n", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Sonde_runs_on_the_sdk_where_no_native_build_can_be_made()
    {
        Write("no-native", "");

        (int exitCode, string output, string errors) = Run("./sonde", "list");

        Assert.Equal(7, exitCode);
        Assert.StartsWith("arguments: list\n", output, StringComparison.Ordinal);
        Assert.Contains("not possible", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_sdk_that_is_missing_is_named()
    {
        Requires.Root();
        Write("eng/dotnet", File.ReadAllText(Path.Combine(Repository.Root, "eng/dotnet")));
        string[] hide = ["unshare", "--mount", "sh", "-c", """
            for sdk in /usr/share/dotnet /usr/lib/dotnet /usr/lib64/dotnet; do [ ! -d $sdk ] || mount -t tmpfs none $sdk; done
            cd "$1"
            exec env -i PATH=/usr/bin:/bin HOME=/nowhere ./sonde list
            """, "sh", _tree];

        (int exitCode, _, string errors) = Run(hide[0], hide[1..]);

        Assert.Equal(1, exitCode);
        Assert.Contains("dotnet-sdk-10.0", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Test_adds_up_what_the_programs_counted()
    {
        Counted("Sonde.Tests", passed: 5, failed: 0, skipped: 1, exitCode: 0);
        Counted("Sonde.Kernel.Tests", passed: 2, failed: 3, skipped: 4, exitCode: 2);

        (int exitCode, string output, _) = Run("env", ["-u", "CI", "./test"]);

        Assert.Equal(1, exitCode);
        // ./sonde --version is a test of its own here, and the tool's exit code of 7 fails it.
        Assert.EndsWith("\n7 passed, 4 failed, 5 skipped\n", output, StringComparison.Ordinal);
        Assert.Contains("here-3.12", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Test_fails_in_ci_for_an_interpreter_that_is_missing()
    {
        Counted("Sonde.Tests", passed: 1, failed: 0, skipped: 0, exitCode: 0);
        Counted("Sonde.Kernel.Tests", passed: 1, failed: 0, skipped: 0, exitCode: 0);
        Write("tool", "#!/bin/sh\n");

        (int exitCode, string output, _) = Run("env", ["CI=true", "./test"]);

        Assert.Equal(1, exitCode);
        Assert.Contains("CI must have the interpreter gone-3.13", output, StringComparison.Ordinal);
        Assert.EndsWith("\n3 passed, 1 failed, 0 skipped\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, "3 passed, 0 failed, 0 skipped")]
    [InlineData(134, 1, "3 passed, 1 failed, 0 skipped")]
    public void Test_counts_a_crash_as_a_failure(int exitCode, int expected, string summary)
    {
        Counted("Sonde.Tests", passed: 3, failed: 0, skipped: 0, exitCode);

        (int actual, string output, _) = Run("./test", "--pure");

        Assert.Equal(expected, actual);
        Assert.EndsWith($"\n{summary}\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Test_passes_a_filter_on()
    {
        Counted("Sonde.Tests", passed: 1, failed: 0, skipped: 0, exitCode: 0);

        Run("./test", "--pure", "Elf");
        Run("./test", "--pure", "--filter-class", "Sonde.Tests.Elf.*");

        string calls = File.ReadAllText(Path.Combine(_tree, "calls"));
        Assert.Contains("--filter-method *Elf*\n", calls, StringComparison.Ordinal);
        Assert.Contains("--filter-class Sonde.Tests.Elf.*\n", calls, StringComparison.Ordinal);
    }

    [Fact]
    public void Test_fails_when_nothing_ran()
    {
        Counted("Sonde.Tests", passed: 0, failed: 0, skipped: 0, exitCode: 8);

        (int exitCode, string output, _) = Run("./test", "--pure", "NoSuchTest");

        Assert.Equal(1, exitCode);
        Assert.EndsWith("\n0 passed, 1 failed, 0 skipped\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Test_shows_why_the_build_failed()
    {
        Write("build-output", "src/A.cs(1,2): error CS0029: no such luck\n");
        Write("build-exit", "1");

        (int exitCode, string output, _) = Run("./test", "--pure");

        Assert.Equal(1, exitCode);
        Assert.Contains("error CS0029: no such luck", output, StringComparison.Ordinal);
        Assert.EndsWith("\n0 passed, 1 failed, 0 skipped\n", output, StringComparison.Ordinal);
    }

    void Counted(string program, int passed, int failed, int skipped, int exitCode)
    {
        Write($"{program}.dll.output", $"Test run summary\n  total: {passed + failed + skipped}\n  failed: {failed}\n  succeeded: {passed}\n  skipped: {skipped}\n");
        Write($"{program}.dll.exit", exitCode.ToString(CultureInfo.InvariantCulture));
    }

    void Write(string name, string text)
    {
        string path = Path.Combine(_tree, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        if (text.StartsWith("#!", StringComparison.Ordinal))
        {
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserExecute);
        }
    }

    (int ExitCode, string Output, string Errors) Run(string command, params string[] arguments) => Run(command, arguments, "");

    (int ExitCode, string Output, string Errors) Run(string command, string[] arguments, string input)
    {
        using Target run = Target.Start("env", ["-C", _tree, command, .. arguments]);
        run.Send(input);
        run.CloseInput();
        string output = run.ReadToEnd();
        return (run.WaitForExit(), output, run.Errors);
    }
}
