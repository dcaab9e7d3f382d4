using Sonde.Bpf;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Python.Values;
using Sonde.Script.Ir;
using Sonde.Script.Lowering.Python;

namespace Sonde.Script.Conditions;

/// <summary>What became of a condition at a call.</summary>
enum Verdict
{
    /// <summary>It does not hold.</summary>
    Unmet = 0,

    /// <summary>It holds.</summary>
    Met = 1,

    /// <summary>It would be an error in Python, such as a text that is compared with a number, or asks what the kernel cannot tell.</summary>
    Undecided = 2,

    /// <summary>The function has no argument of a name.</summary>
    Unnamed = 3,
}

/// <summary>
/// Writes a condition as a function of a program: parameters are the value that <see cref="PythonVariableSearch"/> filled, and the frame; the answer is a
/// <see cref="Verdict"/>. Nothing of the traced program runs: classes that compare in a way of their own are undecided.
/// </summary>
sealed partial class PythonConditionCode
{
    readonly IrProgram _program;
    readonly PythonVersion _version;
    readonly IrBuilder _ir;
    readonly CallLayout _layout;
    readonly ValueLayout _values;
    readonly ObjectLayout _objects;
    readonly IReadOnlyList<string> _names;
    readonly StackSlot _word;
    readonly StackSlot _typeName;
    readonly StackSlot _run;
    readonly BasicBlock _undecided;
    readonly BasicBlock _unnamed;

    // What a search is told and tells: one search has ended before the next begins.
    StackSlot? _keys;
    StackSlot? _classes;

    PythonConditionCode(IrProgram program, IrFunction function, PythonVersion version, CallLayout layout, IReadOnlyList<string> names, Dictionary<(string Kind, Constant Key), IrFunction> functions)
    {
        program.Functions.Add(function);
        _functions = functions;
        (_program, _version) = (program, version);
        _ir = new IrBuilder(function);
        (_layout, _values, _objects, _names) = (layout, ValueLayout.For(version), ObjectLayout.For(version), names);
        _word = function.NewSlot("word", 8);
        _typeName = function.NewSlot("type_name", TypeNameBytes);
        _run = function.NewSlot("run", RunBytes);
        (_undecided, _unnamed) = (_ir.NewBlock("undecided"), _ir.NewBlock("unnamed"));
    }

    /// <summary>Writes the function.</summary>
    public static IrFunction Write(IrProgram program, PythonCondition condition, PythonVersion version, CallLayout layout, IReadOnlyList<string> names)
    {
        var function = new IrFunction("condition", 2);
        var code = new PythonConditionCode(program, function, version, layout, names, []);
        var ir = code._ir;
        var (met, unmet) = (ir.NewBlock("met"), ir.NewBlock("unmet"));
        code.Decide(condition, met, unmet);
        foreach (var (block, verdict) in new[] { (met, Verdict.Met), (unmet, Verdict.Unmet), (code._undecided, Verdict.Undecided), (code._unnamed, Verdict.Unnamed) })
        {
            ir.MoveTo(block);
            ir.Return((int)verdict);
        }

        return function;
    }

    StackSlot Keys => _keys ??= _ir.Function.NewSlot("keys", KeysSize);

    /// <summary>An object, and what its type says.</summary>
    /// <param name="Address">The object.</param>
    /// <param name="Flags"><c>tp_flags</c>.</param>
    /// <param name="TypeName">The first eight characters of the type's name.</param>
    /// <param name="TypeNameRest">The seven behind them.</param>
    readonly record struct Found(VirtualRegister Address, VirtualRegister Flags, VirtualRegister TypeName, VirtualRegister TypeNameRest);

