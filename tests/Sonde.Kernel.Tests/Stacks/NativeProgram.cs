using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Stacks;

/// <summary>tests/targets/native_chain.c, compiled in one way or another.</summary>
static class NativeProgram
{
    /// <summary>Its chain of calls, innermost first.</summary>
    public static IReadOnlyList<string> Chain { get; } = ["innermost", "through_pointer", "aligned", "with_array", "with_alloca", "outermost"];

    static readonly Lock _gate = new();

    /// <summary>Compiles it once; its path.</summary>
    public static string Compile(string options)
    {
        Requires.Program("/usr/bin/gcc");
        lock (_gate)
        {
            var folder = Directory.CreateDirectory(Path.Combine(Repository.Artifacts, "native-chain")).FullName;
            var path = Path.Combine(folder, "chain" + string.Concat(options.Where(char.IsAsciiLetterOrDigit)));
            var source = Path.Combine(Repository.Targets, "native_chain.c");
            if (!File.Exists(path) || File.GetLastWriteTimeUtc(path) < File.GetLastWriteTimeUtc(source))
            {
                var part = $"{path}.{Environment.ProcessId}";
                using var compiler = Target.Start("gcc", [.. options.Split(' '), "-pthread", "-fno-optimize-sibling-calls", "-o", part, source]);
                compiler.WaitForExit();
                Assert.True(compiler.ExitCode == 0, compiler.Errors);
                File.Move(part, path, overwrite: true);
            }

            return path;
        }
    }
}
