using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Python.Sites;
using Sonde.Script.Binding;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>
/// Writes what stands before the body of a Python probe: which frame is entered or left, how, of which function, and whether that function is meant.
/// </summary>
/// <remarks>A hit that is not meant costs two reads of user memory and one look-up.</remarks>
sealed partial class PythonProbeCode
{
    /// <summary>The ways a frame is left that must be told apart when the probe is hit.</summary>
    const ExitReasons Tellable = ExitReasons.Return | ExitReasons.Unwind | ExitReasons.Suspend;

    const byte Rsi = 6;

    readonly IrProgram _program;
    readonly IrBuilder _ir;
    readonly ProbeKind _kind;
    readonly PythonContext _python;
    readonly PythonMaps _maps;
    readonly PythonSends _sends;
    readonly BasicBlock _leave;
    readonly VirtualRegister _context;
    readonly IrFunction _register;
    readonly StackSlot _frameBytes;
    readonly StackSlot _word;
    readonly BasicBlock _unreadable;
    readonly VirtualRegister _frame;
    readonly VirtualRegister _code;
    readonly VirtualRegister _known;
    readonly VirtualRegister _process;

    CallLayout Layout => _python.Layout;

    ValueLayout Values => _python.Values;

    ProbeSite Site => _python.Site;

    /// <param name="leave">Where a hit goes that is not meant.</param>
    public PythonProbeCode(IrProgram program, IrBuilder ir, ProbeKind kind, PythonContext python, PythonMaps maps, PythonSends sends, VirtualRegister context, BasicBlock leave)
    {
        (_program, _ir, _kind, _python, _maps, _sends, _context, _leave) = (program, ir, kind, python, maps, sends, context, leave);
        _register = PythonRegistrar.Write(program, Layout, Values, python.Image, maps, sends);
        _frameBytes = ir.Function.NewSlot("frame", FrameSize);
        _word = ir.Function.NewSlot("word", 8);
        _unreadable = ir.NewBlock("python_unreadable");
        (_frame, _code, _known, _process) = (ir.Function.NewRegister(), ir.Function.NewRegister(), ir.Function.NewRegister(), ir.Function.NewRegister());
    }

    /// <summary>Whether hits of a site can be what a probe is for.</summary>
    public static bool Serves(ProbeSite site, ProbeKind kind, CallLayout layout) => kind switch
    {
        ProbeKind.PythonCall => site.Kind == SiteKind.Entry,
        ProbeKind.PythonReturn => PythonResultCode.Leaves(site, ExitReasons.Return, layout),
        ProbeKind.PythonRaise => PythonResultCode.Leaves(site, ExitReasons.Unwind, layout),
        _ => false,
    };

    int FrameStart => Math.Min(Layout.FrameCode, Layout.FramePrevious);

    /// <summary>In whole words, which the kernel copies faster.</summary>
    int FrameSize => (Math.Max(Layout.FrameInstruction + 8, (Layout.FrameOwner ?? Layout.FrameState ?? Layout.FrameStackTop ?? 0) + 8) - FrameStart + 7) & ~7;

    IrAddress InFrame(int field) => new(_frameBytes, field - FrameStart);

    /// <summary>Writes it; afterwards the builder stands where the body begins.</summary>
    public void Enter()
    {
        if (_kind == ProbeKind.PythonCall)
        {
            _ir.Move(_frame, Site.Frame is { } entered ? LoadLocation(entered) : LoadCurrentFrame());
            ReadUser(_frameBytes, FrameSize, _ir.Arithmetic(IrOperation.Add, _frame, FrameStart));
            LeaveIfSeen();
            LeaveUnlessStarted();
        }
        else
        {
            FindFrameLeft();
            LeaveUnlessReason();
        }

        var code = _ir.Load(Size.Double, InFrame(Layout.FrameCode));
        _ir.Move(_code, Layout.CodeTagMask == 0 ? code : _ir.Arithmetic(IrOperation.And, code, ~Layout.CodeTagMask));

        FindCode();
        LeaveUnlessMeant();
        var body = _ir.NewBlock("python_body");
        _ir.Jump(body);
        _ir.MoveTo(_unreadable);
        _sends.CountLoss(_ir, LossKind.Python);
        _ir.Jump(_leave);
        _ir.MoveTo(body);
    }

    void FindFrameLeft()
    {
        if (Site.Frame is { } left)
        {
            _ir.Move(_frame, LoadLocation(left));
        }
        else if (Site.Current == CurrentFrame.Dying)
        {
            _ir.Move(_frame, LoadCurrentFrame());
        }
        else
        {
            _ir.Move(_frame, LoadLocation(new ValueLocation(Rsi)));
        }

        ReadUser(_frameBytes, FrameSize, _ir.Arithmetic(IrOperation.Add, _frame, FrameStart));
        if (Site.Frame is null && Site.Current == CurrentFrame.Parent)
        {
            var own = _ir.NewBlock("own_frame");
            _ir.Branch(Condition.Equal, _ir.Load(Size.Double, InFrame(Layout.FramePrevious)), LoadLocation(Site.ParentFrame!.Value), own, _unreadable);
            _ir.MoveTo(own);
        }
    }

