using Sonde.Bpf;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Python.Sites;
using Sonde.Script.Binding;
using Sonde.Script.Ir;

namespace Sonde.Engine.Flow;

/// <summary>Writes the eBPF programs of a flow: one per way of finding the frame, shared by all sites where it is found that way.</summary>
/// <remarks>
/// A hit costs a trap, so what runs at it is kept short: two or three reads of user memory, one map look-up, one record.
/// Filters add their own look-ups and only they do.
/// </remarks>
sealed partial class FlowProgram
{
    /// <summary>The longest stretch of a frame or a code object that is read at once.</summary>
    const int LongestRead = 128;

    /// <summary>Callers that one long call can bring up; deeper ones are counted as cut.</summary>
    const int MaximumCallers = 128;

    /// <summary>BPF_RB_NO_WAKEUP (include/uapi/linux/bpf.h): the reader polls, for a wake-up per record costs more than the record.</summary>
    const int NoWakeup = 1;

    /// <summary>What Linux 5.8 can do, the oldest that flow runs on: the same programs everywhere.</summary>
    static readonly TargetKernel _kernel = TargetKernel.Newest with { HasLoop = false, HasFetchingAtomics = false, HasInstructionSetV4 = false };

    /// <summary>What copying values needs besides: Linux 5.17.</summary>
    static readonly TargetKernel _capturingKernel = _kernel with { HasFetchingAtomics = true };

    readonly IrFunction _function = new("main", parameters: 1);
    readonly IrProgram _program;
    readonly IrBuilder _ir;
    readonly PythonVersion _version;
    readonly CallLayout _layout;
    readonly FlowOptions _options;
    readonly FlowMaps _maps;
    readonly int _image;
    readonly int _site;
    readonly PidNamespace? _namespace;
    readonly BasicBlock _unreadable;
    readonly BasicBlock _out;
    readonly StackSlot _record;
    readonly StackSlot _key;
    readonly StackSlot _word;
    readonly StackSlot _frameBytes;
    readonly StackSlot _codeBytes;
    readonly StackSlot _callValue;

    FlowProgram(ProbeSite site, PythonVersion version, CallLayout layout, FlowOptions options, FlowMaps maps, int image, PidNamespace? pidNamespace)
    {
        _site = SiteNumber(site);
        _version = version;
        _layout = layout;
        _options = options;
        _maps = maps;
        _image = image;
        _namespace = pidNamespace;
        _program = new IrProgram(site.Kind == SiteKind.Exit ? "exit" : "entry");
        _program.Functions.Add(_function);
        _ir = new IrBuilder(_function);
        (_unreadable, _out) = (_ir.NewBlock("unreadable"), _ir.NewBlock("out"));
        _record = _function.NewSlot("record", FlowRecord.EnterSize);
        _key = _function.NewSlot("key", FlowMaps.CallKeySize);
        _word = _function.NewSlot("word", 8);
        _frameBytes = _function.NewSlot("frame", FrameEnd - FrameStart);
        _codeBytes = _function.NewSlot("code", CodeEnd - CodeStart);
        _callValue = _function.NewSlot("value", Math.Max(FlowMaps.CallValueSize, maps.Codes.ValueSize));
    }

    VirtualRegister Context => _function.Parameters[0];

