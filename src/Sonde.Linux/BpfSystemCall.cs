using System.Runtime.InteropServices;

namespace Sonde.Linux;

/// <summary>The arguments of <c>BPF_MAP_CREATE</c>.</summary>
public readonly ref struct MapCreateArguments
{
    /// <summary>The map type's number (<c>enum bpf_map_type</c>).</summary>
    public uint Type { get; init; }

    /// <summary>Bytes of a key.</summary>
    public uint KeySize { get; init; }

    /// <summary>Bytes of a value.</summary>
    public uint ValueSize { get; init; }

    /// <summary>How many entries, or for ring buffers how many bytes.</summary>
    public uint MaxEntries { get; init; }

    /// <summary><c>BPF_F_*</c> flags.</summary>
    public uint Flags { get; init; }

    /// <summary>The name, of which the kernel keeps 15 bytes.</summary>
    public string Name { get; init; }

    /// <summary>BTF that describes key and value, or null.</summary>
    public FileDescriptor? Btf { get; init; }

    /// <summary>The key's type in <see cref="Btf"/>.</summary>
    public uint BtfKeyType { get; init; }

    /// <summary>The value's type in <see cref="Btf"/>.</summary>
    public uint BtfValueType { get; init; }
}

/// <summary>The arguments of <c>BPF_PROG_LOAD</c>.</summary>
public readonly ref struct ProgramLoadArguments
{
    /// <summary>The program type's number (<c>enum bpf_prog_type</c>).</summary>
    public uint Type { get; init; }

    /// <summary>The attach type's number (<c>enum bpf_attach_type</c>), where the verifier needs it.</summary>
    public uint ExpectedAttachType { get; init; }

    /// <summary>The kernel type, by its number in the kernel's BTF, that the program is attached to; 0 for none (Linux 5.5+).</summary>
    public uint AttachBtfId { get; init; }

    /// <summary>The BTF of the kernel's module that the number is in; null for the kernel's own (Linux 5.11+).</summary>
    public FileDescriptor? AttachBtf { get; init; }

    /// <summary><c>BPF_F_*</c> load flags.</summary>
    public uint Flags { get; init; }

    /// <summary>The instructions, each 8 bytes.</summary>
    public ReadOnlySpan<ulong> Instructions { get; init; }

    /// <summary>The licence; helpers marked GPL-only ask for "GPL".</summary>
    public string License { get; init; }

    /// <summary>The name, of which the kernel keeps 15 bytes.</summary>
    public string Name { get; init; }

    /// <summary>0: no log; 1: the last path; 2: every instruction; 4: statistics.</summary>
    public uint LogLevel { get; init; }

    /// <summary>Where the verifier writes its log; empty for none.</summary>
    public Span<byte> Log { get; init; }

    /// <summary>BTF that describes the functions, or null.</summary>
    public FileDescriptor? Btf { get; init; }

    /// <summary>Pairs of instruction index and BTF type, one for each function (<c>struct bpf_func_info</c>).</summary>
    public ReadOnlySpan<uint> FunctionInfo { get; init; }
}

/// <summary>The arguments of <c>BPF_LINK_CREATE</c> for <c>BPF_TRACE_UPROBE_MULTI</c> (Linux 6.6+).</summary>
public readonly ref struct UprobeMultiArguments
{
    /// <summary>The program.</summary>
    public FileDescriptor Program { get; init; }

    /// <summary>The file probed.</summary>
    public string Path { get; init; }

    /// <summary>File offsets.</summary>
    public ReadOnlySpan<ulong> Offsets { get; init; }

    /// <summary>One cookie for each offset, or empty.</summary>
    public ReadOnlySpan<ulong> Cookies { get; init; }

    /// <summary>File offset of a 2-byte reference counter for each offset (0 for none), or empty.</summary>
    public ReadOnlySpan<ulong> RefCounterOffsets { get; init; }

    /// <summary>The one process probed, 0 for all.</summary>
    public uint Pid { get; init; }

    /// <summary>Whether the probes fire at return.</summary>
    public bool Return { get; init; }
}