    void Decide(PythonCondition condition, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        switch (condition)
        {
            case Fixed known:
                _ir.Jump(known.Value ? whenTrue : whenFalse);
                break;
            case Negation negation:
                Decide(negation.Operand, whenFalse, whenTrue);
                break;
            case Junction junction:
                var right = _ir.NewBlock("right_side");
                Decide(junction.Left, junction.IsAnd ? right : whenTrue, junction.IsAnd ? whenFalse : right);
                _ir.MoveTo(right);
                Decide(junction.Right, whenTrue, whenFalse);
                break;
            case Truth truth:
                DecideTruth(truth.Operand, whenTrue, whenFalse);
                break;
            case Comparison { Operand: Place place } comparison:
                Compare(Load(place), comparison.Relation, comparison.Constant, whenTrue, whenFalse);
                break;
            case Comparison comparison:
                CompareNumber(NumberOf(comparison.Operand), comparison.Relation, comparison.Constant, whenTrue, whenFalse);
                break;
            case Ordering ordering:
                var left = NumberOf(ordering.Operand);
                _ir.Branch(ConditionOf(ordering.Relation), left, NumberOf(ordering.Right), whenTrue, whenFalse);
                break;
            case Containment containment:
                Search(Load(containment.Place), containment.Needle, whenTrue, whenFalse);
                break;
        }
    }

    // ---- objects

    Found Load(Place place)
    {
        var function = _ir.Function;
        var slot = _ir.Load(Size.Half, new IrAddress(function.Parameters[0], PythonMaps.CodeVariables + (2 * IndexOf(place.Name))));
        Require(Condition.NotEqual, slot, PythonMaps.NoVariable, _unnamed);
        var offset = _ir.Arithmetic(IrOperation.ShiftLeft, _ir.Arithmetic(IrOperation.And, slot, PythonMaps.InCell - 1), 3);
        var value = PythonResultCode.Untag(_ir, _values, Read(_ir.Arithmetic(IrOperation.Add, _ir.Arithmetic(IrOperation.Add, function.Parameters[1], _values.FrameLocals), offset)));
        // A variable that is not set at the call is none of the arguments.
        Require(Condition.NotEqual, value, 0, _unnamed);
        var address = _ir.Copy(value);
        var (cell, got) = (_ir.NewBlock("in_cell"), _ir.NewBlock("got_argument"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, slot, PythonMaps.InCell), 0, cell, got);
        _ir.MoveTo(cell);
        _ir.Move(address, Read(_ir.Arithmetic(IrOperation.Add, value, _values.CellValue)));
        Require(Condition.NotEqual, address, 0, _unnamed);
        _ir.Jump(got);
        _ir.MoveTo(got);
        foreach (var step in place.Steps)
        {
            var next = function.NewRegister();
            _ir.Add(new IrCallFunction(next, FunctionOf(step), [address]));
            // What is not there would be an error in Python.
            Require(Condition.NotEqual, next, 0, _undecided);
            address = next;
        }

        return Recognize(address);
    }

    /// <summary>An object, with what its type says.</summary>
    Found Recognize(VirtualRegister address)
    {
        var type = Read(_ir.Arithmetic(IrOperation.Add, address, _layout.ObjectType));
        var flags = Read(_ir.Arithmetic(IrOperation.Add, type, _values.TypeFlags));
        var typeName = Read(_ir.Arithmetic(IrOperation.Add, type, _values.TypeName));
        var (first, rest) = (new IrAddress(_typeName), new IrAddress(_typeName, 8));
        _ir.Store(Size.Double, first, 0);
        _ir.Store(Size.Double, rest, 0);
        _ir.Add(new IrCallHelper(null, Helper.ProbeReadUserStr, [_typeName, TypeNameBytes, typeName]));
        return new Found(address, flags, _ir.Load(Size.Double, first), _ir.Load(Size.Double, rest));
    }

    int IndexOf(string name)
    {
        for (var i = 0; i < _names.Count; i++)
        {
            if (_names[i] == name)
            {
                return i;
            }
        }

        throw new InvalidOperationException($"'{name}' is not among the names that are looked for");
    }

