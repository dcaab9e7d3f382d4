using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Writes one program. Its other parts hold statements, expressions, maps and so on.</summary>
sealed partial class ProgramLowerer
{
    // What functions called back share with the program, on its stack: pointers keep their kind there, as they would not in a map.
    const int SharedContext = 0;
    const int SharedScratch = 8;
    const int SharedLeave = 16;
    const int SharedResult = 24;
    const int SharedSize = 32;

    readonly ScriptLowering _script;
    readonly TargetKernel _kernel;
    readonly BoundProbe _probe;
    readonly IReadOnlyList<ResolvedProbe> _places;
    readonly ProbeFacts _facts;
    readonly IrProgram _program;
    readonly FunctionFrame _main;
    readonly BasicBlock _end;
    readonly BasicBlock _endWithScratch;
    readonly VirtualRegister _result;
    readonly bool _canSleep;
    readonly PythonProbeCode? _python;
    readonly Dictionary<BoundVariable, IrAddress> _memory = [];
    readonly HashSet<BoundVariable> _assigned = [];
    readonly Dictionary<BoundVariable, int> _scratchVariables = [];
    StackSlot? _shared;
    FunctionFrame _frame;
    BasicBlock _leave;
    BasicBlock? _scratchTaken;
    bool _sleeps;

    /// <summary>What of the script is being written.</summary>
    SourceSpan? _source;

    public ProgramLowerer(ScriptLowering script, BoundProbe probe, IReadOnlyList<ResolvedProbe> places, ProbeFacts facts)
    {
        (_script, _kernel, _probe, _places, _facts) = (script, script.Kernel, probe, places, facts);
        _program = new IrProgram(places.Count > 0 ? places[0].Name : probe.Context.Kind.ToString());
        var function = new IrFunction("main", 1);
        _program.Functions.Add(function);
        _frame = _main = new FunctionFrame(function, shared: null, _script.StackBudget(probe, probe.Context.Python is not null || facts.PythonStackDepth > 0 ? 64 : facts.HasCallbacks ? 144 : 256));
        _result = function.NewRegister();
        _end = _leave = Ir.NewBlock("end");
        _endWithScratch = Ir.NewBlock("release");
        _canSleep = probe.Context.MaySleep && _kernel.HasSleepableUprobes && _kernel.HasRingBuffer && !facts.UsesStacks && ProgramPlaces.IsUprobe(probe.Context.Kind);
        _python = StartPython();
        PlaceVariables();
    }

    IrBuilder Ir => _frame.Ir;

    public LoweredProgram Write()
    {
        WriteTopLevel(_probe.Body.Statements);
        Ir.Jump(_scratchTaken is null ? _end : _endWithScratch);

        Ir.MoveTo(_endWithScratch);
        Ir.Store(Size.Double, new IrAddress(_main.Scratch), 0);
        Ir.Jump(_end);
        Ir.MoveTo(_end);
        Ir.Return(Result());

        Ir.MoveTo(_main.Entry);
        WriteEntry();
        _script.UseScratch(_scratchTaken is null ? 0 : _scratchMost);
        var type = ProgramPlaces.TypeOf(_probe.Context, _facts);
        return new LoweredProgram(
            _probe, _program, type, ProgramPlaces.AttachTypeOf(_probe.Context, type, _places, _kernel), _sleeps, _probe.FiltersProcess, _places);
    }

    /// <summary>Where each <c>struct bpf_iter__TYPE</c> has the pointer to the object, behind the one to what all iterators tell.</summary>
    const int IteratorObject = 8;

    void WriteEntry()
    {
        if (_facts.ReturnsValue && _shared is null)
        {
            Ir.Move(_result, 0);
        }

        if (_shared is { } shared)
        {
            Ir.Store(Size.Double, new IrAddress(shared, SharedLeave), 0);
            Ir.Store(Size.Double, new IrAddress(shared, SharedResult), 0);
            Ir.Store(Size.Double, new IrAddress(shared, SharedContext), _main.Context);
            _scratchTaken?.Instructions.Add(new IrStore(Size.Double, new IrAddress(shared, SharedScratch), _main.Scratch));
        }

        if (_script.CanStop && _probe.Context.Kind != ProbeKind.End)
        {
            var stopped = Ir.Load(Size.Double, new IrAddress(Ir.MapValue(_script.Globals, Globals.Stopped)));
            Continue(Condition.Equal, stopped, 0);
        }

        if (_probe.FiltersProcess)
        {
            var process = Ir.Arithmetic(IrOperation.ShiftRightLogical, Ir.Call(Helper.GetCurrentPidTgid), 32);
            Continue(Condition.Equal, process, Ir.Load(Size.Double, new IrAddress(Ir.MapValue(_script.Globals, Globals.TargetProcess))));
        }

        if (_probe.Context.Kind == ProbeKind.Iterator)
        {
            // Behind the last object there is one call more, without any (bpf_seq_read, kernel/bpf/bpf_iter.c).
            Continue(Condition.NotEqual, Ir.Load(Size.Double, new IrAddress(_main.Context, IteratorObject)), 0);
        }

        _python?.Enter();
        Ir.Jump(_main.Body);
    }

