using System.Runtime.InteropServices;
using Sonde.Bpf;
using Sonde.Engine.Diagnosis;
using Sonde.Linux;
using Xunit;

namespace Sonde.Tests.Diagnosis;

public class DoctorTests
{
    static readonly CapabilitySet _none = new(0);
    static readonly CapabilitySet _root = new(ulong.MaxValue);

    [Fact]
    public void Missing_capabilities_are_named_with_what_they_cost()
    {
        Finding none = MachineChecks.Capabilities(_none);
        Assert.Equal((Verdict.Bad, "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_CHECKPOINT_RESTORE missing"), (none.Verdict, none.State));
        Assert.Contains("sudo", none.Advice, StringComparison.Ordinal);
        Assert.NotNull(none.Stops);

        Finding own = MachineChecks.Capabilities(Set(Capability.Bpf, Capability.Perfmon));
        Assert.Equal((Verdict.Limited, "CAP_SYS_PTRACE, CAP_CHECKPOINT_RESTORE missing"), (own.Verdict, own.State));
        Assert.Equal(Verdict.Limited, MachineChecks.Capabilities(Set(Capability.SysAdmin)).Verdict);
        Assert.Equal(Verdict.Good, MachineChecks.Capabilities(Set(Capability.SysAdmin, Capability.SysPtrace)).Verdict);
        Assert.Equal(Verdict.Good, MachineChecks.Capabilities(_root).Verdict);
    }

    [Theory]
    [InlineData(null, Verdict.Good, "none (no lockdown file)")]
    [InlineData("[none] integrity confidentiality\n", Verdict.Good, "none")]
    [InlineData("none [integrity] confidentiality\n", Verdict.Good, "integrity")]
    [InlineData("none integrity [confidentiality]\n", Verdict.Limited, "confidentiality")]
    [InlineData("garbage", Verdict.Good, "none")]
    public void Lockdown_is_read_as_the_kernel_writes_it(string? text, object verdict, string state)
    {
        Finding finding = MachineChecks.Lockdown(text);
        Assert.Equal((verdict, state), (finding.Verdict, finding.State));
    }

    [Theory]
    [InlineData(null, false, Verdict.Good)]
    [InlineData("0\n", false, Verdict.Good)]
    [InlineData("1\n", false, Verdict.Bad)]
    [InlineData("2\n", false, Verdict.Bad)]
    [InlineData("1\n", true, Verdict.Good)]
    [InlineData("3\n", true, Verdict.Bad)]
    public void Ptrace_scope_binds_those_without_the_capability(string? text, bool privileged, object verdict) =>
        Assert.Equal(verdict, MachineChecks.PtraceScope(text, privileged ? _root : _none).Verdict);

    [Theory]
    [InlineData("2\n", false, Verdict.Limited)]
    [InlineData("-1\n", false, Verdict.Good)]
    [InlineData("4\n", true, Verdict.Good)]
    [InlineData(null, false, Verdict.Limited)]
    public void Perf_event_paranoid_binds_those_without_the_capability(string? text, bool privileged, object verdict) =>
        Assert.Equal(verdict, MachineChecks.PerfEventParanoid(text, privileged ? _root : _none).Verdict);

    [Fact]
    public void Locked_memory_matters_to_old_kernels_alone()
    {
        Version old = new(5, 10, 0);
        Assert.Equal(Verdict.Bad, MachineChecks.LockedMemory(old, 64 << 10, _none).Verdict);
        Assert.Equal("64 KiB", MachineChecks.LockedMemory(old, 64 << 10, _none).State);
        Assert.Equal(Verdict.Good, MachineChecks.LockedMemory(old, 64 << 10, Set(Capability.SysResource)).Verdict);
        Assert.Equal("unlimited", MachineChecks.LockedMemory(old, MemoryLock.Unlimited, _none).State);
        Assert.Equal(Verdict.Good, MachineChecks.LockedMemory(new Version(5, 11, 0), 0, _none).Verdict);
    }

    [Fact]
    public void Kernel_machine_and_compiler_are_judged()
    {
        Assert.Equal(Verdict.Good, MachineChecks.Kernel("6.1.0-18-amd64", new Version(6, 1, 0)).Verdict);
        Assert.Equal(Verdict.Limited, MachineChecks.Kernel("4.19.0", new Version(4, 19, 0)).Verdict);
        Assert.Equal(Verdict.Bad, MachineChecks.Machine(Architecture.Arm64).Verdict);
        Assert.Equal(Verdict.Good, MachineChecks.Machine(Architecture.X64).Verdict);
        Assert.Equal(Verdict.Limited, MachineChecks.Jit("0\n").Verdict);
        Assert.Equal(Verdict.Good, MachineChecks.Jit("1\n").Verdict);
        Assert.Equal(Verdict.Good, MachineChecks.Jit(null).Verdict);
    }

    [Fact]
    public void A_missing_feature_says_what_stops_and_since_when_it_exists()
    {
        FeatureAnswer yes = new FeatureAnswer.Yes();
        FeatureAnswer no = new FeatureAnswer.No(new Version(6, 6));
        FeatureAnswer unknown = new FeatureAnswer.Untestable(new LinuxException(Errno.EPERM, "bpf(PROG_LOAD)", "Become root."));

        Finding missing = FeatureChecks.Judge("x", no, Verdict.Bad, "Nothing works.", "Do this.");
        Assert.Equal(new Finding("x", Verdict.Bad, "no: needs Linux 6.6") { Stops = "Nothing works.", Advice = "Do this." }, missing);
        Assert.Equal(new Finding("x", Verdict.Good, "yes"), FeatureChecks.Judge("x", yes, Verdict.Bad, "Nothing works.", "Do this."));
        Assert.Equal(
            new Finding("x", Verdict.Unknown, "could not be tested: bpf(PROG_LOAD): EPERM. Become root."), FeatureChecks.Judge("x", unknown, Verdict.Bad, "Nothing works.", "Do this."));

        Assert.Equal(Verdict.Good, FeatureChecks.Uprobes(yes, no).Verdict);
        Assert.Equal("one by one; uprobe_multi no: needs Linux 6.6", FeatureChecks.Uprobes(no, yes).State);
        Assert.Equal(Verdict.Unknown, FeatureChecks.Uprobes(unknown, no).Verdict);
        Assert.Equal(Verdict.Bad, FeatureChecks.Uprobes(no, no).Verdict);
        Assert.Equal("no: needs Linux 6.6 with CONFIG_X", new FeatureAnswer.No(new Version(6, 6), "CONFIG_X").ToString());
        Assert.Equal("no: needs CONFIG_X", new FeatureAnswer.No(null, "CONFIG_X").ToString());
    }

    [Fact]
    public void The_conclusion_names_what_stands_in_the_way()
    {
        Finding good = new("kernel", Verdict.Good, "x");
        Finding limited = new("kprobes", Verdict.Limited, "x");
        Finding bad = new("capabilities", Verdict.Bad, "x");
        Assert.Equal(new Finding("flow", Verdict.Good, "Python can be followed"), Doctor.Conclude([good, limited], null));
        Assert.Equal(new Finding("flow", Verdict.Bad, "process 7 cannot be followed because of: capabilities"), Doctor.Conclude([good, bad, limited], 7));
    }

    static CapabilitySet Set(params Capability[] capabilities) => new(capabilities.Aggregate(0ul, (bits, c) => bits | 1ul << (int)c));
}