    /// <summary>Eight characters of a type's name as they are compared, zeros behind.</summary>
    static long Name(string name, int start)
    {
        var value = 0L;
        for (var i = start; i < Math.Min(start + 8, name.Length); i++)
        {
            value |= (long)name[i] << (8 * (i - start));
        }

        return value;
    }

    void OnFlag(Found found, long flags, Action write)
    {
        var (has, other) = (_ir.NewBlock("has_flag"), _ir.NewBlock("other_flags"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, found.Flags, _ir.Constant(flags)), 0, has, other);
        _ir.MoveTo(has);
        write();
        _ir.MoveTo(other);
    }

    /// <summary>Writes what is done with one of the interpreter's own types, of that name to its end. What a program makes may be called so too, and is laid out otherwise.</summary>
    void OnName(Found found, string name, Action write)
    {
        var other = _ir.NewBlock("other_name");
        Require(Condition.Equal, found.TypeName, _ir.Constant(Name(name, 0)), other);
        Require(Condition.Equal, found.TypeNameRest, _ir.Constant(Name(name, 8)), other);
        Require(Condition.Equal, _ir.Arithmetic(IrOperation.And, found.Flags, HeapFlag), 0, other);
        write();
        _ir.MoveTo(other);
    }

    /// <summary>Bytes of a type's name that are read, with the zero behind it: more than the longest one that is asked for.</summary>
    const int TypeNameBytes = 16;

    const long HeapFlag = 1L << 9, ListFlag = 1L << 25, TupleFlag = 1L << 26, BytesFlag = 1L << 27, DictionaryFlag = 1L << 29;

    /// <summary>Goes where what is unequal to a constant of another kind goes, when it is known to be of one; else nobody knows how it compares.</summary>
    void Unlike(Found found, Relation relation, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        if (relation is not (Relation.Equal or Relation.NotEqual or Relation.Is))
        {
            _ir.Jump(_undecided);
            return;
        }

        var target = relation == Relation.NotEqual ? whenTrue : whenFalse;
        if (relation == Relation.Is)
        {
            _ir.Jump(target);
            return;
        }

        OnFlag(found, ValueLayout.IntegerFlag | ValueLayout.TextFlag | ListFlag | TupleFlag | BytesFlag | DictionaryFlag, () =>
        {
            RequireInherited(found.Address, found.Flags, ComparisonFunction);
            _ir.Jump(target);
        });
        foreach (var name in new[] { "float", "NoneType", "set", "frozenset", "bytearray" })
        {
            OnName(found, name, () => _ir.Jump(target));
        }

        _ir.Jump(_undecided);
    }

    VirtualRegister LengthOf(Found found)
    {
        const int setMembers = 24;
        var length = _ir.Constant(0);
        var got = _ir.NewBlock("got_length");
        // Texts, lists, tuples, bytes and dictionaries have it in the same place.
        OnFlag(found, ValueLayout.TextFlag | ListFlag | TupleFlag | BytesFlag | DictionaryFlag, () =>
        {
            RequireInherited(found.Address, found.Flags, LengthFunction);
            Got(_values.ItemCount);
        });
        OnName(found, "set", () => Got(setMembers));
        OnName(found, "frozenset", () => Got(setMembers));
        OnName(found, "bytearray", () => Got(_values.ItemCount));
        _ir.Jump(_undecided);
        _ir.MoveTo(got);
        return length;

        void Got(int field)
        {
            _ir.Move(length, Read(_ir.Arithmetic(IrOperation.Add, found.Address, field)));
            _ir.Jump(got);
        }
    }

