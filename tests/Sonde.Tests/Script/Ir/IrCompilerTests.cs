using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Xunit;

namespace Sonde.Tests.Script.Ir;

public class IrCompilerTests
{
    static readonly TargetKernel _old = TargetKernel.Newest with { HasInstructionSetV4 = false, HasJump32 = false, HasFetchingAtomics = false };
    static readonly MapSpec _counts = new() { Type = MapType.PerCpuHash, Name = "counts", KeySize = 8, ValueSize = 8, MaxEntries = 4096 };
    static readonly MapSpec _globals = new() { Type = MapType.Array, Name = "globals", KeySize = 4, ValueSize = 48, MaxEntries = 1 };
    static readonly MapSpec _ring = new() { Type = MapType.RingBuffer, Name = "ring", MaxEntries = 4096 };

    readonly IrFunction _main = new("main", 1);
    readonly IrBuilder _builder;

    public IrCompilerTests() => _builder = new IrBuilder(_main);

    VirtualRegister Context => _main.Parameters[0];

    [Fact]
    public void Counts_by_thread()
    {
        BasicBlock found = _builder.NewBlock("found");
        BasicBlock missing = _builder.NewBlock("missing");
        BasicBlock end = _builder.NewBlock("end");
        StackSlot key = _main.NewSlot("key", 8);
        StackSlot one = _main.NewSlot("one", 8);
        VirtualRegister tid = _builder.Extend(_builder.Call(Helper.GetCurrentPidTgid), 32, isSigned: false);
        _builder.Store(Size.Double, new IrAddress(key), tid);
        VirtualRegister value = _builder.Call(Helper.MapLookupElem, _counts, key);
        _builder.Branch(Condition.NotEqual, value, 0, found, missing);
        _builder.MoveTo(found);
        _builder.Add(new IrAtomic(IrAtomicOperation.Add, Size.Double, new IrAddress(value), _builder.Constant(1)));
        _builder.Jump(end);
        _builder.MoveTo(missing);
        _builder.Store(Size.Double, new IrAddress(one), 1);
        _builder.Call(Helper.MapUpdateElem, _counts, key, one, 1);
        _builder.Jump(end);
        _builder.MoveTo(end);
        _builder.Return(0);
        Check("ir-count.txt");
    }

    [Fact]
    public void Writes_a_record()
    {
        BasicBlock go = _builder.NewBlock("go");
        BasicBlock full = _builder.NewBlock("full");
        BasicBlock quiet = _builder.NewBlock("quiet");
        VirtualRegister stopped = _builder.Load(Size.Double, new IrAddress(_builder.MapValue(_globals, 0), 16));
        _builder.Branch(Condition.Equal, stopped, 0, go, quiet);
        _builder.MoveTo(go);
        VirtualRegister first = _builder.Load(Size.Double, new IrAddress(Context, 112));
        VirtualRegister record = _builder.Call(Helper.RingbufReserve, _ring, 40, 0);
        BasicBlock fill = _builder.NewBlock("fill");
        _builder.Branch(Condition.Equal, record, 0, full, fill);
        _builder.MoveTo(fill);
        VirtualRegister process = _builder.Arithmetic(IrOperation.ShiftRightLogical, _builder.Call(Helper.GetCurrentPidTgid), 32);
        VirtualRegister thread = _builder.Extend(_builder.Call(Helper.GetCurrentPidTgid), 32, isSigned: false);
        VirtualRegister payload = _builder.Arithmetic(IrOperation.Add, record, 8);
        _builder.Store(Size.Double, new IrAddress(record), 3);
        _builder.Store(Size.Word, new IrAddress(payload), _builder.Extend(process, 32, isSigned: false));
        _builder.Store(Size.Word, new IrAddress(payload, 4), thread);
        _builder.Store(Size.Double, new IrAddress(payload, 8), first);
        _builder.Store(Size.Double, new IrAddress(payload, 16), _builder.Load(Size.Double, new IrAddress(Context, 112)));
        _builder.Call(Helper.GetCurrentComm, new IrAddress(payload, 16), 16);
        _builder.Call(Helper.RingbufSubmit, record, 0);
        _builder.Jump(quiet);
        _builder.MoveTo(full);
        _builder.Add(new IrAtomic(IrAtomicOperation.Add, Size.Double, new IrAddress(_builder.MapValue(_globals, 8)), _builder.Constant(1)));
        _builder.Jump(quiet);
        _builder.MoveTo(quiet);
        _builder.Return(0);
        Check("ir-record.txt");
    }

