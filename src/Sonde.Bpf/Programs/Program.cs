using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Sonde.Bpf.Btf;
using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>A program the kernel has verified and compiled; it runs while something is attached by a <see cref="Link"/>.</summary>
/// <remarks>Its other part holds the ways to attach it. Safe for concurrent use.</remarks>
public sealed partial class Program : IDisposable
{
    const uint SleepableFlag = 1 << 4; // BPF_F_SLEEPABLE

    Program(ProgramSpec spec, FileDescriptor descriptor, string log)
    {
        Spec = spec;
        Descriptor = descriptor;
        VerifierLog = log;
    }

    /// <summary>What it was made of.</summary>
    public ProgramSpec Spec { get; }

    /// <summary>The kernel's handle.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>What the verifier wrote, if <see cref="ProgramSpec.LogLevel"/> asked for it.</summary>
    public string VerifierLog { get; }

    /// <summary>What the kernel knows of it now.</summary>
    public ProgramInfo Info => ProgramInfo.Read(Descriptor);

    /// <summary>Loads a program.</summary>
    /// <exception cref="AssemblerException">The instructions do not hold together.</exception>
    /// <exception cref="VerifierException">The verifier refused it.</exception>
    /// <exception cref="LinuxException">EPERM: rights are missing. EINVAL without a log: the kernel does not know the program type or attach type.</exception>
    public static Program Load(ProgramSpec spec)
    {
        ulong[] code = Assembler.Assemble(spec.Instructions, spec.Maps);
        using FileDescriptor? btf = FunctionBtf.Load(spec, out uint[] functions);
        using FileDescriptor? module = spec.AttachModule.Length > 0 ? ModuleBtf.Open(spec.AttachModule) : null;
        byte[] log = spec.LogLevel == 0 ? [] : new byte[VerifierLogBuffer.FirstBytes];
        SystemResult result = Try(spec, code, btf, functions, module, spec.LogLevel, log);
        while (result.Errno == Errno.ENOSPC && log.Length is > 0 and < VerifierLogBuffer.MostBytes)
        {
            log = new byte[VerifierLogBuffer.Grow(log.Length)];
            result = Try(spec, code, btf, functions, module, spec.LogLevel, log);
        }

        GC.KeepAlive(spec);
        if (!result.Failed)
        {
            return new Program(spec, new FileDescriptor((int)result.Raw), VerifierLogBuffer.Text(log));
        }

        Errno errno = result.Errno;
        string operation = $"bpf(PROG_LOAD, \"{spec.Name}\", {spec.Type})";
        if (errno == Errno.EPERM)
        {
            throw new LinuxException(errno, operation, Map.NeedsRights);
        }

        string text = VerifierLogBuffer.Explain(bytes => Try(spec, code, btf, functions, module, 1, bytes));
        throw text.Length > 0
            ? new VerifierException(operation, errno, text, spec.Instructions)
            : new LinuxException(errno, operation, errno == Errno.EINVAL ? $"Linux {RunningKernel.Version} may not know this program type or its options." : null);
    }

    /// <summary>Runs a socket filter, classifier or XDP program on a packet, without attaching it (Linux 4.12+).</summary>
    /// <param name="packet">At least 14 bytes.</param>
    /// <returns>What the program returned.</returns>
    /// <exception cref="LinuxException">ENOTSUPP: programs of this type cannot be run so.</exception>
    public uint TestRun(ReadOnlySpan<byte> packet)
    {
        BpfSystemCall.TestRun(Descriptor, packet, out uint returned).Check($"bpf(PROG_TEST_RUN, \"{Spec.Name}\")");
        return returned;
    }

    /// <summary>Runs a raw tracepoint program here and now, on the calling thread, without attaching it (Linux 5.10+).</summary>
    /// <param name="arguments">What the program finds in its context, 8 bytes each; as many as it reads, at most 12.</param>
    /// <returns>What the program returned.</returns>
    /// <remarks>The program runs in this thread's context: its helpers see this process. See <c>bpf_prog_test_run_raw_tp</c>, net/bpf/test_run.c.</remarks>
    /// <exception cref="LinuxException">ENOTSUPP: programs of this type cannot be run so. EINVAL: it reads more arguments than given, or the kernel is older.</exception>
    public uint TestRun(params ReadOnlySpan<ulong> arguments)
    {
        BpfSystemCall.TestRunContext(Descriptor, MemoryMarshal.AsBytes(arguments.ToArray().AsSpan()), out uint returned).Check($"bpf(PROG_TEST_RUN, \"{Spec.Name}\")");
        return returned;
    }