/// <summary>bpf(2), one method a command (include/uapi/linux/bpf.h). Nothing here throws but for misuse; the results carry the errno.</summary>
public static unsafe class BpfSystemCall
{
    const int NameBytes = 16;
    // The verifier gives up with EAGAIN when a signal is pending, which the runtime sends at will.
    const int MostAttempts = 10;
    const uint UprobeMulti = 48; // BPF_TRACE_UPROBE_MULTI

    enum Command
    {
        MapCreate = 0,
        MapLookup = 1,
        MapUpdate = 2,
        MapDelete = 3,
        MapNextKey = 4,
        ProgramLoad = 5,
        ProgramTestRun = 10,
        ObjectInfo = 15,
        RawTracepointOpen = 17,
        BtfLoad = 18,
        BtfOpen = 19,
        MapFreeze = 22,
        BtfNextId = 23,
        LinkCreate = 28,
        EnableStats = 32,
        IteratorCreate = 33,
    }

    /// <summary>Creates a map; the result is a descriptor's number.</summary>
    public static SystemResult CreateMap(in MapCreateArguments arguments)
    {
        Attributes a = default;
        a.Set(0, arguments.Type);
        a.Set(4, arguments.KeySize);
        a.Set(8, arguments.ValueSize);
        a.Set(12, arguments.MaxEntries);
        a.Set(16, arguments.Flags);
        a.SetName(28, arguments.Name);
        if (arguments.Btf is { } btf)
        {
            a.Set(48, (uint)btf.Number);
            a.Set(52, arguments.BtfKeyType);
            a.Set(56, arguments.BtfValueType);
        }

        SystemResult result = Call(Command.MapCreate, ref a);
        GC.KeepAlive(arguments.Btf);
        return result;
    }

    /// <summary>Copies the value of <paramref name="key"/> into <paramref name="value"/>; ENOENT when it is not there.</summary>
    public static SystemResult Lookup(FileDescriptor map, ReadOnlySpan<byte> key, Span<byte> value)
    {
        fixed (byte* keyPointer = key, valuePointer = value)
        {
            return Element(Command.MapLookup, map, keyPointer, valuePointer, 0);
        }
    }

    /// <summary>Sets the value of <paramref name="key"/>. Flags: 0 any, 1 only new (EEXIST), 2 only existing (ENOENT).</summary>
    public static SystemResult Update(FileDescriptor map, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags)
    {
        fixed (byte* keyPointer = key, valuePointer = value)
        {
            return Element(Command.MapUpdate, map, keyPointer, valuePointer, flags);
        }
    }

    /// <summary>Removes <paramref name="key"/>; ENOENT when it is not there.</summary>
    public static SystemResult Delete(FileDescriptor map, ReadOnlySpan<byte> key)
    {
        fixed (byte* keyPointer = key)
        {
            return Element(Command.MapDelete, map, keyPointer, null, 0);
        }
    }

    /// <summary>The key after <paramref name="key"/>, or the first when that is empty; ENOENT after the last.</summary>
    public static SystemResult NextKey(FileDescriptor map, ReadOnlySpan<byte> key, Span<byte> next)
    {
        fixed (byte* keyPointer = key, nextPointer = next)
        {
            return Element(Command.MapNextKey, map, key.IsEmpty ? null : keyPointer, nextPointer, 0);
        }
    }

    /// <summary>Forbids further updates from user space (Linux 5.2+).</summary>
    public static SystemResult Freeze(FileDescriptor map)
    {
        Attributes a = default;
        a.Set(0, (uint)map.Number);
        return Call(Command.MapFreeze, ref a, map);
    }

