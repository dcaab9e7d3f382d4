using Sonde.Bpf;
using Sonde.Engine.Scripts.Machine;
using Sonde.Kernel.Tests.Bpf;
using Xunit;

namespace Sonde.Kernel.Tests.Machine;

public sealed class ProbeListingTests : IDisposable
{
    readonly MachineTarget _machine = new(new MachineOptions());

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("tracepoint:sched:sched_process_ex*", "tracepoint:sched:sched_process_exec tracepoint:sched:sched_process_exit")]
    [InlineData("t:sched:sched_process_exec", "tracepoint:sched:sched_process_exec")]
    [InlineData("profile:*", "profile:hz: profile:ms: profile:s: profile:us:")]
    [InlineData("s:c*", "software:context-switches: software:cpu-clock: software:cpu-migrations: software:cpu: software:cs:")]
    [InlineData("self:*", "self:signal:SIGUSR1")]
    [InlineData("t:nonsense:*", "")]
    [InlineData("nonsense:*", "")]
    [InlineData("struct sched_para*", "struct sched_param")]
    [InlineData("*sched_process_exec", "rawtracepoint:vmlinux:sched_process_exec tracepoint:sched:sched_process_exec")]
    public void Lists_what_matches(string pattern, string names)
    {
        NeedsKernel.With(KernelFeatures.KernelBtf);
        var listed = new ProbeListing(_machine, details: false).Matching(pattern).Order(StringComparer.Ordinal);
        Assert.Equal(names, string.Join(' ', listed));
    }

    [Fact]
    public void Details_are_what_a_probe_gives()
    {
        NeedsKernel.With(KernelFeatures.KernelBtf);
        var listing = new ProbeListing(_machine, details: true);
        Assert.Equal(
            ["tracepoint:sched:sched_process_exec", "    __data_loc char[] filename", "    pid_t pid", "    pid_t old_pid"],
            listing.Matching("tracepoint:sched:sched_process_exec"));
        Assert.Equal(
            ["rawtracepoint:vmlinux:sched_switch", "    bool preempt", "    struct task_struct * prev", "    struct task_struct * next", "    unsigned int prev_state"],
            listing.Matching("rt:sched_switch"));
    }

    [Fact]
    public void Types_are_declared_as_in_C()
    {
        NeedsKernel.With(KernelFeatures.KernelBtf);
        var listing = new ProbeListing(_machine, details: true);
        Assert.Equal("vmlinux: struct list_head {\n\tstruct list_head *next;\n\tstruct list_head *prev;\n};", listing.Matching("struct list_head").First());
        Assert.StartsWith("vmlinux: enum pid_type {\n\tPIDTYPE_PID = 0,\n", listing.Matching("enum pid_type").First(), StringComparison.Ordinal);
        var declared = listing.Matching("struct restart_block").First();
        Assert.Contains("\tlong int (*fn)(struct restart_block *);\n\tunion {\n\t\tstruct {\n", declared, StringComparison.Ordinal);
        Assert.Contains(": 4;\n", listing.Matching("struct tcphdr").First(), StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_is_listed_without_naming_files()
    {
        var kinds = new ProbeListing(_machine, details: false).Matching(null).Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)]).Distinct().ToList();
        Assert.Contains("tracepoint", kinds);
        Assert.Contains("software", kinds);
        Assert.DoesNotContain("uprobe", kinds);
    }
}
