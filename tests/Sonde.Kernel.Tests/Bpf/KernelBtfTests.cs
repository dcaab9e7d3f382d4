using Sonde.Bpf;
using Sonde.Bpf.Btf;
using Xunit;

namespace Sonde.Kernel.Tests.Bpf;

public class KernelBtfTests
{
    [Fact]
    public void Finds_the_kernels_own_types()
    {
        NeedsKernel.With(KernelFeatures.KernelBtf);
        BtfTypes kernel = BtfTypes.LoadKernel();

        Assert.True(kernel.TryFind("task_struct", BtfKind.Structure, out BtfType task));
        Assert.True(task.TryFindMember("comm", out BtfMember comm));
        Assert.Equal(16, comm.Type.SizeBytes);
        Assert.InRange(comm.ByteOffset, 1, task.SizeBytes - 16);
        Assert.True(task.TryFindMember("se.vruntime", out BtfMember nested));
        Assert.True(task.TryFindMember("se", out BtfMember outer));
        Assert.InRange(nested.ByteOffset, outer.ByteOffset, outer.ByteOffset + outer.Type.SizeBytes - 8);
        Assert.False(task.TryFindMember("no_such_member", out _));
        Assert.False(task.TryFindMember("comm.x", out _));

        Assert.True(kernel.TryFind("bpf_map_type", BtfKind.Enumeration, out BtfType types));
        Assert.Contains(("BPF_MAP_TYPE_RINGBUF", (long)MapType.RingBuffer), types.Values);
        Assert.Contains(("BPF_MAP_TYPE_TASK_STORAGE", (long)MapType.TaskStorage), types.Values);

        Assert.True(kernel.TryFind("vfs_read", BtfKind.Function, out BtfType read));
        Assert.Equal(["file", "buf", "count", "pos"], read.Parameters.Select(p => p.Name));
        Assert.Equal("struct file", read.Parameters[0].Type.Target.ToString());
        Assert.False(kernel.TryFind("no_such_type", BtfKind.Structure, out _));
    }

    [Fact]
    public void Numbers_of_the_api_are_the_kernels()
    {
        NeedsKernel.With(KernelFeatures.KernelBtf);
        BtfTypes kernel = BtfTypes.LoadKernel();
        Dictionary<string, long> helpers = Values(kernel, "bpf_func_id");
        foreach (Helper helper in Enum.GetValues<Helper>())
        {
            Assert.True(helpers.TryGetValue("BPF_FUNC_" + SnakeCase(helper.ToString()), out long number), helper.ToString());
            Assert.Equal(number, (long)helper);
        }

        Dictionary<string, long> programs = Values(kernel, "bpf_prog_type");
        Assert.Equal((long)ProgramType.Syscall, programs["BPF_PROG_TYPE_SYSCALL"]);
        Assert.Equal((long)ProgramType.RawTracepoint, programs["BPF_PROG_TYPE_RAW_TRACEPOINT"]);
        Dictionary<string, long> attach = Values(kernel, "bpf_attach_type");
        Assert.Equal((long)AttachType.UprobeMulti, attach["BPF_TRACE_UPROBE_MULTI"]);
        Assert.Equal((long)AttachType.KprobeMulti, attach["BPF_TRACE_KPROBE_MULTI"]);
        Assert.Equal((long)AttachType.UprobeSession, attach["BPF_TRACE_UPROBE_SESSION"]);
        Assert.Equal((long)AttachType.FunctionEntry, attach["BPF_TRACE_FENTRY"]);
    }

    static Dictionary<string, long> Values(BtfTypes kernel, string enumeration)
    {
        Assert.True(kernel.TryFind(enumeration, BtfKind.Enumeration, out BtfType type));
        return type.Values.ToDictionary(v => v.Name, v => v.Value);
    }

    static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => (i > 0 && char.IsUpper(c) ? "_" : "") + char.ToLowerInvariant(c)));
}