    /// <summary>Loads a program; the result is a descriptor's number.</summary>
    public static SystemResult LoadProgram(in ProgramLoadArguments arguments)
    {
        fixed (ulong* instructions = arguments.Instructions)
        fixed (byte* license = FileDescriptor.ZeroTerminated(arguments.License))
        fixed (byte* log = arguments.Log)
        fixed (uint* functions = arguments.FunctionInfo)
        {
            Attributes a = default;
            a.Set(0, arguments.Type);
            a.Set(4, (uint)arguments.Instructions.Length);
            a.Set(8, instructions);
            a.Set(16, license);
            if (!arguments.Log.IsEmpty)
            {
                a.Set(24, arguments.LogLevel);
                a.Set(28, (uint)arguments.Log.Length);
                a.Set(32, log);
            }

            a.Set(40, VersionCode());
            a.Set(44, arguments.Flags);
            a.SetName(48, arguments.Name);
            a.Set(68, arguments.ExpectedAttachType);
            a.Set(108, arguments.AttachBtfId);
            a.Set(112, arguments.AttachBtf is { } attached ? (uint)attached.Number : 0);
            if (arguments.Btf is { } btf)
            {
                a.Set(72, (uint)btf.Number);
                a.Set(76, 2 * sizeof(uint));
                a.Set(80, functions);
                a.Set(88, (uint)arguments.FunctionInfo.Length / 2);
            }

            SystemResult result = Call(Command.ProgramLoad, ref a);
            GC.KeepAlive(arguments.Btf);
            GC.KeepAlive(arguments.AttachBtf);
            return result;
        }
    }

    /// <summary>Runs a program on <paramref name="data"/> without attaching it (<c>BPF_PROG_TEST_RUN</c>, Linux 4.12+).</summary>
    /// <param name="program">A program of a type that can be run so: socket filter, XDP, scheduler classifier.</param>
    /// <param name="data">The packet, at least 14 bytes.</param>
    /// <param name="returned">What the program returned.</param>
    public static SystemResult TestRun(FileDescriptor program, ReadOnlySpan<byte> data, out uint returned)
    {
        fixed (byte* input = data)
        {
            Attributes a = default;
            a.Set(0, (uint)program.Number);
            a.Set(8, (uint)data.Length);
            a.Set(16, input);
            SystemResult result = Call(Command.ProgramTestRun, ref a, program);
            returned = a.Get(4);
            return result;
        }
    }

    /// <summary>Runs a syscall program (Linux 5.14+) or a raw tracepoint program (Linux 5.10+) with <paramref name="context"/> as its argument.</summary>
    public static SystemResult TestRunContext(FileDescriptor program, Span<byte> context, out uint returned)
    {
        fixed (byte* input = context)
        {
            Attributes a = default;
            a.Set(0, (uint)program.Number);
            a.Set(40, (uint)context.Length);
            a.Set(48, input);
            SystemResult result = Call(Command.ProgramTestRun, ref a, program);
            returned = a.Get(4);
            return result;
        }
    }

    /// <summary>Fills <paramref name="info"/> with what the kernel knows of a map, program, BTF or link.</summary>
    public static SystemResult Info(FileDescriptor descriptor, Span<byte> info)
    {
        fixed (byte* buffer = info)
        {
            Attributes a = default;
            a.Set(0, (uint)descriptor.Number);
            a.Set(4, (uint)info.Length);
            a.Set(8, buffer);
            return Call(Command.ObjectInfo, ref a, descriptor);
        }
    }

    /// <summary>Attaches to a raw tracepoint by name (Linux 4.17+); the result is a descriptor's number.</summary>
    /// <param name="program">The program.</param>
    /// <param name="name">The tracepoint; null for fentry, fexit and BTF-typed tracepoints, which say it when they are loaded.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives (Linux 6.10+); must be 0 before.</param>
    public static SystemResult OpenRawTracepoint(FileDescriptor program, string? name, ulong cookie = 0)
    {
        fixed (byte* text = name is null ? null : FileDescriptor.ZeroTerminated(name))
        {
            Attributes a = default;
            a.Set(0, text);
            a.Set(8, (uint)program.Number);
            a.Set(16, cookie);
            return Call(Command.RawTracepointOpen, ref a, program);
        }
    }

    /// <summary>Loads BTF (Linux 4.18+); the result is a descriptor's number.</summary>
    public static SystemResult LoadBtf(ReadOnlySpan<byte> btf)
    {
        fixed (byte* data = btf)
        {
            Attributes a = default;
            a.Set(0, data);
            a.Set(16, (uint)btf.Length);
            return Call(Command.BtfLoad, ref a);
        }
    }