    /// <summary>Closes this process's handle; links keep the program.</summary>
    public void Dispose() => Descriptor.Dispose();

    static SystemResult Try(ProgramSpec spec, ulong[] code, FileDescriptor? btf, uint[] functions, FileDescriptor? module, uint logLevel, byte[] log)
    {
        ProgramLoadArguments arguments = new()
        {
            Type = (uint)spec.Type,
            ExpectedAttachType = (uint)spec.ExpectedAttachType,
            Flags = spec.Sleepable ? SleepableFlag : 0,
            AttachBtfId = (uint)spec.AttachBtfId,
            AttachBtf = module,
            Instructions = code,
            License = spec.License,
            Name = spec.Name,
            LogLevel = logLevel,
            Log = log,
            Btf = btf,
            FunctionInfo = functions,
        };
        return LockedMemory.Retry(in arguments, static (in ProgramLoadArguments a) => BpfSystemCall.LoadProgram(in a));
    }
}

/// <summary>What the kernel knows of a loaded program (<c>struct bpf_prog_info</c>, include/uapi/linux/bpf.h).</summary>
/// <param name="Id">The number that identifies it while it is loaded.</param>
/// <param name="Name">The name, at most 15 bytes of it.</param>
/// <param name="TranslatedInstructions">Instructions after the verifier rewrote helpers and maps; 0 when rights are missing.</param>
/// <param name="JitedBytes">Bytes of machine code; 0 when rights are missing.</param>
/// <param name="RunTimeNs">Time spent in it, while <see cref="BpfStats"/> were enabled (Linux 5.1+).</param>
/// <param name="RunCount">Runs, while <see cref="BpfStats"/> were enabled (Linux 5.1+).</param>
/// <param name="RecursionMisses">Runs left out because the program was already running on the processor (Linux 5.12+).</param>
/// <param name="VerifiedInstructions">Instructions the verifier walked through on all paths (Linux 5.16+).</param>
public readonly record struct ProgramInfo(
    uint Id, string Name, int TranslatedInstructions, int JitedBytes, ulong RunTimeNs, ulong RunCount, ulong RecursionMisses, uint VerifiedInstructions)
{
    internal static ProgramInfo Read(FileDescriptor program)
    {
        Span<byte> info = stackalloc byte[232];
        info.Clear();
        BpfSystemCall.Info(program, info).Check("bpf(OBJ_GET_INFO_BY_FD)");
        ReadOnlySpan<byte> name = info.Slice(64, 16);
        int end = name.IndexOf((byte)0);
        return new ProgramInfo(
            Id: Word(info, 4),
            Name: Encoding.ASCII.GetString(end < 0 ? name : name[..end]),
            TranslatedInstructions: (int)Word(info, 20) / sizeof(ulong),
            JitedBytes: (int)Word(info, 16),
            RunTimeNs: Double(info, 192),
            RunCount: Double(info, 200),
            RecursionMisses: Double(info, 208),
            VerifiedInstructions: Word(info, 216));
    }

    static uint Word(ReadOnlySpan<byte> info, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(info[offset..]);

    static ulong Double(ReadOnlySpan<byte> info, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(info[offset..]);
}

/// <summary>Counting of run time and runs of all programs, while at least one of these exists (Linux 5.8+). Costs some 20 ns a run.</summary>
public sealed class BpfStats : IDisposable
{
    readonly FileDescriptor _descriptor;

    BpfStats(FileDescriptor descriptor) => _descriptor = descriptor;

    /// <summary>Begins to count.</summary>
    /// <exception cref="LinuxException">EPERM: needs CAP_SYS_ADMIN. EINVAL: the kernel is older than 5.8.</exception>
    public static BpfStats Enable() => new(BpfSystemCall.EnableStats().CheckDescriptor("bpf(ENABLE_STATS)", "Needs Linux 5.8 and CAP_SYS_ADMIN, or root."));

    /// <summary>Ends the counting, unless somebody else wants it too.</summary>
    public void Dispose() => _descriptor.Dispose();
}