    [Fact]
    public void Conditions_do_not_become_numbers()
    {
        BasicBlock second = _builder.NewBlock("second");
        BasicBlock yes = _builder.NewBlock("yes");
        BasicBlock no = _builder.NewBlock("no");
        BasicBlock test = _builder.NewBlock("test");
        BasicBlock inside = _builder.NewBlock("inside");
        BasicBlock after = _builder.NewBlock("after");
        VirtualRegister both = _main.NewRegister();
        VirtualRegister a = _builder.Load(Size.Word, new IrAddress(Context), isSigned: true);
        _builder.Branch(Condition.SignedGreater, a, 3, second, no);
        _builder.MoveTo(second);
        _builder.Branch(Condition.SignedLess, a, 9, yes, no);
        _builder.MoveTo(yes);
        _builder.Move(both, 1);
        _builder.Jump(test);
        _builder.MoveTo(no);
        _builder.Move(both, 0);
        _builder.Jump(test);
        _builder.MoveTo(test);
        _builder.Branch(Condition.NotEqual, both, 0, inside, after);
        _builder.MoveTo(inside);
        _builder.Call(Helper.SendSignal, 9);
        _builder.Jump(after);
        _builder.MoveTo(after);
        _builder.Return(0);
        Check("ir-conditions.txt");
    }

    [Fact]
    public void Arithmetic_by_constants_is_made_cheap()
    {
        VirtualRegister a = _builder.Load(Size.Double, new IrAddress(Context));
        VirtualRegister sum = _builder.Constant(0);
        foreach ((IrOperation operation, long constant) in new (IrOperation, long)[]
        {
            (IrOperation.Multiply, 8), (IrOperation.UnsignedDivide, 16), (IrOperation.UnsignedModulo, 32), (IrOperation.SignedDivide, 4),
            (IrOperation.SignedModulo, 4), (IrOperation.Add, 0), (IrOperation.Multiply, 1), (IrOperation.And, 0xffffffff), (IrOperation.Subtract, 5),
            (IrOperation.Add, 0x123456789a), (IrOperation.SignedDivide, 10),
        })
        {
            sum = _builder.Arithmetic(IrOperation.Xor, sum, _builder.Arithmetic(operation, a, constant));
        }

        _builder.Return(_builder.Arithmetic(IrOperation.Add, sum, _builder.Arithmetic(IrOperation.Multiply, 6, 7)));
        Check("ir-arithmetic.txt");
    }

    [Fact]
    public void Old_kernels_get_what_they_have()
    {
        BasicBlock yes = _builder.NewBlock("yes");
        BasicBlock no = _builder.NewBlock("no");
        VirtualRegister a = _builder.Load(Size.Half, new IrAddress(Context), isSigned: true);
        VirtualRegister b = _builder.Load(Size.Double, new IrAddress(Context, 8));
        VirtualRegister quotient = _builder.Arithmetic(IrOperation.SignedDivide, a, b);
        _builder.End(new IrBranch(Condition.SignedLess, quotient, 7, yes, no, Is32: true));
        _builder.MoveTo(yes);
        _builder.Return(_builder.Extend(quotient, 8, isSigned: true));
        _builder.MoveTo(no);
        _builder.Return(0);
        Check("ir-old-kernel.txt", _old);
    }

    [Fact]
    public void Arguments_change_places()
    {
        IrFunction callee = new("callee", 3);
        new IrBuilder(callee).Return(callee.Parameters[2]);
        IrFunction caller = new("caller", 3);
        IrBuilder inside = new(caller);
        VirtualRegister result = caller.NewRegister();
        inside.Add(new IrCallFunction(result, callee, [caller.Parameters[1], caller.Parameters[2], caller.Parameters[0]]));
        inside.Return(result);
        VirtualRegister a = _builder.Load(Size.Double, new IrAddress(Context));
        VirtualRegister b = _main.NewRegister();
        _builder.Add(new IrCallFunction(b, caller, [a, 0x1_0000_0001, -1]));
        _builder.Return(b);
        Check("ir-arguments.txt", TargetKernel.Newest, caller, callee);
    }

