using System.Diagnostics;
using System.Text.Json;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Diagnosis;

public class DoctorVerbTests
{
    // The command itself lies beside the tests, which refer to its project.
    static readonly string[] _sonde = ["dotnet", Path.Combine(AppContext.BaseDirectory, "sonde.dll"), "doctor"];

    [Fact]
    public void As_root_python_can_be_followed()
    {
        Requires.Root();
        (int exit, Dictionary<string, JsonElement> findings) = Ask([.. _sonde, "--json"]);
        Assert.Equal("ok", Verdict(findings, "flow"));
        Assert.Equal("Python can be followed", findings["flow"].GetProperty("state").GetString());
        Assert.Equal("ok", Verdict(findings, "capabilities"));
        Assert.Equal("ok", Verdict(findings, "uprobes"));
        Assert.Equal("ok", Verdict(findings, "ring buffer"));
        Assert.Equal(0, exit);
    }

    [Fact]
    public void Without_capabilities_it_says_which_are_missing_and_what_to_do()
    {
        Requires.Root();
        Requires.Program("/usr/bin/setpriv");
        (int exit, Dictionary<string, JsonElement> findings) = Ask(["setpriv", "--bounding-set=-all", "--inh-caps=-all", .. _sonde, "--json"]);
        Assert.Equal(1, exit);
        Assert.Equal("bad", Verdict(findings, "flow"));
        Assert.StartsWith("CAP_BPF, CAP_PERFMON", findings["capabilities"].GetProperty("state").GetString(), StringComparison.Ordinal);
        Assert.NotNull(findings["capabilities"].GetProperty("stops").GetString());
        Assert.Contains("sudo", findings["capabilities"].GetProperty("advice").GetString(), StringComparison.Ordinal);

        // What could not be tried is not said to be missing.
        Assert.Equal("unknown", Verdict(findings, "ring buffer"));
        Assert.Contains("EPERM", findings["ring buffer"].GetProperty("state").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_capabilities_that_tracing_needs_are_enough()
    {
        Requires.Root();
        Requires.Program("/usr/bin/setpriv");
        (int exit, Dictionary<string, JsonElement> findings) = Ask(
            ["setpriv", "--bounding-set=-all,+bpf,+perfmon,+sys_ptrace,+checkpoint_restore", "--inh-caps=-all", .. _sonde, "--json"]);
        Assert.Equal("ok", Verdict(findings, "capabilities"));
        Assert.Equal("ok", Verdict(findings, "uprobes"));
        Assert.Equal("ok", Verdict(findings, "flow"));
        Assert.Equal(0, exit);
    }

    [Fact]
    public void Tracefs_is_not_needed_mounted()
    {
        Requires.Root();
        Requires.Program("/usr/bin/unshare");
        (_, Dictionary<string, JsonElement> findings) = Ask(
            ["unshare", "-m", "sh", "-c", "umount -l /sys/kernel/tracing /sys/kernel/debug 2>/dev/null; exec \"$@\"", "sh", .. _sonde, "--json"]);
        Assert.Equal("ok", Verdict(findings, "tracefs"));
        Assert.Equal("not mounted; sonde uses an instance of its own", findings["tracefs"].GetProperty("state").GetString());
    }

    [Fact]
    public void Every_python_is_recognized()
    {
        Requires.Root();
        using Target python = Target.Start(Interpreters.Any().Path, "-c", "import time; print('ready', flush=True); time.sleep(1000)");
        python.WaitFor("ready");
        (int exit, Dictionary<string, JsonElement> findings) = Ask([.. _sonde, "--json", "-p", $"{python.Pid}"]);
        Assert.StartsWith("CPython 3.", findings["interpreter"].GetProperty("state").GetString(), StringComparison.Ordinal);
        Assert.Equal($"process {python.Pid} can be followed", findings["flow"].GetProperty("state").GetString());
        Assert.Equal(0, exit);
    }

    [Fact]
    public void Other_processes_are_told_why_not()
    {
        Requires.Root();
        using Target sleep = Strangers.NotPython();
        (int exit, Dictionary<string, JsonElement> findings) = Ask([.. _sonde, "--json", "-p", $"{sleep.Pid}"]);
        Assert.Contains("runs no CPython", findings["interpreter"].GetProperty("state").GetString(), StringComparison.Ordinal);
        Assert.Equal("bad", Verdict(findings, "flow"));
        Assert.Equal(1, exit);

        int nobody = Strangers.NobodysPid();
        (exit, findings) = Ask([.. _sonde, "--json", "-p", $"{nobody}"]);
        Assert.Contains($"process {nobody} does not exist", findings["interpreter"].GetProperty("state").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, exit);
    }

    [Fact]
    public void The_text_has_a_line_a_finding_with_advice_below()
    {
        Requires.Root();
        Requires.Program("/usr/bin/setpriv");
        (int exit, string text) = Run(["setpriv", "--bounding-set=-all", "--inh-caps=-all", .. _sonde]);
        Assert.Equal(1, exit);
        string[] lines = text.Split('\n');
        int at = Array.FindIndex(lines, line => line.StartsWith("NO    capabilities ", StringComparison.Ordinal));
        Assert.True(at >= 0, text);
        Assert.StartsWith("No program can be loaded", lines[at + 1].Trim(), StringComparison.Ordinal);
        Assert.StartsWith("→ Run sonde as root", lines[at + 2].Trim(), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', text);
        Assert.StartsWith("NO    flow ", lines[^2], StringComparison.Ordinal);
    }

    static string? Verdict(Dictionary<string, JsonElement> findings, string subject) => findings[subject].GetProperty("verdict").GetString();

    static (int Exit, Dictionary<string, JsonElement> Findings) Ask(string[] command)
    {
        (int exit, string text) = Run(command);
        return (exit, text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement).ToDictionary(finding => finding.GetProperty("subject").GetString()!));
    }

    static (int Exit, string Text) Run(string[] command)
    {
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(Target.Patience));
        Assert.Equal("", errors.GetAwaiter().GetResult());
        return (process.ExitCode, text);
    }
}
