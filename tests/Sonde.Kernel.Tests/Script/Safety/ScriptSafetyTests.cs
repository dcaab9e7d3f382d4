using System.Globalization;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Safety;

/// <summary>Whatever happens to a script, what it traced goes on as before; and however it ends, its user is told in one line.</summary>
public sealed class ScriptSafetyTests
{
    public ScriptSafetyTests() => Requires.Root();

    [Fact]
    public void Killing_a_script_with_many_probes_leaves_the_program_as_it_was()
    {
        Interpreter interpreter = Interpreters.Get("pyenv-3.13");
        using Target target = Target.StartReady(interpreter, "busy.py", "--threads", "2");
        using var code = new CodeBytes(target.Pid);
        target.Send();
        for (int round = 0; round < 3; round++)
        {
            using Target sonde = Target.Start(SondeCommand.Path, "-p", $"{target.Pid}", "-e",
                $"uprobe:{code.File}:PyLong_* {{ @calls = count(); }} uretprobe:{code.File}:PyObject_* {{ @returns[retval] = count(); }} profile:hz:99 {{ @stacks[ustack] = count(); }} pycall:step {{ @steps = count(); }}");
            int attached = WaitUntilAttached(sonde);
            Assert.True(attached > 100, $"{attached} probes are attached");
            Assert.True(code.IsPatched(), "no probe is there while the script runs");
            sonde.Signal("KILL");
            sonde.WaitForExit();
        }

        code.AssertRestored();
        Assert.True(target.IsAlive);
        target.Send();
        Assert.EndsWith("right", target.WaitFor("done"), StringComparison.Ordinal);
        Assert.Equal(0, target.WaitForExit());
    }

    [Fact]
    public void The_first_interrupt_prints_the_maps()
    {
        using Target sonde = Target.Start(SondeCommand.Path, "-e", "begin { @seen[\"here\"] = 42; } interval:s:100 { } end { printf(\"ending\\n\"); }");
        Assert.Equal(3, WaitUntilAttached(sonde));
        // Twice, as timeout(1) does it.
        sonde.Signal("INT");
        sonde.Signal("INT");
        string output = sonde.ReadToEnd();
        Assert.Contains("ending", output, StringComparison.Ordinal);
        Assert.Contains("@seen[here]: 42", output, StringComparison.Ordinal);
        Assert.Equal(0, sonde.WaitForExit());
    }

