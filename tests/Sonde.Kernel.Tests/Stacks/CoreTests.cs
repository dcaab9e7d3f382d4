using Sonde.Engine;
using Sonde.Engine.Stacks;
using Sonde.Engine.Targets;
using Sonde.Kernel.Tests.Targets;
using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Kernel.Tests.Stacks;

/// <summary>Core files that the kernel wrote of programs that crashed.</summary>
public sealed class CoreTests : IDisposable
{
    const string Pattern = "/proc/sys/kernel/core_pattern";

    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sonde-core-");

    /// <summary>Those that write their core files where this process can be told.</summary>
    public static TheoryData<string> OfThisRoot => [.. Interpreters.Names.Select(row => row.Data).Where(name => !name.StartsWith("sid-", StringComparison.Ordinal))];

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(OfThisRoot))]
    public void A_Python_that_crashed_tells_where_and_why(string name)
    {
        var interpreter = Interpreters.Get(name);
        using var core = CoreTarget.Open(Crash("", interpreter.Path, Target.PathOf(interpreter, "native_join.py"), "crash"));
        using var view = core.OpenPython();
        using var stacks = core.OpenNativeStacks(withLines: false);
        var snapshot = view.Snapshot();
        var died = core.Core.Threads[0];
        var python = Assert.Single(snapshot.Threads);
        var joined = NativeJoin.Join(stacks.Walk(died.Tid, died.Registers), [.. python.Frames.Select(frame => frame.Raw.CalledFromC)]);

        Assert.Matches("^killed by SIGBUS: address 0x[0-9a-f]+ lies behind the end of the file", core.ReasonOfDeath);
        Assert.Empty(core.Missing);
        Assert.Equal(0UL, core.Core.MissingBytes);
        Assert.Contains("python", core.Core.ProcessName, StringComparison.Ordinal);
        Assert.Equal(died.ThreadPointer, python.Record.PthreadId);
        Assert.True(python.HoldsGil);
        Assert.Equal(["leaf", "numbers", "step", "plain", "by_key", "outer", "<module>"], python.Frames.Select(frame => frame.Code.Name));
        Assert.Null(joined.Native.Truncated);
        Assert.True(joined.Mismatch is null, joined.Mismatch);
        Assert.Equal("_start", joined.Frames[^1].Native?.Function);
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.12"), InlineData("pyenv-3.13")]
    public void What_a_debugger_leaves_out_because_it_is_in_files_comes_from_those(string name)
    {
        var interpreter = Interpreters.Get(name);
        var path = Crash("", interpreter.Path, Target.PathOf(interpreter, "native_join.py"), "crash");
        Assert.NotEqual(0, LeaveOutWhatIsInFiles(path));
        using var core = CoreTarget.Open(path);
        using var view = core.OpenPython();
        using var stacks = core.OpenNativeStacks(withLines: false);
        var died = core.Core.Threads[0];
        Assert.Equal(["leaf", "numbers", "step", "plain", "by_key", "outer", "<module>"], Assert.Single(view.Snapshot().Threads).Frames.Select(frame => frame.Code.Name));
        var walked = stacks.Walk(died.Tid, died.Registers);
        Assert.Null(walked.Truncated);
        Assert.Equal("_start", walked.Frames[^1].Function);
    }

    [Fact]
    public void Without_its_program_the_core_file_says_what_is_missing_and_finds_it_where_it_is_told_to_look()
    {
        var interpreter = Interpreters.Any();
        var root = Directory.CreateDirectory(Path.Combine(_directory.FullName, "root")).FullName;
        var copy = Path.Combine(_directory.FullName, "python-of-ours");
        File.Copy(interpreter.Path, copy);
        var home = Path.GetDirectoryName(Path.GetDirectoryName(interpreter.Path));
        var path = Crash($"PYTHONHOME={home} LD_LIBRARY_PATH={home}/lib ", copy, Target.PathOf(interpreter, "native_join.py"), "crash");
        Directory.CreateDirectory(root + _directory.FullName);
        File.Move(copy, root + copy);

        using (var core = CoreTarget.Open(path))
        using (var stacks = core.OpenNativeStacks(withLines: false))
        {
            Assert.NotNull(stacks.Walk(1, core.Core.Threads[0].Registers).Truncated);
            Assert.Contains(core.Missing, missing => missing.StartsWith($"{copy} (build id ", StringComparison.Ordinal));
        }

        using var found = CoreTarget.Open(path, [root]);
        using var whole = found.OpenNativeStacks(withLines: false);
        Assert.Null(whole.Walk(1, found.Core.Threads[0].Registers).Truncated);
        Assert.Empty(found.Missing);
    }

    [Fact]
    public void A_program_without_Python_has_its_machine_code_shown_and_is_called_what_it_is()
    {
        using var core = CoreTarget.Open(Crash("", NativeProgram.Compile("-O2 -fomit-frame-pointer"), "abort"));
        using var stacks = core.OpenNativeStacks();
        var stack = stacks.Walk(1, core.Core.Threads[0].Registers);

        Assert.Equal("killed by SIGABRT: it ended itself, as abort() does", core.ReasonOfDeath);
        Assert.Null(stack.Truncated);
        Assert.Equal([.. NativeProgram.Chain.Skip(2), "main"], stack.Frames.Select(frame => frame.Function?.Split('.')[0]).Where(name => name == "main" || NativeProgram.Chain.Skip(2).Contains(name)));
        Assert.Contains("ran no CPython", Assert.Throws<UserErrorException>(() => core.OpenPython()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_core_file_is_refused_with_its_reason()
    {
        Assert.Contains("no core file", Assert.Throws<UserErrorException>(() => CoreTarget.Open("/bin/ls")).Message, StringComparison.Ordinal);
        Assert.Contains("not a core file", Assert.Throws<UserErrorException>(() => CoreTarget.Open("/etc/passwd")).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be opened", Assert.Throws<UserErrorException>(() => CoreTarget.Open("/nonexistent/core")).Message, StringComparison.Ordinal);
    }

    /// <summary>Makes a core file of the kernel one as gdb writes it, which has no segments for memory that is as it is in its file; how many there were.</summary>
    static int LeaveOutWhatIsInFiles(string path)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        var header = new byte[64];
        file.ReadExactly(header);
        var left = 0;
        for (var i = 0; i < BitConverter.ToUInt16(header, 56); i++)
        {
            var entry = new byte[56];
            file.Position = BitConverter.ToInt64(header, 32) + 56 * i;
            file.ReadExactly(entry);
            if (BitConverter.ToUInt32(entry) == (uint)ElfSegmentType.Load && BitConverter.ToUInt64(entry, 32) < BitConverter.ToUInt64(entry, 40))
            {
                file.Position -= entry.Length;
                file.Write(new byte[sizeof(uint)]); // PT_NULL
                left++;
            }
        }

        return left;
    }

    /// <summary>Runs a program until it crashes; its core file. Where the kernel hands those to another program it is asked, for the while, to write them here.</summary>
    string Crash(string environment, string program, params string[] arguments)
    {
        var pattern = File.ReadAllText(Pattern);
        var isHere = !pattern.StartsWith('|') && !pattern.Contains('/', StringComparison.Ordinal);
        Requires.That(isHere || Environment.IsPrivilegedProcess, "needs root, or a kernel.core_pattern that is a plain file name");
        try
        {
            if (!isHere)
            {
                File.WriteAllText(Pattern, "core");
            }

            using var shell = Target.Start("sh", ["-c", $"ulimit -c unlimited; cd \"$0\"; {environment}\"$@\"", _directory.FullName, program, .. arguments]);
            shell.WaitForExit();
        }
        finally
        {
            if (!isHere)
            {
                File.WriteAllText(Pattern, pattern);
            }
        }

        var core = _directory.EnumerateFiles("core*").FirstOrDefault();
        Requires.That(core is not null, "needs a kernel that writes core files");
        return core!.FullName;
    }
}