    /// <summary>The program for sites that share <paramref name="site"/>'s way of finding the frame.</summary>
    public static IReadOnlyList<Instruction> Write(
        ProbeSite site, PythonVersion version, CallLayout layout, FlowOptions options, FlowMaps maps, int image, PidNamespace? pidNamespace)
    {
        var program = new FlowProgram(site, version, layout, options, maps, image, pidNamespace);
        program.Write(site);
        return IrCompiler.Compile(program._program, options.CapturesValues ? _capturingKernel : _kernel);
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

    void Write(ProbeSite site)
    {
        if (_options.FiltersInKernel)
        {
            CountLoss(FlowLoss.Hit);
        }

        if (site.Kind == SiteKind.Exit)
        {
            WriteExit(site);
        }
        else
        {
            WriteEntry(site);
        }

        _ir.Jump(_out);
        _ir.MoveTo(_unreadable);
        CountLoss(FlowLoss.Unreadable);
        _ir.Jump(_out);
        _ir.MoveTo(_out);
        _ir.Return(0);
    }

    IrAddress InRecord(int field) => new(_record, field);

    /// <summary>Goes on only if a comparison holds; otherwise to <paramref name="otherwise"/>.</summary>
    void Require(Condition condition, VirtualRegister a, IrOperand b, BasicBlock otherwise)
    {
        var next = _ir.NewBlock("next");
        _ir.Branch(condition, a, b, next, otherwise);
        _ir.MoveTo(next);
    }

    /// <summary>Reads user memory at <paramref name="address"/> + offset into the stack frame; goes to "unreadable" when that fails.</summary>
    void ReadUser(StackSlot buffer, int size, VirtualRegister address, int offset) =>
        Require(Condition.Equal, _ir.Call(Helper.ProbeReadUser, buffer, size, Behind(address, offset)), 0, _unreadable);

    VirtualRegister Behind(VirtualRegister address, int offset) => offset == 0 ? address : _ir.Arithmetic(IrOperation.Add, address, offset);

    /// <summary>The value at a location.</summary>
    VirtualRegister LoadLocation(ValueLocation location)
    {
        var value = _ir.Load(Size.Double, new IrAddress(Context, PtRegs.Offset(location.Register)));
        if (location.StackOffset is not { } offset)
        {
            return value;
        }

        ReadUser(_word, 8, value, offset);
        return _ir.Load(Size.Double, new IrAddress(_word));
    }

    /// <summary>The thread's current frame.</summary>
    VirtualRegister LoadCurrentFrame(ValueLocation threadState)
    {
        ReadUser(_word, 8, LoadLocation(threadState), _layout.ThreadFrame);
        if (_layout.CFrameFrame is { } offset)
        {
            ReadUser(_word, 8, _ir.Load(Size.Double, new IrAddress(_word)), offset);
        }

        return _ir.Load(Size.Double, new IrAddress(_word));
    }

    /// <summary>Fills the record's common part: kind, cpu, image, thread and time.</summary>
    void WriteHeader(byte kind)
    {
        var processor = _ir.Call(Helper.GetSmpProcessorId);
        _ir.Store(Size.Word, InRecord(0), _ir.Arithmetic(IrOperation.Or, _ir.Arithmetic(IrOperation.ShiftLeft, processor, 16), kind));
        _ir.Store(Size.Word, InRecord(FlowRecord.ImageOffset), _image | _site << 16);
        _ir.Store(Size.Double, InRecord(FlowRecord.ThreadOffset), LoadThread());
        _ir.Store(Size.Double, InRecord(FlowRecord.TimeOffset), _ir.Call(Helper.KtimeGetNs));
    }

    VirtualRegister LoadThread()
    {
        if (_namespace is not { } ns)
        {
            return _ir.Call(Helper.GetCurrentPidTgid);
        }

        // Inside a pid namespace the numbers of that namespace are meant (bpf_get_ns_current_pid_tgid, 5.7).
        Require(Condition.Equal, _ir.Call(Helper.GetNsCurrentPidTgid, (long)ns.Device, (long)ns.Inode, _word, 8), 0, _out);
        var process = _ir.Arithmetic(IrOperation.ShiftLeft, _ir.Load(Size.Word, new IrAddress(_word, 4)), 32);
        return _ir.Arithmetic(IrOperation.Or, process, _ir.Load(Size.Word, new IrAddress(_word)));
    }

    /// <summary>In place of a parent frame that is NULL, the outermost call of a thread is known by its thread id.</summary>
    void ReplaceMissingParent(VirtualRegister parent)
    {
        var (missing, present) = (_ir.NewBlock("no_parent"), _ir.NewBlock("parent"));
        _ir.Branch(Condition.NotEqual, parent, 0, present, missing);
        _ir.MoveTo(missing);
        _ir.Move(parent, _ir.Load(Size.Word, InRecord(FlowRecord.ThreadOffset)));
        _ir.Jump(present);
        _ir.MoveTo(present);
    }

    /// <summary>Sends the first bytes of a record; what finds no room is counted.</summary>
    void SendRecord(StackSlot record, int size, FlowLoss loss)
    {
        var (lost, sent) = (_ir.NewBlock("lost"), _ir.NewBlock("sent"));
        _ir.Branch(Condition.Equal, _ir.Call(Helper.RingbufOutput, _maps.Records, record, size, NoWakeup), 0, sent, lost);
        _ir.MoveTo(lost);
        CountLoss(loss);
        _ir.Jump(sent);
        _ir.MoveTo(sent);
    }

    void CountLoss(FlowLoss loss) =>
        _ir.Add(new IrAtomic(IrAtomicOperation.Add, Size.Double, new IrAddress(_ir.MapValue(_maps.Losses, 8 * (int)loss)), _ir.Constant(1)));

    /// <summary>Stores a map key of an address and the process: addresses mean something only within one.</summary>
    void StoreKey(VirtualRegister address)
    {
        _ir.Store(Size.Double, new IrAddress(_key), address);
        _ir.Store(Size.Double, new IrAddress(_key, 8), _ir.Load(Size.Word, InRecord(FlowRecord.ThreadOffset + 4)));
    }

    void Copy(Size size, IrAddress from, IrAddress to) => _ir.Store(size, to, _ir.Load(size, from));
}

/// <summary>The pid namespace a session lives in, as <c>bpf_get_ns_current_pid_tgid</c> wants it.</summary>
/// <param name="Device">The device of the namespace's inode.</param>
/// <param name="Inode">The inode of /proc/self/ns/pid.</param>
readonly record struct PidNamespace(ulong Device, ulong Inode);
