using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Tests.Script.Ir;

/// <summary>
/// Makes programs at random, the same one for the same seed: arithmetic, branches, loops, stack memory, calls. Every variable is set before
/// it is used, and what the program returns depends on numbers alone, never on an address or the machine.
/// </summary>
sealed class RandomProgram
{
    public const int Arguments = 4;

    static readonly long[] _constants =
        [0, 1, -1, 2, 3, 7, 8, 63, 64, 255, 256, -128, 0x7fff, 0xffff, 0x10000, int.MaxValue, int.MinValue, uint.MaxValue, 0x100000000, long.MinValue, long.MaxValue, 0x123456789abcdef0, -0x76543210fedcba9];

    readonly Random _random;
    readonly IrProgram _program;
    readonly List<IrFunction> _functions = [];
    IrFunction? _callback;

    RandomProgram(int seed)
    {
        _random = new Random(seed);
        _program = new IrProgram($"random {seed}");
    }

    public static IrProgram Make(int seed)
    {
        RandomProgram random = new(seed);
        IrFunction main = new("main", 1);
        random._program.Functions.Add(main);
        for (int i = random._random.Next(3); i > 0; i--)
        {
            IrFunction function = new($"f{i}", random._random.Next(1, 6));
            new Writer(random, function).Body(isMain: false, 8);
            random._functions.Add(function);
        }

        if (random._random.Next(3) == 0)
        {
            random._callback = new IrFunction("callback", 2);
            new Writer(random, random._callback).Callback();
        }

        new Writer(random, main).Body(isMain: true, random._random.Next(5, 40));
        random._program.Functions.AddRange(random._functions);
        if (random._callback is { } callback)
        {
            random._program.Functions.Add(callback);
        }

        return random._program;
    }

    T Any<T>(IReadOnlyList<T> list) => list[_random.Next(list.Count)];

    /// <summary>Writes one function.</summary>
    sealed class Writer(RandomProgram random, IrFunction function)
    {
        readonly Random _random = random._random;
        readonly IrBuilder _builder = new(function);
        readonly List<VirtualRegister> _numbers = [];
        readonly List<(IrAddress Address, int Size)> _memory = [];
        int _depth;
        bool _isMain;
        bool _isCallback;

        public void Body(bool isMain, int statements)
        {
            _isMain = isMain;
            if (isMain)
            {
                for (int i = 0; i < Arguments; i++)
                {
                    _numbers.Add(_builder.Load(Size.Double, new IrAddress(function.Parameters[0], 8 * i)));
                }
            }
            else
            {
                _numbers.AddRange(function.Parameters);
            }

            for (int i = _random.Next(8); i > 0; i--)
            {
                _numbers.Add(_builder.Constant(random.Any(_constants)));
            }

            NewSlot();
            Statements(statements);
            _builder.Return(Hash());
        }

        /// <summary>A function for <c>bpf_loop</c>: works on the 16 bytes its second parameter points to.</summary>
        public void Callback()
        {
            _isCallback = true;
            _numbers.Add(function.Parameters[0]);
            _memory.Add((new IrAddress(function.Parameters[1]), 16));
            _depth = 2;
            Statements(5);
            _builder.Return(0);
        }

        VirtualRegister Hash()
        {
            VirtualRegister hash = _builder.Constant(17);
            foreach (VirtualRegister number in _numbers)
            {
                hash = _builder.Arithmetic(IrOperation.Multiply, hash, 31);
                hash = _builder.Arithmetic(IrOperation.Add, hash, number);
            }

            foreach ((IrAddress address, int size) in _memory)
            {
                for (int i = 0; i < size; i += 8)
                {
                    hash = _builder.Arithmetic(IrOperation.Xor, hash, _builder.Load(Size.Double, address.Plus(i)));
                }
            }

            return _builder.Arithmetic(IrOperation.Xor, hash, _builder.Arithmetic(IrOperation.ShiftRightLogical, hash, 32));
        }

        void Statements(int count)
        {
            // What is made inside is not known outside, where it may not have been set.
            int numbers = _numbers.Count;
            int memory = _memory.Count;
            _depth++;
            for (int i = 0; i < count; i++)
            {
                Statement();
            }

            _depth--;
            if (_depth > 0)
            {
                _numbers.RemoveRange(numbers, _numbers.Count - numbers);
                _memory.RemoveRange(memory, _memory.Count - memory);
            }
        }

