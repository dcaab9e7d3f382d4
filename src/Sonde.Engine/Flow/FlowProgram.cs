using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Python.Sites;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Engine.Flow;

/// <summary>Writes the eBPF programs of a flow: one per way of finding the frame, shared by all sites where it is found that way.</summary>
/// <remarks>
/// <para>A hit costs a trap, so what runs at it is kept short: two or three reads of user memory, one map look-up, one record.
/// Filters add their own look-ups and only they do.</para>
/// <para>Registers: R6 the context (<c>struct pt_regs</c>), R7 thread state or scratch, R8 the code object, R9 scratch that survives calls.
/// Everything else lives in the stack frame, laid out below.</para>
/// </remarks>
sealed partial class FlowProgram
{
    // The record under construction (FlowRecord.EnterSize bytes) and the buffers user memory is read into.
    const int Record = -48;
    const int Key = -64;
    const int Pointer = -72;
    const int Identity = -80;
    const int Decision = -88;
    const int CallValue = -128;
    const int FrameBuffer = -256;
    const int FrameBufferSize = 128;
    const int CodeBuffer = -384;
    const int CodeBufferSize = 128;
    const int TextHeader = -400;

    /// <summary>Callers that one long call can bring up; deeper ones are counted as cut.</summary>
    const int MaximumCallers = 128;

    /// <summary>BPF_RB_NO_WAKEUP (include/uapi/linux/bpf.h): the reader polls, for a wake-up per record costs more than the record.</summary>
    const int NoWakeup = 1;

    readonly List<Instruction> _code = [];
    readonly CallLayout _layout;
    readonly FlowOptions _options;
    readonly FlowMaps _maps;
    readonly int _image;
    readonly int _site;
    readonly PidNamespace? _namespace;
    readonly Label _unreadable = new("unreadable");
    readonly Label _out = new("out");

    /// <summary>True once the program reads memory; without that nothing leads to the code that counts failures, and the verifier refuses unreachable code.</summary>
    bool _reads;

    FlowProgram(ProbeSite site, CallLayout layout, FlowOptions options, FlowMaps maps, int image, PidNamespace? pidNamespace)
    {
        _site = SiteNumber(site);
        _layout = layout;
        _options = options;
        _maps = maps;
        _image = image;
        _namespace = pidNamespace;
    }

    /// <summary>The program for sites that share <paramref name="site"/>'s way of finding the frame.</summary>
    public static IReadOnlyList<Instruction> Write(
        ProbeSite site, CallLayout layout, FlowOptions options, FlowMaps maps, int image, PidNamespace? pidNamespace)
    {
        var program = new FlowProgram(site, layout, options, maps, image, pidNamespace);
        program.Emit(Mov(R6, R1));
        if (options.FiltersInKernel)
        {
            program.CountLoss(FlowLoss.Hit);
        }

        if (site.Kind == SiteKind.Exit)
        {
            program.WriteExit(site);
        }
        else
        {
            program.WriteEntry(site);
        }

        program.Emit(Mark(program._out), Mov(R0, 0), Exit());
        if (program._reads)
        {
            program.Emit(Mark(program._unreadable));
            program.CountLoss(FlowLoss.Unreadable);
            program.Emit(Mov(R0, 0), Exit());
        }

        return program._code;
    }

    /// <summary>What distinguishes programs: sites that agree in this are served by one.</summary>
    public static object Recipe(ProbeSite site) =>
        (site.Kind, site.ThreadState, site.Frame, site.ParentFrame, site.Current, site.Reasons, SiteNumber(site));

    /// <summary>
    /// A number for the opcode an entry belongs to. A specialised RESUME may go over to the general one in the same activation and pass both
    /// sites; two entries with one number are two activations.
    /// </summary>
    static int SiteNumber(ProbeSite site) =>
        site.Kind == SiteKind.Exit ? 0 : site.Origin.Aggregate(17, (sum, character) => (sum * 31 + character) & 0xffff);

    void Emit(params ReadOnlySpan<Instruction> instructions) => _code.AddRange(instructions);

    // Offsets here are computed from layouts; all are small, and what is not would be a defect.
    static Instruction Load(Size size, Register destination, Register address, int offset) => Asm.Load(size, destination, address, checked((short)offset));

    static Instruction Store(Size size, Register address, int offset, Register source) => Asm.Store(size, address, checked((short)offset), source);

    static Instruction StoreImm(Size size, Register address, int offset, int value) => Asm.StoreImm(size, address, checked((short)offset), value);

