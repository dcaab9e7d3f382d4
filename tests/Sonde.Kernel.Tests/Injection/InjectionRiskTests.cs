using System.Globalization;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Injection;

/// <summary>Nothing is put into a process that could be killed for it: by a filter of its system calls, or for want of memory.</summary>
public sealed class InjectionRiskTests
{
    const string Socket = "41", Accounting = "163"; // arch/x86/entry/syscalls/syscall_64.tbl

    [Theory, InlineData("pyenv-3.12", "kill"), InlineData("pyenv-3.13", "refuse")]
    public void A_process_behind_a_seccomp_filter_is_left_alone_and_that_is_said(string name, string verdict)
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get(name), "filtered.py", verdict, Socket);
        foreach (string[] words in (string[][])[["snoop", "--inject", "-p", $"{target.Pid}", "step"], ["point", "--inject", "-p", $"{target.Pid}", "filtered.py:40", "x"], ["flow", "--engine", "inside", "--inject", "-p", $"{target.Pid}"]])
        {
            CommandResult result = SondeCommand.Run(words);
            Assert.Equal(1, result.ExitCode);
            Assert.Contains("has a seccomp filter", result.Complaint, StringComparison.Ordinal);
            Assert.Contains("--inject-at-risk", result.Complaint, StringComparison.Ordinal);
        }

        CommandResult outside = SondeCommand.Run("flow", "--inject", "-p", $"{target.Pid}", "--function", "step", "--max-events", "4");
        Assert.Equal(0, outside.ExitCode);
        Assert.Contains("engine: outside", outside.Errors, StringComparison.Ordinal);
        Assert.Contains("seccomp", outside.Errors, StringComparison.Ordinal);
        Assert.Contains("step(count=", outside.Output, StringComparison.Ordinal);
        AssertRuns(target);
    }

    [Fact]
    public void The_one_filter_of_a_process_in_a_container_is_taken_for_its_runtimes()
    {
        Requires.Root();
        using Guest target = Guest.Start(Interpreters.Get("sid-3.14"), "filtered.py", "refuse", Accounting);
        CommandResult result = SondeCommand.Run("point", "--inject", "-p", $"{target.Pid}", "filtered.py:40", "total {total}", "--hits", "2");
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Contains("total ", result.Output, StringComparison.Ordinal);
        target.Send("");
        Assert.StartsWith("steps", target.ReadLine(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_risk_can_be_taken()
    {
        Requires.Root();
        using Guest target = Guest.Start(Interpreters.Get("pyenv-3.12"), "filtered.py", "kill", Accounting);
        CommandResult result = SondeCommand.Run("point", "--inject", "--inject-at-risk", "-p", $"{target.Pid}", "filtered.py:40", "total {total}", "--hits", "2");
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Contains("total ", result.Output, StringComparison.Ordinal);
        target.Send("");
        Assert.StartsWith("steps", target.ReadLine(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_close_to_its_memory_limit_is_left_alone_and_that_is_said()
    {
        Requires.Root();
        const long limit = 96L << 20;
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.12"), "filtered.py", "none");
        string? group = LimitedGroup(limit, target.Pid);
        Requires.That(group is not null, "needs a memory cgroup that can be made");
        try
        {
            MemoryRoom? room = MemoryRoom.Of(target.Pid);
            Assert.Equal((group, limit), (room?.Directory, room?.Limit));
            Assert.InRange(room!.Value.Left, 64 << 20, limit);

            // What is in the group counts, whoever it is; files do not count once they are only cached.
            using Target other = Target.Start("/bin/sh", "-c", $"echo $$ > {group}/cgroup.procs; exec {Interpreters.Get("pyenv-3.12").Path} -c 'x = bytearray(50 << 20); print(\"ready\", flush=True); input()'");
            other.WaitFor("ready");
            CommandResult result = SondeCommand.Run("snoop", "--inject", "-p", $"{target.Pid}", "step");
            Assert.Equal(1, result.ExitCode);
            Assert.Contains("MiB left of the 96 MiB that its cgroup may have", result.Complaint, StringComparison.Ordinal);
            AssertRuns(target);
        }
        finally
        {
            target.Signal("KILL");
            target.WaitForExit();
            Strangers.WaitUntil(() => TryRemove(group!), "the group is empty");
        }
    }

    static void AssertRuns(Target target)
    {
        target.Send();
        int before = int.Parse(target.WaitFor("steps"), CultureInfo.InvariantCulture);
        target.Send();
        Assert.True(int.Parse(target.WaitFor("steps"), CultureInfo.InvariantCulture) >= before);
    }

    /// <summary>Makes a memory cgroup of either version with a process in it.</summary>
    static string? LimitedGroup(long limit, int pid)
    {
        foreach ((string parent, string file) in (ReadOnlySpan<(string, string)>)[("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")])
        {
            if (!Directory.Exists(parent))
            {
                continue;
            }

            string group = $"{parent}/sonde-test-{pid}";
            try
            {
                Directory.CreateDirectory(group);
                if (File.Exists($"{group}/{file}"))
                {
                    File.WriteAllText($"{group}/{file}", limit.ToString(CultureInfo.InvariantCulture));
                    File.WriteAllText($"{group}/cgroup.procs", pid.ToString(CultureInfo.InvariantCulture));
                    return group;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It may not be made here, or memory is not limited this way; perhaps the other version will do.
            }

            TryRemove(group);
        }

        return null;
    }

    static bool TryRemove(string group)
    {
        try
        {
            Directory.Delete(group);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
