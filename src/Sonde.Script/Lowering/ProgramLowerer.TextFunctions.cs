using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Functions of texts.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>How long a text is: the helper that copies texts counts them.</summary>
    IrOperand TextLength(BoundExpression text)
    {
        if (text is BoundText known)
        {
            return known.Bytes.Length;
        }

        var capacity = text.Type.Size;
        var from = Place(text);
        var copy = Temporary(capacity);
        var length = Ir.Copy(Ir.Call(ReadKernelText, copy, capacity, from));
        var none = Ir.NewBlock("none");
        var some = Ir.NewBlock("some");
        var done = Ir.NewBlock("length");
        Ir.Branch(Condition.SignedGreater, length, 0, some, none);
        Ir.MoveTo(none);
        Ir.Move(length, 0);
        Ir.Jump(done);
        Ir.MoveTo(some);
        Ir.Move(length, Ir.Arithmetic(IrOperation.Subtract, length, 1));
        Ir.Jump(done);
        Ir.MoveTo(done);
        return length;
    }

    void Concat(BoundExpression first, BoundExpression second, IrAddress to, StringType type)
    {
        var (a, b) = (first.Type.Size, second.Type.Size);
        // Room for both, so that the verifier sees that the second one fits wherever the first one ends.
        var (left, right) = (Place(first), Place(second));
        var whole = ScratchTemporary(Math.Max(a + b, type.Capacity));
        Clear(whole, Math.Max(a + b, type.Capacity));
        var length = Ir.Copy(Ir.Call(ReadKernelText, whole, a, left));
        var none = Ir.NewBlock("none");
        var some = Ir.NewBlock("some");
        var join = Ir.NewBlock("join");
        Ir.Branch(Condition.SignedGreater, length, 0, some, none);
        Ir.MoveTo(none);
        Ir.Move(length, 1);
        Ir.Jump(join);
        Ir.MoveTo(some);
        Ir.Jump(join);
        Ir.MoveTo(join);
        var end = Bounded(Ir.Arithmetic(IrOperation.Subtract, length, 1), a);
        Ir.Call(ReadKernelText, new IrAddress(Ir.Arithmetic(IrOperation.Add, Ir.AddressOf(whole), end)), b, right);
        ResizeText(whole, Math.Max(a + b, type.Capacity), to, type.Capacity);
    }

    /// <summary>Where a text stands in another: compared at each place until one fits, one byte a turn.</summary>
    VirtualRegister FindText(BoundExpression text, BoundExpression part)
    {
        if (!_kernel.HasLoop)
        {
            throw new IrException("Searching in texts needs Linux 5.17 (bpf_loop).");
        }

        var (capacity, partCapacity) = (text.Type.Size, part.Type.Size);
        var state = ScratchTemporary(24);
        var whole = InScratch(text);
        var wanted = InScratch(part);
        const int Start = 0, Matched = 8, Found = 16;
        Ir.Store(Size.Double, state.Plus(Start), 0);
        Ir.Store(Size.Double, state.Plus(Matched), 0);
        Ir.Store(Size.Double, state.Plus(Found), -1);
        var function = Callback("search", 2, 1, _ =>
        {
            var own = ScratchAddress(state.Offset);
            var start = Ir.Load(Size.Double, own.Plus(Start));
            var matched = Ir.Load(Size.Double, own.Plus(Matched));
            var end = Ir.NewBlock("end");
            var found = Ir.NewBlock("found");
            Ir.MoveTo(end);
            Ir.Return(1);
            Ir.MoveTo(found);
            Ir.Store(Size.Double, own.Plus(Found), start);
            Ir.Return(1);

            Ir.MoveTo(_frame.Body);
            var b = LoadAt(wanted.Offset, matched, partCapacity - 1, found);
            Unless("ends", b, 0, found);
            var a = LoadAt(whole.Offset, Ir.Arithmetic(IrOperation.Add, start, matched), capacity - 1, end);
            var same = Ir.NewBlock("same");
            var other = Ir.NewBlock("other");
            Ir.Branch(Condition.Equal, a, b, same, other);
            Ir.MoveTo(same);
            Ir.Store(Size.Double, own.Plus(Matched), Ir.Arithmetic(IrOperation.Add, matched, 1));
            Ir.Return(0);
            Ir.MoveTo(other);
            Unless("goeson", a, 0, end);
            Ir.Store(Size.Double, own.Plus(Start), Ir.Arithmetic(IrOperation.Add, start, 1));
            Ir.Store(Size.Double, own.Plus(Matched), 0);
        });
        Ir.Call(Helper.Loop, Math.Min(MostTurns, Math.Max(1, capacity) * (long)Math.Max(1, partCapacity) + 1), function, SharedArgument(), 0);
        return Ir.Load(Size.Double, state.Plus(Found));
    }

    /// <summary>Goes on unless two numbers are equal.</summary>
    void Unless(string name, VirtualRegister a, IrOperand b, BasicBlock whenEqual)
    {
        var next = Ir.NewBlock(name);
        Ir.Branch(Condition.NotEqual, a, b, next, whenEqual);
        Ir.MoveTo(next);
    }

    /// <summary>A byte of scratch memory at a changing place; elsewhere from its last on.</summary>
    VirtualRegister LoadAt(int offset, VirtualRegister index, int count, BasicBlock outside)
    {
        var bounded = Ir.Copy(index);
        var inside = Ir.NewBlock("inside");
        Ir.Branch(Condition.Less, bounded, Math.Max(count, 1), inside, outside);
        Ir.MoveTo(inside);
        var start = Ir.AddressOf(ScratchAddress(offset));
        return Ir.Load(Size.Byte, new IrAddress(Ir.Arithmetic(IrOperation.Add, start, bounded)));
    }

    IrAddress InScratch(BoundExpression value)
    {
        var place = ScratchTemporary(value.Type.Size);
        Into(value, place);
        return place;
    }

    /// <summary>The difference of the first bytes that differ.</summary>
    IrOperand MemoryCompare(BoundExpression left, BoundExpression right, int size, AddressSpace space)
    {
        var (a, b) = (Bytes(left), Bytes(right));
        var result = _frame.Function.NewRegister();
        var (x, y) = (_frame.Function.NewRegister(), _frame.Function.NewRegister());
        var different = Ir.NewBlock("different");
        var done = Ir.NewBlock("compared");
        Ir.Move(result, 0);
        Compare(a, b, size, (from, other, step, next) =>
        {
            Ir.Move(x, Ir.Load(SizeOf(step), from));
            Ir.Move(y, Ir.Load(SizeOf(step), other));
            if (step > 1)
            {
                // Most significant first, so that the first byte in memory decides.
                Ir.Add(new IrByteSwap(x, x, step * 8));
                Ir.Add(new IrByteSwap(y, y, step * 8));
            }

            Ir.Branch(Condition.Equal, x, y, next, different);
        });
        Ir.Jump(done);
        Ir.MoveTo(different);
        var less = Ir.NewBlock("less");
        var more = Ir.NewBlock("more");
        Ir.Branch(Condition.Less, x, y, less, more);
        Ir.MoveTo(less);
        Ir.Move(result, -1);
        Ir.Jump(done);
        Ir.MoveTo(more);
        Ir.Move(result, 1);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return result;

        IrAddress Bytes(BoundExpression value)
        {
            if (!value.Type.IsScalar && value.Type.Size >= size)
            {
                return Place(value);
            }

            var copy = Temporary(size);
            if (value.Type.IsScalar)
            {
                BytesInto(value, space, copy, size);
            }
            else
            {
                Clear(copy, size);
                Copy(copy, Place(value), value.Type.Size);
            }

            return copy;
        }
    }
}