    /// <summary>Reads user memory at <paramref name="address"/> + offset into the stack frame; goes to "unreadable" when that fails.</summary>
    void ReadUser(int buffer, int size, Register address, int offset)
    {
        if (address != R3)
        {
            Emit(Mov(R3, address));
        }

        if (offset != 0)
        {
            Emit(Add(R3, offset));
        }

        _reads = true;
        Emit(Mov(R1, R10), Add(R1, buffer), Mov(R2, size), Call(Helper.ProbeReadUser), JumpIf(Condition.NotEqual, R0, 0, _unreadable));
    }

    /// <summary>Puts the value at a location into a register that survives calls.</summary>
    void LoadLocation(Register destination, ValueLocation location)
    {
        Emit(Load(Size.Double, location.StackOffset is null ? destination : R3, R6, PtRegs.Offset(location.Register)));
        if (location.StackOffset is { } offset)
        {
            ReadUser(Pointer, 8, R3, offset);
            Emit(Load(Size.Double, destination, R10, Pointer));
        }
    }

    /// <summary>Puts the thread's current frame into a register.</summary>
    void LoadCurrentFrame(Register destination, ValueLocation threadState)
    {
        LoadLocation(destination, threadState);
        ReadUser(Pointer, 8, destination, _layout.ThreadFrame);
        if (_layout.CFrameFrame is { } offset)
        {
            Emit(Load(Size.Double, R3, R10, Pointer));
            ReadUser(Pointer, 8, R3, offset);
        }

        Emit(Load(Size.Double, destination, R10, Pointer));
    }

    /// <summary>Fills the record's common part: kind, cpu, image, thread and time.</summary>
    void WriteHeader(byte kind)
    {
        Emit(
            Call(Helper.GetSmpProcessorId),
            Lsh(R0, 16), Or(R0, kind),
            Store(Size.Word, R10, Record, R0),
            StoreImm(Size.Word, R10, Record + FlowRecord.ImageOffset, _image | _site << 16));
        if (_namespace is { } ns)
        {
            // Inside a pid namespace the numbers of that namespace are meant (bpf_get_ns_current_pid_tgid, 5.7).
            Emit(
                LoadImm64(R1, (long)ns.Device), LoadImm64(R2, (long)ns.Inode), Mov(R3, R10), Add(R3, Pointer), Mov(R4, 8),
                Call(Helper.GetNsCurrentPidTgid),
                JumpIf(Condition.NotEqual, R0, 0, _out),
                Load(Size.Word, R0, R10, Pointer + 4), Lsh(R0, 32), Load(Size.Word, R1, R10, Pointer), Or(R0, R1));
        }
        else
        {
            Emit(Call(Helper.GetCurrentPidTgid));
        }

        Emit(Store(Size.Double, R10, Record + FlowRecord.ThreadOffset, R0));
        Emit(Call(Helper.KtimeGetNs), Store(Size.Double, R10, Record + FlowRecord.TimeOffset, R0));
    }

    /// <summary>In place of a parent frame that is NULL, the outermost call of a thread is known by its thread id.</summary>
    void ReplaceMissingParent(Register parent)
    {
        var present = new Label("parent");
        Emit(
            JumpIf(Condition.NotEqual, parent, 0, present),
            Load(Size.Word, parent, R10, Record + FlowRecord.ThreadOffset),
            Mark(present));
    }

    /// <summary>Sends the first bytes of the record; what finds no room is counted.</summary>
    void SendRecord(int size, FlowLoss loss)
    {
        var sent = new Label("sent");
        Emit(
            LoadMap(R1, _maps.Records), Mov(R2, R10), Add(R2, Record), Mov(R3, size), Mov(R4, NoWakeup),
            Call(Helper.RingbufOutput),
            JumpIf(Condition.Equal, R0, 0, sent));
        CountLoss(loss);
        Emit(Mark(sent));
    }

    void CountLoss(FlowLoss loss) => Emit(LoadMapValue(R1, _maps.Losses, 8 * (int)loss), Mov(R2, 1), AtomicAdd(Size.Double, R1, 0, R2));

    /// <summary>Stores a map key of an address and the process: addresses mean something only within one.</summary>
    void StoreKey(Register address) => Emit(
        Store(Size.Double, R10, Key, address),
        Load(Size.Word, R1, R10, Record + FlowRecord.ThreadOffset + 4),
        Store(Size.Double, R10, Key + 8, R1));

    void LookUp(MapSpec map, int key) => Emit(LoadMap(R1, map), Mov(R2, R10), Add(R2, key), Call(Helper.MapLookupElem));
}

/// <summary>The pid namespace a session lives in, as <c>bpf_get_ns_current_pid_tgid</c> wants it.</summary>
/// <param name="Device">The device of the namespace's inode.</param>
/// <param name="Inode">The inode of /proc/self/ns/pid.</param>
readonly record struct PidNamespace(ulong Device, ulong Inode);
