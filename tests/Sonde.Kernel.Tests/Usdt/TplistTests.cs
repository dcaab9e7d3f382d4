using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Script.Specs;
using Sonde.Kernel.Tests.Targets;
using Sonde.Usdt;
using Xunit;

namespace Sonde.Kernel.Tests.Usdt;

/// <summary>Probes of .NET, C and Python as BCC's <c>tplist</c> lists them, by process and by file: their places, semaphores and operands.</summary>
public sealed class TplistTests : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sonde-usdt-");

    public TplistTests()
    {
        Requires.Root();
        Requires.That(SpecTool.Bpftrace is not null, "needs tests/setup/bpftrace");
    }

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_provider_of_dotnet(bool byFile)
    {
        using var provider = new UsdtProvider("oracle", new UsdtProviderOptions { Directory = byFile ? _directory.FullName : null });
        provider.AddProbe<sbyte, ushort, int, ulong, string, uint, long, byte[], short>("nine");
        provider.AddProbe("none");
        provider.Load();
        AssertListed(
            byFile ? provider.Path : null, Environment.ProcessId,
            ("oracle:nine", ["1 signed   bytes @ di", "2 unsigned bytes @ si", "4 signed   bytes @ dx", "8 unsigned bytes @ cx", "8 unsigned bytes @ r8", "4 unsigned bytes @ r9",
                "8 signed   bytes @ *(sp + 8)", "8 unsigned bytes @ *(sp + 16)", "2 signed   bytes @ *(sp + 24)"]),
            ("oracle:none", []));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_provider_of_C_by_the_names_of_libstapsdt(bool byFile)
    {
        using var program = Target.Start("env", $"TMPDIR={_directory.FullName}", UsdtNativeTests.Compile(_directory.FullName), "1", byFile ? "file" : "memory");
        var path = program.WaitFor("ready");
        AssertListed(
            byFile ? path : null, program.Pid,
            ("cshop:six", ["1 signed   bytes @ di", "2 unsigned bytes @ si", "4 signed   bytes @ dx", "8 unsigned bytes @ cx", "8 signed   bytes @ r8", "8 unsigned bytes @ r9"]),
            ("cshop:none", []));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_provider_of_Python(bool byFile)
    {
        var interpreter = Interpreters.Any();
        using var target = Target.Start(interpreter, "forking_probes.py", Target.ModulesOf(interpreter), byFile ? _directory.FullName : "-");
        var path = target.WaitFor("ready");
        AssertListed(byFile ? path : null, target.Pid, ("forked:said", ["8 signed   bytes @ di"]));
    }

    [Fact]
    public void The_web_server_of_the_examples()
    {
        using var server = Target.Start(Interpreters.Any().Path, Path.Combine(Repository.Root, "examples", "transfers.py"), "0", "--directory", _directory.FullName);
        server.WaitFor("process");
        AssertListed(null, server.Pid, ("simplehttp:file_transfer", ["8 unsigned bytes @ di", "8 unsigned bytes @ si", "8 unsigned bytes @ dx"]));
    }

    /// <summary>Asserts that tplist finds these probes, each at one place that is in the file, with a semaphore and these operands. Without a path the process is asked about.</summary>
    static void AssertListed(string? path, int pid, params (string Name, string[] Operands)[] probes)
    {
        string[] where = path is null ? ["-p", $"{pid}"] : ["-l", path];
        foreach (var (name, operands) in probes)
        {
            var file = path ?? $"/proc/{pid}/fd/[0-9]+";
            Assert.Matches($"^{file} {name}$", Tplist([.. where, name]));
            var counted = Regex.Match(Tplist([.. where, "-v", name]), $@"^{name} \[sema 0x([0-9a-f]+)\]\n  1 location\(s\)\n  {operands.Length} argument\(s\)$");
            Assert.True(counted.Success, name);
            Assert.NotEqual(0, Convert.ToInt64(counted.Groups[1].Value, 16));
            var arguments = string.Concat(operands.Select(static (operand, index) => $"\n    argument #{index + 1} {operand}"));
            Assert.Matches($@"^{name} \[sema 0x{counted.Groups[1].Value}\]\n  location #1 {file} 0x[1-9a-f][0-9a-f]*{Regex.Escape(arguments)}$", Tplist([.. where, "-vv", name]));
        }
    }

    /// <summary>Runs it with the Python and the libraries of its own root directory, and with this machine's processes in view.</summary>
    static string Tplist(params string[] arguments)
    {
        var root = Path.GetDirectoryName(Path.GetDirectoryName(SpecTool.Bpftrace!.Path))!;
        using var list = Target.Start(
            "env",
            [$"PYTHONHOME={root}/usr", $"{root}/lib64/ld-linux-x86-64.so.2", "--library-path", $"{root}/usr/lib/x86_64-linux-gnu", $"{root}/usr/bin/python3", $"{root}/usr/sbin/tplist-bpfcc", .. arguments]);
        var output = list.ReadToEnd().TrimEnd();
        Assert.True(list.WaitForExit() == 0, list.Errors);
        return output;
    }
}