    /// <summary>The number of the BTF loaded next after <paramref name="id"/>; ENOENT after the last (Linux 5.4+).</summary>
    public static SystemResult NextBtf(uint id, out uint next)
    {
        Attributes a = default;
        a.Set(0, id);
        SystemResult result = Call(Command.BtfNextId, ref a);
        next = a.Get(4);
        return result;
    }

    /// <summary>Opens loaded BTF by its number; the result is a descriptor's number.</summary>
    public static SystemResult OpenBtf(uint id)
    {
        Attributes a = default;
        a.Set(0, id);
        return Call(Command.BtfOpen, ref a);
    }

    /// <summary>Copies the zero-terminated name of loaded BTF: <c>vmlinux</c>, a module's, or none (<c>struct bpf_btf_info</c>, Linux 5.11+). ENOSPC: it is longer.</summary>
    public static SystemResult BtfName(FileDescriptor btf, Span<byte> name)
    {
        fixed (byte* buffer = name)
        {
            // Address of the bytes and their size, number, address of the name and its size, whether it is the kernel's.
            Span<byte> info = stackalloc byte[32];
            info.Clear();
            MemoryMarshal.Write(info[16..], (ulong)buffer);
            MemoryMarshal.Write(info[24..], (uint)name.Length);
            return Info(btf, info);
        }
    }

    /// <summary>Attaches a program to a perf event with a cookie (Linux 5.15+); the result is a descriptor's number.</summary>
    public static SystemResult LinkPerfEvent(FileDescriptor program, FileDescriptor perfEvent, ulong cookie)
    {
        const uint PerfEvent = 41; // BPF_PERF_EVENT
        Attributes a = default;
        a.Set(0, (uint)program.Number);
        a.Set(4, (uint)perfEvent.Number);
        a.Set(8, PerfEvent);
        a.Set(16, cookie);
        SystemResult result = Call(Command.LinkCreate, ref a, program);
        GC.KeepAlive(perfEvent);
        return result;
    }

    /// <summary>Attaches a program to many places of a file at once; the result is a descriptor's number.</summary>
    public static SystemResult LinkUprobes(in UprobeMultiArguments arguments)
    {
        fixed (byte* path = FileDescriptor.ZeroTerminated(arguments.Path))
        fixed (ulong* offsets = arguments.Offsets, cookies = arguments.Cookies, counters = arguments.RefCounterOffsets)
        {
            Attributes a = default;
            a.Set(0, (uint)arguments.Program.Number);
            a.Set(8, UprobeMulti);
            a.Set(16, path);
            a.Set(24, offsets);
            a.Set(32, counters);
            a.Set(40, cookies);
            a.Set(48, (uint)arguments.Offsets.Length);
            a.Set(52, arguments.Return ? 1u : 0u);
            a.Set(56, arguments.Pid);
            SystemResult result = Call(Command.LinkCreate, ref a, arguments.Program);
            return result;
        }
    }

    /// <summary>Attaches a program to many kernel functions at once (Linux 5.18+); the result is a descriptor's number.</summary>
    /// <param name="program">The program.</param>
    /// <param name="functions">Their names.</param>
    /// <param name="cookies">One for each.</param>
    /// <param name="atReturn">Whether the probes fire at return.</param>
    public static SystemResult LinkKprobes(FileDescriptor program, IReadOnlyList<string> functions, ReadOnlySpan<ulong> cookies, bool atReturn)
    {
        const uint KprobeMulti = 42; // BPF_TRACE_KPROBE_MULTI
        List<byte> names = [];
        foreach (var function in functions)
        {
            names.AddRange(FileDescriptor.ZeroTerminated(function));
        }

        fixed (byte* text = CollectionsMarshal.AsSpan(names))
        fixed (ulong* values = cookies)
        {
            ulong[] addresses = new ulong[functions.Count];
            byte* next = text;
            for (int i = 0; i < addresses.Length; i++)
            {
                addresses[i] = (ulong)next;
                next += System.Text.Encoding.UTF8.GetByteCount(functions[i]) + 1;
            }

            fixed (ulong* pointers = addresses)
            {
                Attributes a = default;
                a.Set(0, (uint)program.Number);
                a.Set(8, KprobeMulti);
                a.Set(16, atReturn ? 1u : 0u);
                a.Set(20, (uint)addresses.Length);
                a.Set(24, pointers);
                a.Set(40, values);
                return Call(Command.LinkCreate, ref a, program);
            }
        }
    }