    [Theory, InlineData("INT"), InlineData("QUIT")]
    public void A_background_job_of_a_shell_script_ends_on_signals_it_was_told_to_ignore(string signal)
    {
        using Target sonde = Target.Start("sh", "-c", "trap '' INT QUIT; exec \"$@\"", "sh", SondeCommand.Path, "-e", "begin { @seen = 42; } interval:s:100 { }");
        WaitUntilAttached(sonde);
        sonde.Signal(signal);
        Assert.Contains("@seen: 42", sonde.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal(0, sonde.WaitForExit());
    }

    [Fact]
    public void A_file_keeps_what_it_held_until_a_program_runs()
    {
        string file = Path.Combine(Path.GetTempPath(), $"sonde-kept-{Environment.ProcessId}");
        try
        {
            File.WriteAllText(file, "before");
            Assert.NotEqual(0, SondeCommand.Run("-o", file, "-e", "uprobe:/bin/true:no_such_function { exit(); }").ExitCode);
            Assert.Equal("before", File.ReadAllText(file));
            Assert.Equal(0, SondeCommand.Run("-q", "-o", file, "-e", "begin { exit(); }").ExitCode);
            Assert.Equal("", File.ReadAllText(file).Trim());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_second_interrupt_ends_at_once()
    {
        string file = Path.Combine(Path.GetTempPath(), $"sonde-interrupt-{Environment.ProcessId}");
        try
        {
            using Target sonde = Target.Start(SondeCommand.Path, "--unsafe", "-e", $"interval:s:100 {{ }} end {{ system(\"echo $$ >{file}; exec sleep 1000 >/dev/null 2>&1\"); }}");
            WaitUntilAttached(sonde);
            sonde.Signal("INT");
            Strangers.WaitUntil(() => File.Exists(file) && File.ReadAllText(file).EndsWith('\n'), "the end probe's command runs");
            // One that comes at once is the same one, sent to the process and to its group.
            Strangers.WaitUntil(() =>
            {
                Thread.Sleep(100);
                sonde.Signal("INT");
                return !sonde.IsAlive;
            }, "it ends");
            Assert.NotEqual(0, sonde.WaitForExit());
        }
        finally
        {
            if (File.Exists(file))
            {
                using var kill = System.Diagnostics.Process.Start("kill", ["-KILL", File.ReadAllText(file).Trim()]);
                kill.WaitForExit();
                File.Delete(file);
            }
        }
    }

    [Theory]
    [InlineData("cannot write to '/nonexistent/file'", "-o", "/nonexistent/file")]
    [InlineData("cannot write to '/proc'", "-o", "/proc")]
    [InlineData("no space left", "-q", "-o", "/dev/full")]
    public void Output_that_cannot_be_written_fails_with_one_line(string reason, params string[] options)
    {
        CommandResult result = SondeCommand.Run([.. options, "-e", "begin { print(1); exit(); }"]);
        Assert.Contains(reason, result.Complaint, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void A_full_disk_behind_standard_output_fails_with_one_line()
    {
        CommandResult result = Shell("\"$0\" -q -e 'begin { print(1); exit(); }' >/dev/full");
        Assert.Contains("no space left", result.Complaint, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void A_reader_who_leaves_ends_the_script_without_a_word()
    {
        CommandResult result = Shell("set -o pipefail; \"$0\" -q -e 'interval:ms:1 { printf(\"%d a line\\n\", nsecs); }' | head -1");
        Assert.EndsWith("a line\n", result.Output, StringComparison.Ordinal);
        Assert.Equal("", result.Errors);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void A_map_that_is_too_large_is_named()
    {
        CommandResult result = SondeCommand.Run("-q", "-e", "let @huge = hash(2000000000); begin { @huge[1] = 1; exit(); }");
        Assert.Contains("the map @huge", result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(255, result.ExitCode);
    }

    [Fact]
    public void A_closed_standard_output_is_named_as_the_reason()
    {
        CommandResult result = Shell("\"$0\" -q -e 'begin { print(1); exit(); }' >&-");
        Assert.Contains("is closed", result.Complaint, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void A_user_without_rights_is_told_once()
    {
        CommandResult result = SondeCommand.RunAsNobody("execs");
        Assert.Single(result.Errors.Split('\n'), line => line.Contains("run it with sudo", StringComparison.Ordinal));
        Assert.Single(result.Errors.Split('\n'), line => line.Contains("ERROR", StringComparison.Ordinal));
        Assert.Equal(1, result.ExitCode);
    }

    [Theory]
    [InlineData("--no-such-option")]
    [InlineData("-e")]
    [InlineData("-p", "0x", "-e", "begin { }")]
    public void Wrong_options_are_usage_errors(params string[] options)
    {
        CommandResult result = SondeCommand.Run(options);
        Assert.NotEmpty(result.Complaint);
        Assert.Equal(2, result.ExitCode);
    }

    [Theory]
    [InlineData("begin { ")]
    [InlineData("begin { nosuch(); }")]
    [InlineData("uprobe:/nonexistent:f { }")]
    public void Wrong_programs_are_failures(string program)
    {
        CommandResult result = SondeCommand.Run("-e", program);
        Assert.Contains("ERROR", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    static CommandResult Shell(string command)
    {
        using Target shell = Target.Start("bash", "-c", command, SondeCommand.Path);
        string output = shell.ReadToEnd();
        return new CommandResult(shell.WaitForExit(), output, shell.Errors);
    }

    /// <summary>Waits until the script says how many probes it has attached.</summary>
    static int WaitUntilAttached(Target sonde, int least = 1)
    {
        int attached = 0;
        Strangers.WaitUntil(() => sonde.Errors.Split('\n').FirstOrDefault(line => line.StartsWith("Attached ", StringComparison.Ordinal)) is { } line
            && int.TryParse(line.Split(' ')[1], CultureInfo.InvariantCulture, out attached) && attached >= least, "the script has attached its probes");
        return attached;
    }
}
