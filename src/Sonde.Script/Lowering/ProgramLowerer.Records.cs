using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Records for user space.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>Records whose texts take more than this are made elsewhere and sent as long as they are.</summary>
    const int ShortTexts = 64;

    const long CurrentProcessor = 0xffffffff; // BPF_F_CURRENT_CPU, include/uapi/linux/bpf.h

    void Send(BoundSend send)
    {
        SendRecord(send.Action, send.Payload);
        if (send.EndsProgram)
        {
            Ir.Store(Size.Double, new IrAddress(Ir.MapValue(_script.Globals, Globals.Stopped)), 1);
            Leave();
        }
    }

    void SendRecord(int action, IReadOnlyList<BoundExpression> payload)
    {
        var layout = _script.Actions[action].Payload;
        var size = ScriptAction.PayloadOffset + layout.Size;
        var texts = layout.Elements.Sum(TextBytes);
        // Once memory is reserved nothing may end the program before it is handed back: what could is evaluated first. So is what sends records itself
        // that are to be read before this one: a Python stack brings the names of its functions.
        var values = payload.Select(element => element.Type.IsScalar ? new BoundNumber(element.Type, Scalar(element))
            : ProbeFacts.RunsStatements(element) || ProbeFacts.TakesPythonStack(element) ? new BoundPlace(element.Type, Place(element))
            : element).ToArray();
        if (!_kernel.HasRingBuffer || texts > ShortTexts)
        {
            OutputRecord(action, layout, size, values);
        }
        else
        {
            ReserveRecord(action, layout, size, values);
        }
    }

    static int TextBytes(DataType type) => type switch
    {
        StringType text => text.Capacity,
        BufferType buffer => buffer.Capacity,
        TupleType tuple => tuple.Elements.Sum(TextBytes),
        _ => 0,
    };

    void ReserveRecord(int action, TupleType layout, int size, BoundExpression[] values)
    {
        var record = Ir.Call(Helper.RingbufReserve, _script.Ring, size, 0);
        IfFound(
            record,
            () =>
            {
                FillRecord(new IrAddress(record), action, layout, values);
                Ir.Add(new IrCallHelper(null, Helper.RingbufSubmit, [record, 0]));
            },
            () => CountLoss(LossKind.Record));
    }

    void OutputRecord(int action, TupleType layout, int size, BoundExpression[] values)
    {
        var record = Temporary(size, "record");
        IrOperand length = size;
        if (FillRecord(record, action, layout, values) is { } last)
        {
            length = Bounded(Ir.Arithmetic(IrOperation.Add, last, ScriptAction.PayloadOffset + layout.OffsetOf(values.Length - 1)), size);
        }

        Output(record, length);
    }

    /// <summary>The smaller of two numbers without a sign, in a way the verifier sees.</summary>
    VirtualRegister Bounded(VirtualRegister value, IrOperand most)
    {
        var result = Ir.Copy(value);
        var more = Ir.NewBlock("more");
        var done = Ir.NewBlock("bounded");
        Ir.Branch(Condition.Greater, result, most, more, done);
        Ir.MoveTo(more);
        Ir.Move(result, most);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return result;
    }

    /// <summary>Stores a record's number and payload; how many bytes the last text has if it is the last of all.</summary>
    IrOperand? FillRecord(IrAddress record, int action, TupleType layout, BoundExpression[] values)
    {
        Ir.Store(Size.Double, record, action);
        IrOperand? last = null;
        var end = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var offset = layout.OffsetOf(i);
            var to = record.Plus(ScriptAction.PayloadOffset + offset);
            ClearGap(record, ScriptAction.PayloadOffset + end, ScriptAction.PayloadOffset + offset);
            end = offset + values[i].Type.Size;
            last = null;
            if (values[i] is { Type: StringType text })
            {
                last = TextInto(values[i], to, text);
            }
            else
            {
                Into(values[i], to, isClean: false);
            }
        }

        ClearGap(record, ScriptAction.PayloadOffset + end, ScriptAction.PayloadOffset + layout.Size);
        return last;
    }

    void Join(BoundJoin join)
    {
        var layout = _script.Actions[join.Action].Payload;
        var texts = TextsOf(layout);
        var array = Register(Scalar(join.Array));
        var pointer = Temporary(8, "pointer");
        var size = ScriptAction.PayloadOffset + layout.Size;
        var record = Temporary(size, "record");
        var (count, length) = (_frame.Function.NewRegister(), _frame.Function.NewRegister());
        var done = Ir.NewBlock("joined");
        Ir.Move(count, 0);
        Ir.Move(length, ScriptAction.PayloadOffset + layout.OffsetOf(0) + layout.Elements[0].Size);
        Ir.Store(Size.Double, record, join.Action);
        for (var i = 0; i <= texts.Count; i++)
        {
            // One turn more than there is room for: that there was more is told.
            Read(join.Space, pointer, 8, Ir.Arithmetic(IrOperation.Add, array, i * 8));
            var text = Ir.Load(Size.Double, pointer);
            var one = Ir.NewBlock("text");
            Ir.Branch(Condition.NotEqual, text, 0, one, done);
            Ir.MoveTo(one);
            Ir.Move(count, i + 1);
            if (i < texts.Count)
            {
                var start = ScriptAction.PayloadOffset + texts[i].Offset;
                var used = ReadText(join.Space, text, null, record.Plus(start), texts[i].Type, isClean: false);
                Ir.Move(length, Ir.Arithmetic(IrOperation.Add, used, start));
            }
        }

        Ir.Jump(done);
        Ir.MoveTo(done);
        Ir.Store(Size.Double, record.Plus(ScriptAction.PayloadOffset + layout.OffsetOf(0)), count);
        Output(record, Bounded(length, size));
    }

    /// <summary>The texts of a join: side by side behind the count, or an array of them.</summary>
    static List<(int Offset, StringType Type)> TextsOf(TupleType layout) =>
    [
        .. layout.Elements.Select((element, i) => (Element: element, Offset: layout.OffsetOf(i))).Skip(1).SelectMany(part => part.Element is ArrayType { Element: StringType text } array
            ? Enumerable.Range(0, array.Count).Select(i => (part.Offset + i * text.Size, text))
            : [(part.Offset, (StringType)part.Element)]),
    ];

    /// <summary>Tells user space of a helper that failed, if that is wanted.</summary>
    void TellIfFailed(VirtualRegister answer, Helper helper)
    {
        if (!_script.Script.TellsFailures)
        {
            return;
        }

        var failed = Ir.NewBlock("failed");
        var done = Ir.NewBlock("told");
        Ir.Branch(Condition.SignedLess, answer, 0, failed, done);
        Ir.MoveTo(failed);
        SendRecord(_script.HelperError(helper, _source), [new BoundNumber(IntegerType.Int64, answer)]);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }

    /// <summary>Tells user space of a key that was read and is not there, if that is wanted.</summary>
    void TellAbsent(Helper helper)
    {
        if (_script.Script.TellsFailures)
        {
            SendRecord(_script.HelperError(helper, _source), [new BoundConstant(IntegerType.Int64, 0)]);
        }
    }

    void Output(IrAddress record, IrOperand length)
    {
        var failed = _kernel.HasRingBuffer
            ? Ir.Call(Helper.RingbufOutput, _script.Ring, record, length, 0)
            : Ir.Call(Helper.PerfEventOutput, Context(), _script.Ring, CurrentProcessor, record, length);
        CountIfFailed(failed, LossKind.Record);
    }
}

/// <summary>A number that has been computed.</summary>
sealed record BoundNumber(DataType Type, IrOperand Value) : BoundExpression(Type);