    void DecideTruth(Operand operand, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        if (operand is not Place place)
        {
            _ir.Branch(Condition.NotEqual, NumberOf(operand), 0, whenTrue, whenFalse);
            return;
        }

        var found = Load(place);
        OnName(found, "NoneType", () => _ir.Jump(whenFalse));
        OnFlag(found, ValueLayout.IntegerFlag, () =>
        {
            RequireInherited(found.Address, found.Flags, TruthFunction);
            _ir.Branch(Condition.NotEqual, Digits(found.Address).Count, 0, whenTrue, whenFalse);
        });
        OnName(found, "float", () =>
        {
            var bits = Read(_ir.Arithmetic(IrOperation.Add, found.Address, _values.FloatValue));
            _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.ShiftLeft, bits, 1), 0, whenTrue, whenFalse);
        });
        var (made, asked) = (_ir.NewBlock("own_truth"), _ir.NewBlock("truth_by_length"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, found.Flags, HeapFlag), 0, made, asked);
        _ir.MoveTo(made);
        // What has a length is true by that, unless its class has a __bool__; the built-in ones have none.
        _ir.Branch(Condition.Equal, TruthFunction(Read(_ir.Arithmetic(IrOperation.Add, found.Address, _layout.ObjectType))), 0, asked, _undecided);
        _ir.MoveTo(asked);
        _ir.Branch(Condition.NotEqual, LengthOf(found), 0, whenTrue, whenFalse);
    }

    void Compare(Found found, Relation relation, Constant constant, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        switch (constant)
        {
            case NoneConstant:
                OnName(found, "NoneType", () => _ir.Jump(relation == Relation.NotEqual ? whenFalse : whenTrue));
                Unlike(found, relation, whenTrue, whenFalse);
                break;
            case TruthConstant truth when relation == Relation.Is:
                OnName(found, "bool", () => _ir.Branch(Condition.Equal, Digits(found.Address).Number, truth.Value ? 1 : 0, whenTrue, whenFalse));
                _ir.Jump(whenFalse);
                break;
            case TextConstant text:
                OnFlag(found, ValueLayout.TextFlag, () =>
                {
                    RequireInherited(found.Address, found.Flags, ComparisonFunction);
                    CompareText(found.Address, text.Value, Equal(), Unequal());
                });
                Unlike(found, relation, whenTrue, whenFalse);
                break;
            case BytesConstant bytes:
                OnFlag(found, BytesFlag, () =>
                {
                    RequireInherited(found.Address, found.Flags, ComparisonFunction);
                    CompareBytes(found.Address, _ir.Arithmetic(IrOperation.Add, found.Address, _values.BytesData), bytes.Value, Equal(), Unequal());
                });
                OnName(found, "bytearray", () => CompareBytes(found.Address, Read(_ir.Arithmetic(IrOperation.Add, found.Address, ByteArrayData)), bytes.Value, Equal(), Unequal()));
                Unlike(found, relation, whenTrue, whenFalse);
                break;
            default:
                OnFlag(found, ValueLayout.IntegerFlag, () =>
                {
                    RequireInherited(found.Address, found.Flags, ComparisonFunction);
                    CompareInteger(found, relation, constant, whenTrue, whenFalse);
                });
                OnName(found, "float", () => CompareReal(Read(_ir.Arithmetic(IrOperation.Add, found.Address, _values.FloatValue)), relation, constant, whenTrue, whenFalse));
                Unlike(found, relation, whenTrue, whenFalse);
                break;
        }

        BasicBlock Equal() => relation == Relation.NotEqual ? whenFalse : whenTrue;

        BasicBlock Unequal() => relation == Relation.NotEqual ? whenTrue : whenFalse;
    }

    // ---- reading

    void Require(Condition condition, VirtualRegister a, IrOperand b, BasicBlock otherwise)
    {
        var next = _ir.NewBlock("next");
        _ir.Branch(condition, a, b, next, otherwise);
        _ir.MoveTo(next);
    }

    VirtualRegister Read(VirtualRegister address, int bytes = 8, Size size = Size.Double)
    {
        _ir.Store(Size.Double, new IrAddress(_word), 0);
        Require(Condition.Equal, _ir.Call(Helper.ProbeReadUser, _word, bytes, address), 0, _undecided);
        return _ir.Load(size, new IrAddress(_word));
    }
}
