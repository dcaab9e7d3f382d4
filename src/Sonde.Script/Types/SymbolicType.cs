namespace Sonde.Script.Types;

/// <summary>What a number that only user space can put into words stands for.</summary>
enum SymbolicKind
{
    /// <summary>
    /// A kernel stack: its number in the stack map (<see cref="SymbolicType.Stack"/>), negative when it could not be taken. The upper half holds the count
    /// of its frames in scripts that ask for it, else 0.
    /// </summary>
    KernelStack,

    /// <summary>A user stack: the number, then the process (4 bytes, host id) whose addresses they are.</summary>
    UserStack,

    /// <summary>A kernel address.</summary>
    KernelSymbol,

    /// <summary>A user address, then the process (8 bytes, host id) it belongs to.</summary>
    UserSymbol,

    /// <summary>An internet address: its family (4 bytes, AF_INET 2 or AF_INET6 10), then 16 bytes, of which IPv4 uses the first four.</summary>
    InternetAddress,

    /// <summary>Six bytes of a hardware address, then two that are zero.</summary>
    HardwareAddress,

    /// <summary>A time to be formatted (<see cref="SymbolicType.Format"/>): nanoseconds of <c>CLOCK_BOOTTIME</c>.</summary>
    Timestamp,

    /// <summary>A control group: its number, then the number (8 bytes) of a name filter, -1 for none.</summary>
    CgroupPath,

    /// <summary>A user id.</summary>
    UserName,

    /// <summary>The probe that was hit: an index into the script's probe names.</summary>
    Probe,

    /// <summary>An error number.</summary>
    ErrorText,

    /// <summary>A signal number.</summary>
    SignalName,

    /// <summary>A system call number.</summary>
    SyscallName,

    /// <summary>The function of a Python code object: its identity, as the code table knows it, then the process (8 bytes).</summary>
    PythonFunction,

    /// <summary>The file of a Python code object; like <see cref="PythonFunction"/>.</summary>
    PythonFile,

    /// <summary>A Python stack: its number in the script's table of Python stacks, then the process (8 bytes).</summary>
    PythonStack,

    /// <summary>A Python object as it was when the probe was hit: see <see cref="PythonValueLayout"/>.</summary>
    PythonValue,
}

/// <summary>How a stack is printed.</summary>
enum StackMode
{
    /// <summary>Symbol and offset, one frame a line.</summary>
    Bpftrace,

    /// <summary>Address, symbol, offset and module, as <c>perf script</c> prints them.</summary>
    Perf,

    /// <summary>Addresses.</summary>
    Raw,

    /// <summary>Build ids and file offsets.</summary>
    BuildId,
}

/// <summary>What to take of a stack.</summary>
/// <param name="Mode">How it is printed.</param>
/// <param name="Depth">At most how many frames.</param>
/// <param name="ByTables">Whether unwind tables are followed, and not frame pointers: then the map of such stacks is a hash table from the stack's number (8) to {how many frames (8), then their addresses}.</param>
readonly record struct StackShape(StackMode Mode, int Depth, bool ByTables = false);

/// <summary>A number, or two, that stands for something only user space can name; can be printed, stored and used as a key.</summary>
/// <param name="Kind">What it stands for; says the layout.</param>
sealed record SymbolicType(SymbolicKind Kind) : DataType
{
    /// <summary>For stacks: mode and depth.</summary>
    public StackShape Stack { get; init; }

    /// <summary>For probes: how large a text holds any of the script's probe names.</summary>
    public int TextCapacity { get; init; }

    /// <summary>For timestamps: the strftime format.</summary>
    public string Format { get; init; } = "";

    public override int Size => Kind switch
    {
        SymbolicKind.KernelStack or SymbolicKind.KernelSymbol or SymbolicKind.HardwareAddress or SymbolicKind.Timestamp => 8,
        SymbolicKind.InternetAddress => 20,
        SymbolicKind.UserStack or SymbolicKind.UserSymbol or SymbolicKind.CgroupPath => 16,
        SymbolicKind.PythonFunction or SymbolicKind.PythonFile or SymbolicKind.PythonStack => 16,
        SymbolicKind.PythonValue => PythonValueLayout.Size,
        _ => 8,
    };

    public override int Alignment => Kind == SymbolicKind.InternetAddress ? 4 : 8;

    /// <summary>Of one number.</summary>
    public override bool IsScalar => Size == 8 && Kind != SymbolicKind.HardwareAddress;

    public override string ToString() => Kind switch
    {
        SymbolicKind.KernelStack => "kstack_t",
        SymbolicKind.UserStack => "ustack_t",
        SymbolicKind.KernelSymbol => "ksym_t",
        SymbolicKind.UserSymbol => "usym_t",
        SymbolicKind.InternetAddress => "inet",
        SymbolicKind.HardwareAddress => "macaddr_t",
        SymbolicKind.Timestamp => "timestamp",
        SymbolicKind.CgroupPath => "cgroup_path_t",
        SymbolicKind.UserName => "username",
        SymbolicKind.Probe => "probe",
        SymbolicKind.ErrorText => "strerror",
        SymbolicKind.SignalName => "signal_name",
        SymbolicKind.SyscallName => "syscall_name",
        SymbolicKind.PythonFunction => "pyfunc_t",
        SymbolicKind.PythonFile => "pyfile_t",
        SymbolicKind.PythonStack => "pystack_t",
        SymbolicKind.PythonValue => "pyvalue_t",
        _ => throw new InvalidOperationException($"no name for {Kind}"),
    };
}