    [Fact]
    public void What_finds_no_register_goes_to_the_stack_or_is_made_anew()
    {
        BasicBlock loop = _builder.NewBlock("loop");
        BasicBlock end = _builder.NewBlock("end");
        VirtualRegister[] kept = [.. Enumerable.Range(0, 6).Select(_ => _builder.Call(Helper.KtimeGetNs))];
        VirtualRegister address = _builder.MapValue(_globals, 8);
        VirtualRegister turns = _builder.Constant(0);
        _builder.Jump(loop);
        _builder.MoveTo(loop);
        _builder.Call(Helper.TracePrintk, Context, 8);
        _builder.Store(Size.Double, new IrAddress(address), turns);
        _builder.Add(new IrArithmetic(IrOperation.Add, turns, turns, 1));
        _builder.Branch(Condition.Less, turns, 10, loop, end);
        _builder.MoveTo(end);
        VirtualRegister sum = kept[0];
        foreach (VirtualRegister one in kept[1..])
        {
            sum = _builder.Arithmetic(IrOperation.Add, sum, one);
        }

        _builder.Return(sum);
        Check("ir-spills.txt");
    }

    [Fact]
    public void Stack_memory_is_shared_by_what_does_not_meet()
    {
        for (int i = 0; i < 4; i++)
        {
            StackSlot name = _main.NewSlot("name", 200);
            _builder.Call(Helper.GetCurrentComm, name, 200);
            _builder.Call(Helper.MapUpdateElem, _counts, name, name, 0);
        }

        _builder.Return(0);
        Check("ir-slots.txt");
    }

    [Fact]
    public void Too_much_stack_is_explained()
    {
        StackSlot[] slots = [.. Enumerable.Range(0, 4).Select(i => _main.NewSlot(i == 0 ? "path" : "name", 200))];
        _builder.Call(Helper.MapUpdateElem, slots[0], slots[1], slots[2], slots[3]);
        _builder.Return(0);
        StackException e = Assert.Throws<StackException>(() => IrCompiler.Compile(Program(), TargetKernel.Newest));
        Assert.Equal("test needs 800 bytes of stack, the kernel gives 512 (main 800: name 600 in 3 pieces, path 200).", e.Message);
    }

    [Fact]
    public void Jumps_reach_as_far_as_they_must()
    {
        BasicBlock far = _builder.NewBlock("far");
        BasicBlock near = _builder.NewBlock("near");
        VirtualRegister a = _builder.Load(Size.Double, new IrAddress(Context));
        _builder.Branch(Condition.Equal, a, 7, far, near);
        _builder.MoveTo(near);
        for (int i = 0; i < 40_000; i++)
        {
            _builder.Store(Size.Double, new IrAddress(Context, 8), i);
        }

        _builder.Jump(far);
        _builder.MoveTo(far);
        _builder.Call(Helper.SendSignal, 9);
        _builder.Return(0);
        IrException e = Assert.Throws<IrException>(() => IrCompiler.Compile(Program(), _old));
        Assert.Contains("which needs Linux 6.6", e.Message, StringComparison.Ordinal);
        Assert.NotEmpty(Assembler.Assemble(IrCompiler.Compile(Program(), TargetKernel.Newest)));
    }

    [Fact]
    public void What_does_not_hold_together_is_refused_with_its_place()
    {
        BasicBlock yes = _builder.NewBlock("yes");
        BasicBlock after = _builder.NewBlock("after");
        VirtualRegister a = _main.NewRegister();
        _builder.Branch(Condition.Equal, Context, 0, yes, after);
        _builder.MoveTo(yes);
        _builder.Move(a, 1);
        _builder.Jump(after);
        _builder.MoveTo(after);
        _builder.Store(Size.Double, new IrAddress(Context), a);
        _builder.Return(0);
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => IrCompiler.Compile(Program(), TargetKernel.Newest));
        Assert.Equal("test, main, block after: \"*(u64 *)(v0+0) = v1\": v1 may not have been set.", e.Message);
    }

    IrProgram Program(params IrFunction[] more)
    {
        IrProgram program = new("test");
        program.Functions.Add(_main);
        program.Functions.AddRange(more);
        return program;
    }

    void Check(string name, TargetKernel? kernel = null, params IrFunction[] more)
    {
        IrProgram program = Program(more);
        StringWriter text = new();
        IrPrinter.Print(program, text);
        text.Write("\nimproved:\n\n");
        IReadOnlyList<Instruction> instructions = IrCompiler.Compile(program, kernel ?? TargetKernel.Newest);
        IrPrinter.Print(program, text);
        text.Write("\ninstructions:\n\n");
        Disassembler.Print(instructions, text);
        Golden.Check(name, text.ToString());
    }
}
