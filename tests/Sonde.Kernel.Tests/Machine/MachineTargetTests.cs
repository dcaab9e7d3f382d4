using Sonde.Bpf;
using Sonde.Engine.Scripts.Machine;
using Sonde.Kernel.Tests.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Types;
using Sonde.Tests.Machine;
using Xunit;

namespace Sonde.Kernel.Tests.Machine;

public sealed class MachineTargetTests : IDisposable
{
    readonly MachineTarget _machine = new(new MachineOptions());

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Tracepoints_have_their_fields_with_the_kernels_types()
    {
        var probe = Assert.Single(Points.Resolve(_machine, "t:sched:sched_switch"));
        Assert.Equal("tracepoint:sched:sched_switch", probe.Name);
        Assert.True(probe.TracepointId > 0);
        var arguments = probe.Context.ArgumentStruct!;
        Assert.Equal("int8[16]", arguments.Find("prev_comm")!.Type.ToString());
        Assert.Equal(IntegerType.Int64, arguments.Find("prev_state")!.Type);
        Assert.Null(arguments.Find("common_pid"));

        var open = Assert.Single(Points.Resolve(_machine, "tracepoint:syscalls:sys_enter_openat"));
        Assert.Equal(AddressSpace.User, Assert.IsType<PointerType>(open.Context.ArgumentStruct!.Find("filename")!.Type).Space);
        Assert.Equal(DataLocation.FromRecord, Assert.Single(Points.Resolve(_machine, "t:sched:sched_process_exec")).Context.ArgumentStruct!.Find("filename")!.DataLocation);
    }

    [Fact]
    public void Tracepoints_of_one_class_share_a_program()
    {
        var exits = Points.Resolve(_machine, "t:syscalls:sys_exit_*");
        Assert.True(exits.Count > 100);
        Assert.Single(exits.Select(probe => probe.Context.Key).Distinct());
        Assert.Equal(exits.OrderBy(probe => probe.Function, StringComparer.Ordinal), exits);
    }

    [Theory]
    [InlineData("t:sched:sched_swich", "did you mean 'sched:sched_switch'?")]
    [InlineData("t:shed:sched_switch", "did you mean 'sched:sched_switch'?")]
    [InlineData("t:sched:quite_another_thing", null)]
    public void A_missing_tracepoint_is_explained(string written, string? hint)
    {
        Assert.Empty(Points.Resolve(_machine, written));
        Assert.Equal(hint, _machine.ExplainMissing(Points.Parse(written)));
    }

    [Fact]
    public void Raw_tracepoints_need_no_module_with_types()
    {
        NeedsKernel.With(KernelFeatures.KernelBtf);
        var probe = Assert.Single(Points.Resolve(_machine, "rt:sched_switch"));
        Assert.Equal("rawtracepoint:vmlinux:sched_switch", probe.Name);
        Assert.Equal(["bool preempt", "struct task_struct * prev", "struct task_struct * next", "uint32 prev_state"], probe.Context.Named!.Select(a => $"{a.Type} {a.Name}"));
        Assert.Equal(new ContextSource(16), probe.Context.Named![2].Source);
        Assert.Empty(Points.Resolve(_machine, "rt:nonsense:sched_switch"));
        Assert.True(Points.Resolve(_machine, "rt:vmlinu*:sched_*").Count > 5);
    }

    [Fact]
    public void Kernel_types_are_the_kernels()
    {
        NeedsKernel.With(KernelFeatures.KernelBtf);
        var task = Assert.IsType<StructType>(_machine.FindKernelType("struct", "task_struct"));
        Assert.Equal("int8[16]", task.Find("comm")!.Type.ToString());
        Assert.Equal(IntegerType.Int32, task.Find("pid")!.Type);
        Assert.Equal("struct mm_struct *", task.Find("mm")!.Type.ToString());
        Assert.Same(((PointerType)task.Find("parent")!.Type).Target, task);
        var header = Assert.IsType<StructType>(_machine.FindKernelType("struct", "tcphdr"));
        Assert.Equal((12, 4, 4), header.Find("doff") is { } doff ? (doff.Offset, doff.BitOffset, doff.BitSize) : default);
        Assert.Equal(IntegerType.UInt32, _machine.FindKernelType("", "u32"));
        Assert.Equal(IntegerType.Int32, _machine.FindKernelType("", "pid_t"));
        Assert.Equal(4, Assert.IsType<EnumType>(_machine.FindKernelType("enum", "pid_type")).Members.Single(m => m.Name == "PIDTYPE_MAX").Value);
        Assert.Null(_machine.FindKernelType("struct", "no_such_type"));
        Assert.True(_machine.TryFindEnumValue("PIDTYPE_TGID", out var type, out var value));
        Assert.Equal(("pid_type", 1L), (type.Name, value));
        Assert.False(_machine.TryFindEnumValue("NO_SUCH_CONSTANT", out _, out _));
    }

    [Fact]
    public void Functions_are_found_by_program_library_and_path()
    {
        var shell = Assert.Single(Points.Resolve(_machine, "u:bash:main"));
        Assert.Equal((ProbeKind.Uprobe, "main"), (shell.Kind, shell.Function));
        Assert.True(shell.FileOffset > 0);
        Assert.Equal(shell.FileOffset, Assert.Single(Points.Resolve(_machine, $"u:{Path.GetDirectoryName(shell.Path)}/bas[h]:ma[i]n")).FileOffset);
        var library = Assert.Single(Points.Resolve(_machine, "uretprobe:libc:malloc"));
        Assert.EndsWith(":malloc", library.Name, StringComparison.Ordinal);
        Assert.Equal(new RegisterSource(80), library.Context.ReturnValue!.Source);
        Assert.Equal(library.FileOffset, Assert.Single(Points.Resolve(_machine, "uprobe:libc.so.6:malloc")).FileOffset);
    }
}