        void Statement()
        {
            switch (_random.Next(24))
            {
                case < 7:
                    _builder.Add(new IrArithmetic(random.Any(Enum.GetValues<IrOperation>()), Target(), Operand(), Operand()));
                    break;
                case 7:
                    _builder.Add(new IrExtend(Target(), Number(), random.Any([8, 16, 32]), _random.Next(2) == 0));
                    break;
                case 8:
                    _builder.Add(_random.Next(2) == 0 ? new IrByteSwap(Target(), Number(), random.Any([16, 32, 64])) : new IrNegate(Target(), Number()));
                    break;
                case 9:
                    _builder.Move(Target(), Operand());
                    break;
                case 10 or 11:
                    (Size size, IrAddress to) = Place();
                    _builder.Store(size, to, Operand());
                    break;
                case 12 or 13:
                    (size, IrAddress from) = Place();
                    _builder.Add(new IrLoad(Target(), size, from, size != Size.Double && _random.Next(2) == 0));
                    break;
                case 14:
                    Atomic();
                    break;
                case 15:
                    Call();
                    break;
                case 16:
                    Copy();
                    break;
                case 17:
                    _builder.Call(random.Any([Helper.GetPrandomU32, Helper.GetSmpProcessorId, Helper.KtimeGetNs]));
                    break;
                case 18:
                    NewSlot();
                    break;
                case 19:
                    (IrAddress address, int bytes) = random.Any(_memory);
                    _memory.Add((new IrAddress(_builder.AddressOf(address)), bytes));
                    break;
                case 20 or 21 when _depth < 4:
                    If();
                    break;
                case 22 when _depth < 3:
                    Loop();
                    break;
                case 23 when _isMain && random._callback is { } callback:
                    StackSlot context = function.NewSlot("context", 16);
                    _builder.Store(Size.Double, new IrAddress(context), Operand());
                    _builder.Store(Size.Double, new IrAddress(context, 8), Operand());
                    _builder.Call(Helper.Loop, _random.Next(4), callback, context, 0);
                    _memory.Add((new IrAddress(context), 16));
                    break;
            }
        }

        void If()
        {
            BasicBlock yes = _builder.NewBlock("yes");
            BasicBlock no = _builder.NewBlock("no");
            BasicBlock after = _builder.NewBlock("after");
            _builder.End(new IrBranch(random.Any(Enum.GetValues<Condition>()), Number(), Operand(), yes, _random.Next(2) == 0 ? no : after, _random.Next(4) == 0));
            _builder.MoveTo(yes);
            Statements(_random.Next(1, 5));
            if (!_isCallback && _random.Next(8) == 0)
            {
                _builder.Return(Hash());
            }

            _builder.Jump(after);
            _builder.MoveTo(no);
            Statements(_random.Next(0, 4));
            _builder.Jump(after);
            _builder.MoveTo(after);
        }

        void Loop()
        {
            BasicBlock body = _builder.NewBlock("body");
            BasicBlock after = _builder.NewBlock("end");
            VirtualRegister counter = _builder.Constant(0);
            int turns = _random.Next(1, 5);
            _builder.Jump(body);
            _builder.MoveTo(body);
            Statements(_random.Next(1, 5));
            _builder.Add(new IrArithmetic(IrOperation.Add, counter, counter, 1));
            _builder.Branch(Condition.Less, counter, turns, body, after);
            _builder.MoveTo(after);
        }

        void Atomic()
        {
            (IrAddress address, int bytes) = random.Any(_memory);
            Size size = random.Any([Size.Word, Size.Double]);
            IrAddress to = address.Plus(_random.Next(bytes / 8) * 8);
            IrAtomicOperation operation = random.Any(Enum.GetValues<IrAtomicOperation>());
            VirtualRegister? dst = operation >= IrAtomicOperation.Exchange || _random.Next(2) == 0 ? Target() : null;
            _builder.Add(new IrAtomic(operation, size, to, Number(), dst, operation == IrAtomicOperation.CompareExchange ? Number() : null));
        }

        void Call()
        {
            if (!_isMain || random._functions.Count == 0)
            {
                return;
            }

            IrFunction callee = random.Any(random._functions);
            VirtualRegister? dst = _random.Next(4) == 0 ? null : Target();
            _builder.Add(new IrCallFunction(dst, callee, [.. callee.Parameters.Select(_ => (IrArgument)Operand())]));
        }

        void Copy()
        {
            (IrAddress from, _) = random.Any(_memory);
            (IrAddress to, _) = random.Any(_memory);
            _builder.Call(Helper.ProbeReadKernel, to, 8, from);
        }

        void NewSlot()
        {
            StackSlot slot = _builder.NewSlot("slot", 8 * _random.Next(1, 4));
            for (int i = 0; i < slot.Size; i += 8)
            {
                _builder.Store(Size.Double, new IrAddress(slot, i), Operand());
            }

            _memory.Add((new IrAddress(slot), slot.Size));
        }

        (Size Size, IrAddress Address) Place()
        {
            (IrAddress address, int bytes) = random.Any(_memory);
            return random.Any([Size.Byte, Size.Half, Size.Word, Size.Double]) switch
            {
                Size.Byte => (Size.Byte, address.Plus(_random.Next(bytes))),
                Size.Half => (Size.Half, address.Plus(2 * _random.Next(bytes / 2))),
                Size.Word => (Size.Word, address.Plus(4 * _random.Next(bytes / 4))),
                _ => (Size.Double, address.Plus(8 * _random.Next(bytes / 8))),
            };
        }

        VirtualRegister Target()
        {
            if (_random.Next(3) == 0)
            {
                VirtualRegister fresh = _builder.Constant(random.Any(_constants));
                _numbers.Add(fresh);
                return fresh;
            }

            return Number();
        }

        VirtualRegister Number() => random.Any(_numbers);

        IrOperand Operand() => _random.Next(3) == 0 ? random.Any(_constants) : Number();
    }
}
