namespace Sonde.Script.Binding;

/// <summary>Functions and values of the language that need code in the program.</summary>
enum Intrinsic
{
    /// <summary>uint32 in the session's pid namespace.</summary>
    Pid,

    /// <summary>uint32; see <see cref="Pid"/>.</summary>
    Tid,

    /// <summary>uint32 in the initial namespace.</summary>
    InitPid,

    /// <summary>uint32; see <see cref="InitPid"/>.</summary>
    InitTid,

    /// <summary>uint32.</summary>
    Uid,

    /// <summary>uint32.</summary>
    Gid,

    /// <summary>string[16] of the current thread.</summary>
    Comm,

    /// <summary>uint64; Number: 0 monotonic, 1 boot, 2 tai, 3 tai computed from boot time (sw_tai).</summary>
    Nsecs,

    /// <summary>uint64 nanoseconds since the script's start.</summary>
    Elapsed,

    /// <summary>uint64.</summary>
    Jiffies,

    /// <summary>uint32.</summary>
    Cpu,

    /// <summary>uint32.</summary>
    NumaNode,

    /// <summary>uint64 of <c>bpf_get_prandom_u32</c>.</summary>
    Random,

    /// <summary>bool: the hit came from user mode (software, hardware, profile probes: by the code segment).</summary>
    UserMode,

    /// <summary>uint64 address of the current <c>task_struct</c>.</summary>
    CurrentTask,

    /// <summary>uint64 cgroup v2 id.</summary>
    Cgroup,

    /// <summary>int64 pid of the child of -c.</summary>
    ChildPid,

    /// <summary>Probe index; from the cookie.</summary>
    ProbeIndex,

    /// <summary>uint64 address of the function hit, to be shown as a symbol; user or kernel by the probe.</summary>
    FunctionAddress,

    /// <summary>uint64 register; Number: offset in <c>struct pt_regs</c>.</summary>
    Register,

    /// <summary>uint64 register the thread had when it last entered the kernel; Number: offset in <c>struct pt_regs</c>.</summary>
    UserRegister,

    /// <summary>kstack_t; the type says shape.</summary>
    KernelStack,

    /// <summary>ustack_t; the type says shape.</summary>
    UserStack,

    /// <summary>usym_t of an address: argument.</summary>
    UserSymbol,

    /// <summary>string of the result's capacity: pointer[, most bytes including the zero byte].</summary>
    ReadString,

    /// <summary>buffer of the result's capacity: pointer or memory value, length (uint64).</summary>
    ReadBuffer,

    /// <summary>uint64 of a text.</summary>
    StringLength,

    /// <summary>bool: text, text.</summary>
    StringContains,

    /// <summary>int64 place of a text in a text, -1 if it is not there.</summary>
    StringFind,

    /// <summary>string: text, text, of the result's capacity.</summary>
    StringConcat,

    /// <summary>int64 as memcmp: memory, memory, constant length in Number.</summary>
    MemoryCompare,

    /// <summary>inet: the family (uint64) where Number is 0, then number (uint32), or array or structure of 4 or 16 bytes; Number: the family.</summary>
    InternetAddress,

    /// <summary>macaddr_t: array of 6 bytes or pointer to it.</summary>
    HardwareAddress,

    /// <summary>The bytes of an integer in the other order.</summary>
    ByteSwap,

    /// <summary>int64: 0 or a negative error; argument: signal number.</summary>
    SendSignal,

    /// <summary>See <see cref="SendSignal"/>; to the thread.</summary>
    SendSignalThread,

    /// <summary>override(rc).</summary>
    OverrideReturn,

    /// <summary>int64: pointer to, memory from, length.</summary>
    WriteUser,

    /// <summary>string: <c>d_path</c> of a <c>struct path *</c>.</summary>
    Path,

    /// <summary>uint64 of <c>bpf_get_socket_cookie</c>: pointer to a socket.</summary>
    SocketCookie,

    /// <summary>int64: 0 or a negative error; arguments: <c>struct sk_buff *</c>, how many bytes (uint64), how many the packet has (uint64); Number: the action.</summary>
    PacketOutput,

    /// <summary>uint64: per-processor address of a kernel symbol; Number: the symbol's address; arguments: where <c>__per_cpu_offset</c> lies, processor.</summary>
    PerCpuAddress,

    /// <summary>bool: is_err(pointer).</summary>
    IsErrorPointer,

    /// <summary>pyfunc_t of the function hit.</summary>
    PythonFunction,

    /// <summary>pyfile_t of the function hit.</summary>
    PythonFile,

    /// <summary>uint64: the address of the frame, the same from a call to its end.</summary>
    PythonFrame,

    /// <summary>int64: in Python probes the function's first line, in others the line it is at.</summary>
    PythonLine,

    /// <summary>pystack_t of the current thread; the type says how deep.</summary>
    PythonStack,

    /// <summary>Address of the object a variable of the frame holds, 0 when it is unset or there is none of the name; Number: place in <see cref="BoundScript.PythonNames"/>.</summary>
    PythonLocal,

    /// <summary>Address of the object a Python function returns.</summary>
    PythonResult,

    /// <summary>string: the type of the exception that leaves a Python function.</summary>
    PythonException,

    /// <summary>pyvalue_t of the object at an address.</summary>
    PythonValue,

    /// <summary>int64 of the int, bool or float (cut towards zero) at an address; 0 for everything else.</summary>
    PythonInteger,

    /// <summary>int64: how many items, characters or bytes the object at an address has; 0 for what has none.</summary>
    PythonLength,

    /// <summary>int64: 1 when the object at an address is <c>None</c>, else 0.</summary>
    PythonIsNone,

    /// <summary>double of the float or int at an address; 0 for everything else.</summary>
    PythonFloat,

    /// <summary>string of the str at an address; empty (null or unreadable) for everything else; Number: 1 if the script said how many characters it wants.</summary>
    PythonText,
}
