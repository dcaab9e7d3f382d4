using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Comparing memory.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>Texts of which neither is known are compared in a loop from this size on.</summary>
    const int MostUnrolled = 64;

    void BranchEqual(BoundMemoryEqual equal, BasicBlock whenEqual, BasicBlock whenNot)
    {
        var (left, right) = equal.Left is BoundText or BoundConvert { Operand: BoundText } ? (equal.Right, equal.Left) : (equal.Left, equal.Right);
        if (left.Type is not StringType text)
        {
            var size = equal.Limit > 0 ? Math.Min(equal.Limit, left.Type.Size) : left.Type.Size;
            BranchSameBytes(Place(left), Place(right), size, whenEqual, whenNot);
            return;
        }

        var known = right switch
        {
            BoundText constant => constant.Bytes,
            BoundConvert { Operand: BoundText constant } => constant.Bytes,
            _ => null,
        };
        if (known is not null)
        {
            // Characters need not become a text of their own for this.
            var (characters, room) = left is BoundConvert { Operand: { Type: ArrayType { Element.Size: 1 } array } memory } && known.Length < array.Size
                ? (memory, array.Size)
                : (left, text.Capacity);
            BranchIsText(LoadablePlace(characters), room, known, equal.Limit, whenEqual, whenNot);
            return;
        }

        var most = Math.Min(text.Capacity, right.Type.Size);
        if (equal.Limit > 0)
        {
            most = Math.Min(most, equal.Limit);
        }

        BranchSameTexts(Place(left), Place(right), most, whenEqual, whenNot);
    }

    /// <summary>Where a value lies that is only loaded from, in numbers: it may be in the context.</summary>
    IrAddress LoadablePlace(BoundExpression expression) =>
        expression is BoundDereference dereference && _probe.Context.ProgramType == ProgramType.Tracepoint
            && Resolve(dereference.Space) == AddressSpace.Context && ContextOffset(dereference.Address) is { } offset
            ? new IrAddress(Context(), offset)
            : Place(expression);

    /// <summary>Compares with a text known when compiling: so many bytes as that has and its end, most differences show at once.</summary>
    void BranchIsText(IrAddress text, int capacity, ReadOnlySpan<byte> known, int limit, BasicBlock whenEqual, BasicBlock whenNot)
    {
        Span<byte> bytes = new byte[known.Length + 1];
        known.CopyTo(bytes);
        if (limit > 0 && limit < bytes.Length)
        {
            bytes = bytes[..limit];
        }

        if (bytes.Length > capacity)
        {
            Ir.Jump(whenNot);
            return;
        }

        for (var at = 0; at < bytes.Length;)
        {
            var step = Step(bytes.Length - at, text.Offset + at);
            var next = Ir.NewBlock("same");
            var part = Ir.Load(SizeOf(step), text.Plus(at), isSigned: false);
            var wanted = Number(bytes.Slice(at, step));
            Ir.Branch(Condition.Equal, part, step == 8 ? wanted : wanted & (1L << step * 8) - 1, next, whenNot);
            Ir.MoveTo(next);
            at += step;
        }

        Ir.Jump(whenEqual);
    }

    void BranchSameBytes(IrAddress a, IrAddress b, int size, BasicBlock whenEqual, BasicBlock whenNot)
    {
        Compare(a, b, size, (left, right, step, next) =>
        {
            var same = Ir.NewBlock("same");
            Ir.Branch(Condition.Equal, Ir.Load(SizeOf(step), left), Ir.Load(SizeOf(step), right), same, whenNot);
            Ir.MoveTo(same);
            Ir.Jump(next);
        });
        Ir.Jump(whenEqual);
    }

    /// <summary>Compares two texts up to their ends, eight bytes at a time.</summary>
    void BranchSameTexts(IrAddress a, IrAddress b, int size, BasicBlock whenEqual, BasicBlock whenNot)
    {
        Compare(a, b, size, (left, right, step, next) =>
        {
            var x = Ir.Load(SizeOf(step), left);
            var different = Ir.Arithmetic(IrOperation.Xor, x, Ir.Load(SizeOf(step), right));
            var end = EndOf(x, step);
            var ends = Ir.NewBlock("ends");
            var goesOn = Ir.NewBlock("goeson");
            Ir.Branch(Condition.NotEqual, end, 0, ends, goesOn);
            Ir.MoveTo(ends);
            Ir.Branch(Condition.Equal, Ir.Arithmetic(IrOperation.And, different, UpTo(end)), 0, whenEqual, whenNot);
            Ir.MoveTo(goesOn);
            Ir.Branch(Condition.Equal, different, 0, next, whenNot);
        });
        Ir.Jump(whenEqual);
    }

    /// <summary>Goes through two memories side by side, all at once or in a loop.</summary>
    void Compare(IrAddress a, IrAddress b, int size, Action<IrAddress, IrAddress, int, BasicBlock> compare)
    {
        var at = 0;
        if (size > MostUnrolled && _kernel.HasBoundedLoops && Step(8, a.Offset, b.Offset) == 8)
        {
            at = size & ~7;
            var index = _frame.Function.NewRegister();
            var turn = Ir.NewBlock("turn");
            var next = Ir.NewBlock("next");
            var done = Ir.NewBlock("compared");
            var (left, right) = (Ir.AddressOf(a), Ir.AddressOf(b));
            Ir.Move(index, 0);
            Ir.Jump(turn);
            Ir.MoveTo(turn);
            compare(new IrAddress(Ir.Arithmetic(IrOperation.Add, left, index)), new IrAddress(Ir.Arithmetic(IrOperation.Add, right, index)), 8, next);
            Ir.MoveTo(next);
            Ir.Move(index, Ir.Arithmetic(IrOperation.Add, index, 8));
            Ir.Branch(Condition.Less, index, at, turn, done);
            Ir.MoveTo(done);
        }

        while (at < size)
        {
            var step = Step(size - at, a.Offset + at, b.Offset + at);
            var next = Ir.NewBlock("next");
            compare(a.Plus(at), b.Plus(at), step, next);
            Ir.MoveTo(next);
            at += step;
        }
    }
}