    /// <summary>Attaches a program to what it was loaded for: a kernel function's entry or exit, or an iterator (Linux 5.18+); the result is a descriptor's number.</summary>
    public static SystemResult LinkTracing(FileDescriptor program, uint attachType, ulong cookie)
    {
        Attributes a = default;
        a.Set(0, (uint)program.Number);
        a.Set(8, attachType);
        a.Set(24, cookie);
        return Call(Command.LinkCreate, ref a, program);
    }

    /// <summary>Opens an iterator's output (Linux 5.8+); the result is the number of a descriptor to read.</summary>
    public static SystemResult CreateIterator(FileDescriptor link)
    {
        Attributes a = default;
        a.Set(0, (uint)link.Number);
        return Call(Command.IteratorCreate, ref a, link);
    }

    /// <summary>Makes the kernel count run time and runs of every program while the descriptor is open (Linux 5.8+).</summary>
    public static SystemResult EnableStats()
    {
        Attributes a = default;
        return Call(Command.EnableStats, ref a);
    }

    static SystemResult Element(Command command, FileDescriptor map, byte* key, byte* value, ulong flags)
    {
        Attributes a = default;
        a.Set(0, (uint)map.Number);
        a.Set(8, key);
        a.Set(16, value);
        a.Set(24, flags);
        return Call(command, ref a, map);
    }

    // Kernels older than the last field used accept the excess as long as it is zero.
    static SystemResult Call(Command command, ref Attributes attributes, FileDescriptor? alive = null)
    {
        fixed (Attributes* pointer = &attributes)
        {
            SystemResult result;
            int attempts = 0;
            do
            {
                result = Libc.Result(Libc.SystemCall(Libc.Number.Bpf, (nint)command, (nint)pointer, sizeof(Attributes), 0, 0));
            }
            while (command == Command.ProgramLoad && result.Errno == Errno.EAGAIN && ++attempts < MostAttempts);
            GC.KeepAlive(alive);
            return result;
        }
    }

    // Kernels before 5.0 want LINUX_VERSION_CODE in kprobe programs; its patch level is one byte.
    static uint VersionCode()
    {
        Version version = RunningKernel.Version;
        return (uint)(version.Major << 16 | version.Minor << 8 | Math.Min(version.Build, 255));
    }

    /// <summary><c>union bpf_attr</c>, as far as it is used.</summary>
    [StructLayout(LayoutKind.Sequential, Size = Size)]
    struct Attributes
    {
        const int Size = 128;

        fixed ulong _words[Size / sizeof(ulong)];

        internal void Set(int offset, uint value) => Write(offset, value);

        internal void Set(int offset, ulong value) => Write(offset, value);

        internal void Set(int offset, void* pointer) => Write(offset, (ulong)pointer);

        internal void SetName(int offset, string? name)
        {
            Span<byte> field = Bytes().Slice(offset, NameBytes - 1);
            foreach (char c in name ?? "")
            {
                if (field.IsEmpty)
                {
                    break;
                }

                // The kernel refuses a name with anything else in it (bpf_obj_name_cpy, kernel/bpf/syscall.c).
                field[0] = char.IsAsciiLetterOrDigit(c) || c is '_' or '.' ? (byte)c : (byte)'_';
                field = field[1..];
            }
        }

        internal uint Get(int offset) => MemoryMarshal.Read<uint>(Bytes()[offset..]);

        void Write<T>(int offset, T value) where T : unmanaged => MemoryMarshal.Write(Bytes()[offset..], in value);

        Span<byte> Bytes() => MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref this, 1));
    }
}