    /// <summary>Goes on only if a comparison holds; ends the program otherwise.</summary>
    void Continue(Condition condition, VirtualRegister a, IrOperand b)
    {
        var next = Ir.NewBlock("next");
        Ir.Branch(condition, a, b, next, _end);
        Ir.MoveTo(next);
    }

    IrOperand Result() => !_facts.ReturnsValue ? 0
        : _shared is { } shared ? Ir.Load(Size.Double, new IrAddress(shared, SharedResult))
        : _result;

    /// <summary>
    /// Scratch memory is taken right before the first statement that uses it, so that hits which a predicate sorts out do not pay for it;
    /// until a statement is written nobody knows whether it does.
    /// </summary>
    void WriteTopLevel(IReadOnlyList<BoundStatement> statements)
    {
        foreach (var statement in statements)
        {
            if (Ir.IsEnded)
            {
                return;
            }

            if (_scratchTaken is not null || statement is BoundBlock)
            {
                if (statement is BoundBlock block)
                {
                    WriteTopLevel(block.Statements);
                }
                else
                {
                    Statement(statement);
                }

                continue;
            }

            var before = Ir.Block;
            var start = Ir.NewBlock("statement");
            _leave = Ir.NewBlock("leave");
            Ir.MoveTo(start);
            Statement(statement);
            var after = Ir.Block;
            Ir.MoveTo(before);
            if (_main.UsesScratch)
            {
                TakeScratch(start);
            }
            else
            {
                Ir.Jump(start);
            }

            var end = _scratchTaken is null ? _end : _endWithScratch;
            Ir.MoveTo(_leave);
            Ir.Jump(end);
            _leave = end;
            Ir.MoveTo(after);
        }
    }

    /// <summary>Ends the program from wherever the builder stands.</summary>
    void Leave()
    {
        if (_frame == _main)
        {
            Ir.Jump(_leave);
            return;
        }

        Ir.Store(Size.Double, Shared(SharedLeave), 1);
        Ir.Return(1);
    }

    IrAddress Shared(int offset) => _frame.Shared is { } shared ? new IrAddress(shared, offset) : new IrAddress(SharedSlot, offset);

    StackSlot SharedSlot => _shared ??= _main.Function.NewSlot("shared", SharedSize);

    /// <summary>The context's address.</summary>
    VirtualRegister Context()
    {
        _frame.UsesContext = true;
        return _frame.Context;
    }

    /// <summary>Counts something that was lost.</summary>
    void CountLoss(LossKind kind) => CountLoss(Ir, kind);

    void CountLoss(IrBuilder ir, LossKind kind)
    {
        var key = ir.NewSlot("loss", 4);
        ir.Store(Size.Word, new IrAddress(key), (int)kind);
        var counter = ir.Call(Helper.MapLookupElem, _script.Losses, key);
        var found = ir.NewBlock("counter");
        var done = ir.NewBlock("counted");
        ir.Branch(Condition.NotEqual, counter, 0, found, done);
        ir.MoveTo(found);
        ir.Add(new IrAtomic(IrAtomicOperation.Add, Size.Double, new IrAddress(counter), ir.Constant(1)));
        ir.Jump(done);
        ir.MoveTo(done);
    }

    VirtualRegister Register(IrOperand value) => value.Register ?? Ir.Constant(value.Constant);

    static Size SizeOf(int bytes) => bytes switch
    {
        1 => Size.Byte,
        2 => Size.Half,
        4 => Size.Word,
        8 => Size.Double,
        _ => throw new InvalidOperationException($"no number has {bytes} bytes"),
    };

    static bool IsSigned(DataType type) => type switch
    {
        IntegerType integer => integer.IsSigned,
        EnumType enumeration => enumeration.Underlying.IsSigned,
        _ => false,
    };
}