    /// <summary>
    /// RESUME_CHECK (3.13 and later), when its check fails, goes on as RESUME: the call was told already, and the instruction is still RESUME_CHECK.
    /// </summary>
    void LeaveIfSeen()
    {
        if (Site.Origin != "RESUME" || Layout.FrameOwner is null || Layout.ResumeOpcodes is not [_, _, _, ..] opcodes)
        {
            return;
        }

        _ir.Store(Size.Double, new IrAddress(_word), 0);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [_word, 2, _ir.Load(Size.Double, InFrame(Layout.FrameInstruction))]));
        var operation = _ir.Load(Size.Byte, new IrAddress(_word));
        foreach (var check in opcodes.Take(opcodes.Count - 1).Skip(1))
        {
            var other = _ir.NewBlock("no_check");
            _ir.Branch(Condition.Equal, operation, check, _leave, other);
            _ir.MoveTo(other);
        }
    }

    /// <summary>A generator that goes on is no call.</summary>
    void LeaveUnlessStarted()
    {
        var started = _ir.NewBlock("started");
        if (Layout.FrameOwner is not { } owner)
        {
            _ir.End(new IrBranch(Condition.Equal, _ir.Load(Size.Word, InFrame(Layout.FrameInstruction)), -1, started, _leave, Is32: true));
            _ir.MoveTo(started);
            return;
        }

        var (generator, opcode) = (_ir.NewBlock("generator"), _ir.NewBlock("opcode"));
        var owned = _ir.Load(Size.Byte, InFrame(owner));
        _ir.Branch(Condition.Equal, owned, 1, generator, Layout.ResumeBeforeGeneratorCreation ? opcode : started);
        if (Layout.ResumeBeforeGeneratorCreation)
        {
            // 3.15: a generator expression's frame passes RESUME before the generator is made of it; that is no call yet.
            _ir.MoveTo(opcode);
            var code = _ir.Load(Size.Double, InFrame(Layout.FrameCode));
            ReadUser(_word, 4, _ir.Arithmetic(IrOperation.Add, _ir.Arithmetic(IrOperation.And, code, ~Layout.CodeTagMask), Layout.CodeFlags));
            _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, _ir.Load(Size.Word, new IrAddress(_word)), CallLayout.GeneratorFlags), 0, _leave, started);
        }

        _ir.MoveTo(generator);
        _ir.Store(Size.Double, new IrAddress(_word), 0);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [_word, 2, _ir.Load(Size.Double, InFrame(Layout.FrameInstruction))]));
        var operation = _ir.Load(Size.Byte, new IrAddress(_word));
        var resume = _ir.NewBlock("resume");
        foreach (var number in Layout.ResumeOpcodes)
        {
            var other = _ir.NewBlock("other_opcode");
            _ir.Branch(Condition.Equal, operation, number, resume, other);
            _ir.MoveTo(other);
        }

        _ir.Jump(started);
        _ir.MoveTo(resume);
        _ir.Branch(Condition.Equal, _ir.Arithmetic(IrOperation.And, _ir.Load(Size.Byte, new IrAddress(_word, 1)), Layout.ResumeLocationMask), 0, started, _leave);
        _ir.MoveTo(started);
    }

    /// <summary>Tells a return from an exception and from a suspension where one site serves several.</summary>
    void LeaveUnlessReason()
    {
        var reasons = Site.Reasons == ExitReasons.None ? Tellable : Site.Reasons & Tellable;
        if (reasons.HasFlag(ExitReasons.Unwind) && reasons != ExitReasons.Unwind && Site.ThreadState is { } threadState)
        {
            ReadUser(_word, 8, _ir.Arithmetic(IrOperation.Add, LoadLocation(threadState), Layout.ThreadException));
            var (raised, quiet) = (_ir.NewBlock("raised"), _ir.NewBlock("quiet"));
            _ir.Branch(Condition.NotEqual, _ir.Load(Size.Double, new IrAddress(_word)), 0, raised, quiet);
            _ir.MoveTo(_kind == ProbeKind.PythonRaise ? quiet : raised);
            _ir.Jump(_leave);
            _ir.MoveTo(_kind == ProbeKind.PythonRaise ? raised : quiet);
        }

        if (_kind == ProbeKind.PythonReturn && reasons.HasFlag(ExitReasons.Suspend))
        {
            LeaveIfSuspended();
        }
    }

    void LeaveIfSuspended()
    {
        var returned = _ir.NewBlock("returned");
        if (Layout.FrameStackTop is { } stackTop)
        {
            _ir.Branch(Condition.Equal, _ir.Load(Size.Double, InFrame(stackTop)), 0, returned, _leave);
        }
        else if (Layout.FrameState is { } state)
        {
            _ir.Branch(Condition.NotEqual, _ir.Load(Size.Byte, InFrame(state)), 0xff, returned, _leave);
        }
        else
        {
            var generator = _ir.NewBlock("generator");
            _ir.Branch(Condition.Equal, _ir.Load(Size.Byte, InFrame(Layout.FrameOwner!.Value)), 1, generator, returned);
            _ir.MoveTo(generator);
            _ir.Store(Size.Double, new IrAddress(_word), 0);
            ReadUser(_word, 1, _ir.Arithmetic(IrOperation.Add, _frame, -Layout.GeneratorStateBeforeFrame!.Value));
            _ir.Branch(Condition.Less, _ir.Load(Size.Byte, new IrAddress(_word)), 0x80, returned, _leave);
        }

        _ir.MoveTo(returned);
    }

    /// <summary>Finds what is known of the code object, and has it found out the first time.</summary>
    void FindCode()
    {
        var (start, size) = PythonRegistrar.CodeRange(Layout);
        var chunk = _ir.Function.NewSlot("code", size);
        var key = _ir.Function.NewSlot("code_key", PythonMaps.CodeKeySize);
        ReadUser(chunk, size, _ir.Arithmetic(IrOperation.Add, _code, start));
        var identity = PythonRegistrar.Identity(_ir, Layout, new IrAddress(chunk));
        _ir.Move(_process, _ir.Arithmetic(IrOperation.ShiftRightLogical, _ir.Call(Helper.GetCurrentPidTgid), 32));
        _ir.Store(Size.Double, new IrAddress(key), _code);
        _ir.Store(Size.Double, new IrAddress(key, 8), _process);
        var (found, fresh, again, known) = (_ir.NewBlock("code_found"), _ir.NewBlock("code_new"), _ir.NewBlock("code_again"), _ir.NewBlock("code_known"));
        _ir.Move(_known, _ir.Call(Helper.MapLookupElem, _maps.Codes, key));
        _ir.Branch(Condition.Equal, _known, 0, fresh, found);
        _ir.MoveTo(found);
        _ir.Branch(Condition.Equal, _ir.Load(Size.Double, new IrAddress(_known, PythonMaps.CodeIdentity)), identity, known, fresh);
        _ir.MoveTo(fresh);
        _ir.Add(new IrCallFunction(null, _register, [_code, _process]));
        _ir.Move(_known, _ir.Call(Helper.MapLookupElem, _maps.Codes, key));
        _ir.Branch(Condition.Equal, _known, 0, _leave, again);
        _ir.MoveTo(again);
        _ir.Jump(known);
        _ir.MoveTo(known);
    }

    void LeaveUnlessMeant()
    {
        var number = _maps.Patterns.ToList().IndexOf(_python.Pattern);
        var meant = _ir.NewBlock("meant");
        var bit = _ir.Arithmetic(IrOperation.And, _ir.Load(Size.Double, new IrAddress(_known, PythonMaps.CodeMatches)), _ir.Constant(1L << number));
        _ir.Branch(Condition.NotEqual, bit, 0, meant, _leave);
        _ir.MoveTo(meant);
    }

    /// <summary>Reads user memory; a hit whose memory cannot be read is counted and left.</summary>
    void ReadUser(IrAddress to, int size, VirtualRegister from)
    {
        var read = _ir.NewBlock("read");
        _ir.Branch(Condition.Equal, _ir.Call(Helper.ProbeReadUser, to, size, from), 0, read, _unreadable);
        _ir.MoveTo(read);
    }

    void ReadUser(StackSlot to, int size, VirtualRegister from) => ReadUser(new IrAddress(to), size, from);

    VirtualRegister LoadLocation(ValueLocation location)
    {
        var register = _ir.Load(Size.Double, new IrAddress(_context, PtRegs.Offset(location.Register)));
        if (location.StackOffset is not { } offset)
        {
            return register;
        }

        ReadUser(_word, 8, _ir.Arithmetic(IrOperation.Add, register, offset));
        return _ir.Load(Size.Double, new IrAddress(_word));
    }

    /// <summary>The frame the thread state names.</summary>
    VirtualRegister LoadCurrentFrame()
    {
        ReadUser(_word, 8, _ir.Arithmetic(IrOperation.Add, LoadLocation(Site.ThreadState!.Value), Layout.ThreadFrame));
        if (Layout.CFrameFrame is { } offset)
        {
            ReadUser(_word, 8, _ir.Arithmetic(IrOperation.Add, _ir.Load(Size.Double, new IrAddress(_word)), offset));
        }

        return _ir.Load(Size.Double, new IrAddress(_word));
    }
}
