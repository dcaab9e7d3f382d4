using Sonde.Script.Types;

namespace Sonde.Tests.Script;

/// <summary>Kernel types and tracepoints of <see cref="FixtureTarget"/>: shaped as the kernel's, with few fields.</summary>
static class FixtureTypes
{
    public static readonly EnumType PidType = new("pid_type", IntegerType.UInt32, [new("PIDTYPE_PID", 0), new("PIDTYPE_TGID", 1), new("PIDTYPE_MAX", 4)]);

    public static readonly StructType Dentry = new("dentry", 64, false, () =>
    [
        new("d_parent", KernelPointer(Dentry!), 24),
        new("d_iname", new ArrayType(IntegerType.Int8, 32), 32),
    ]);

    public static readonly StructType Path = new("path", 16, false, () =>
    [
        new("mnt", KernelPointer(VoidType.Instance), 0),
        new("dentry", KernelPointer(Dentry), 8),
    ]);

    public static readonly StructType File = new("file", 64, false, () =>
    [
        new("f_path", Path, 16),
        new("f_flags", IntegerType.UInt32, 32),
    ]);

    public static readonly StructType Address = new("address", 16, true, () =>
    [
        new("v4", IntegerType.UInt32, 0),
        new("v6", new ArrayType(IntegerType.UInt8, 16), 0),
    ]);

    public static readonly StructType Sock = new("sock", 40, false, () =>
    [
        new("family", IntegerType.UInt16, 0),
        new("port", IntegerType.UInt16, 2),
        new("reuse", IntegerType.UInt8, 4, BitOffset: 0, BitSize: 4),
        new("state", IntegerType.UInt8, 4, BitOffset: 4, BitSize: 4),
        new("from", Address, 8),
        new("ports", new ArrayType(new ArrayType(IntegerType.UInt16, 3), 2), 24),
    ]);

    public static readonly StructType Task = new("task_struct", 4096, false, () =>
    [
        new("__state", IntegerType.UInt32, 24),
        new("on_cpu", IntegerType.Int32, 52),
        new("pid", IntegerType.Int32, 1400),
        new("tgid", IntegerType.Int32, 1404),
        new("sched_contributes_to_load", IntegerType.UInt32, 1408, BitOffset: 1, BitSize: 1),
        new("real_parent", KernelPointer(Task!), 1416),
        new("group_leader", KernelPointer(Task!), 1464),
        new("start_time", IntegerType.UInt64, 1512),
        new("comm", new ArrayType(IntegerType.Int8, 16), 1920),
        new("files", KernelPointer(File), 1952),
    ]);

    /// <summary>A structure of the program <c>/bin/app</c>, from its debug information.</summary>
    public static readonly StructType Point = new("point", 24, false, () =>
    [
        new("x", IntegerType.Int32, 0),
        new("y", IntegerType.Int32, 4),
        new("label", new PointerType(IntegerType.Int8, AddressSpace.User), 8),
        new("next", new PointerType(Point!, AddressSpace.User), 16),
    ]);

    public static readonly (string Group, string Name, int Id, StructType Arguments)[] Tracepoints =
    [
        ("sched", "sched_process_exec", 310, Record("sched_process_exec", 20,
            new("filename", new ArrayType(IntegerType.Int8, 0), 8, DataLocation: DataLocation.FromRecord),
            new("pid", IntegerType.Int32, 12),
            new("old_pid", IntegerType.Int32, 16))),
        ("sched", "sched_switch", 316, Record("sched_switch", 64,
            new("prev_comm", new ArrayType(IntegerType.Int8, 16), 8),
            new("prev_pid", IntegerType.Int32, 24),
            new("prev_prio", IntegerType.Int32, 28),
            new("prev_state", IntegerType.Int64, 32),
            new("next_comm", new ArrayType(IntegerType.Int8, 16), 40),
            new("next_pid", IntegerType.Int32, 56),
            new("next_prio", IntegerType.Int32, 60))),
        ("syscalls", "sys_enter_execve", 700, Record("sys_enter_execve", 40,
            new("__syscall_nr", IntegerType.Int32, 8),
            new("filename", UserPointer(IntegerType.Int8), 16),
            new("argv", UserPointer(UserPointer(IntegerType.Int8)), 24),
            new("envp", UserPointer(UserPointer(IntegerType.Int8)), 32))),
        ("syscalls", "sys_enter_openat", 701, Record("sys_enter_openat", 48,
            new("__syscall_nr", IntegerType.Int32, 8),
            new("dfd", IntegerType.Int64, 16),
            new("filename", UserPointer(IntegerType.Int8), 24),
            new("flags", IntegerType.Int64, 32),
            new("mode", IntegerType.UInt64, 40))),
        ("syscalls", "sys_enter_read", 702, Record("sys_enter_read", 40,
            new("__syscall_nr", IntegerType.Int32, 8),
            new("fd", IntegerType.UInt64, 16),
            new("buf", UserPointer(IntegerType.Int8), 24),
            new("count", IntegerType.UInt64, 32))),
        ("syscalls", "sys_exit_openat", 703, Record("sys_exit", 24, new("__syscall_nr", IntegerType.Int32, 8), new("ret", IntegerType.Int64, 16))),
        ("syscalls", "sys_exit_read", 704, Record("sys_exit", 24, new("__syscall_nr", IntegerType.Int32, 8), new("ret", IntegerType.Int64, 16))),
    ];

    static PointerType KernelPointer(DataType target) => new(target, AddressSpace.Kernel);

    static PointerType UserPointer(DataType target) => new(target, AddressSpace.User);

    static StructType Record(string name, int size, params StructField[] fields) => new("trace_event_" + name, size, false, () => fields);
}
