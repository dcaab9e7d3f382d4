using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Texts: reading, storing, resizing.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>Characters up to this many are cleaned without a helper.</summary>
    const int MostCleanedInline = 32;

    void StoreText(IrAddress to, ReadOnlySpan<byte> text, int capacity, bool isClean)
    {
        var cut = text.Length >= capacity;
        var kept = cut ? text[..(capacity - 1)] : text;
        if (!isClean && capacity > kept.Length + 8)
        {
            // A zero byte more than the end needs says that an empty text is just that.
            Span<byte> ended = stackalloc byte[Math.Min(kept.Length + 2, 256)];
            if (kept.Length + 2 > ended.Length)
            {
                ended = new byte[kept.Length + 2];
            }

            ended.Clear();
            kept.CopyTo(ended);
            StoreBytes(to, ended);
            Ir.Store(Size.Byte, to.Plus(capacity - 1), 0);
            return;
        }

        if (capacity > MostInline)
        {
            Clear(to, capacity);
            StoreBytes(to, kept);
        }
        else
        {
            var whole = new byte[capacity];
            kept.CopyTo(whole);
            StoreBytes(to, whole);
        }

        if (cut)
        {
            Ir.Store(Size.Byte, to.Plus(capacity - 1), 1);
        }
    }

    /// <summary>Copies a text to another capacity; the mark of one that was cut moves or is made.</summary>
    void ResizeText(IrAddress from, int fromCapacity, IrAddress to, int capacity)
    {
        if (fromCapacity < capacity)
        {
            Copy(to, from, fromCapacity);
            Clear(to.Plus(fromCapacity), capacity - fromCapacity);
            if (fromCapacity > 1)
            {
                // Where the smaller memory ended there is no mark any more; a reason for being empty, in the second byte, stays.
                Ir.Store(Size.Byte, to.Plus(fromCapacity - 1), fromCapacity == 2 ? Ir.Load(Size.Byte, to.Plus(1)) : 0);
            }

            return;
        }

        Copy(to, from, capacity);
        EndText(to, capacity);
    }

    /// <summary>Bytes of which nobody knows whether they end become a text: the last one says whether it was cut.</summary>
    void EndText(IrAddress to, int capacity)
    {
        if (capacity < 2)
        {
            Ir.Store(Size.Byte, to, 0);
            return;
        }

        var last = Ir.Load(Size.Byte, to.Plus(capacity - 1));
        var first = Ir.Load(Size.Byte, to);
        var some = Ir.NewBlock("some");
        var cut = Ir.NewBlock("cut");
        var done = Ir.NewBlock("ended");
        Ir.Branch(Condition.NotEqual, last, 0, some, done);
        Ir.MoveTo(some);
        Ir.Branch(Condition.NotEqual, first, 0, cut, done);
        Ir.MoveTo(cut);
        Ir.Store(Size.Byte, to.Plus(capacity - 1), 1);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }

    /// <summary>Makes a text in a record, where nothing behind its end matters; how many bytes of it do.</summary>
    IrOperand TextInto(BoundExpression expression, IrAddress to, StringType type)
    {
        switch (expression)
        {
            case BoundText { Bytes: var bytes }:
                StoreText(to, bytes, type.Capacity, isClean: false);
                return Math.Min(bytes.Length + 2, type.Capacity);
            case BoundCall { Function: Intrinsic.ReadString } call:
                return ReadText(call, to, isClean: false);
            case BoundConvert { Operand: BoundCall { Function: Intrinsic.ReadString } call } when call.Type is StringType inner && inner.Capacity == type.Capacity:
                return TextInto(call, to, type);
            case BoundBlockExpression or BoundConditional or BoundCall or BoundConvert or BoundDereference or BoundArgument:
                Into(expression, to, isClean: false);
                return type.Capacity;
            default:
                return type.Capacity > MostInline ? CopyText(Place(expression), to, type) : CopyAll();
        }

        IrOperand CopyAll()
        {
            Into(expression, to, isClean: false);
            return type.Capacity;
        }
    }

    /// <summary>Copies a text of the program's own up to its end; how many bytes matter.</summary>
    VirtualRegister CopyText(IrAddress from, IrAddress to, StringType type)
    {
        var length = Ir.Copy(Ir.Call(ReadKernelText, to, type.Capacity, from));
        var none = Ir.NewBlock("none");
        var full = Ir.NewBlock("full");
        var some = Ir.NewBlock("some");
        var done = Ir.NewBlock("copied");
        Ir.Store(Size.Byte, to.Plus(type.Capacity - 1), Ir.Load(Size.Byte, from.Plus(type.Capacity - 1)));
        Ir.Branch(Condition.SignedLessOrEqual, length, 1, none, some);
        Ir.MoveTo(none);
        Ir.Store(Size.Byte, to.Plus(1), Ir.Load(Size.Byte, from.Plus(1)));
        Ir.Move(length, 2);
        Ir.Jump(done);
        Ir.MoveTo(some);
        Ir.Branch(Condition.SignedGreater, length, type.Capacity, full, done);
        Ir.MoveTo(full);
        Ir.Move(length, type.Capacity);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return length;
    }

    /// <summary><c>str()</c>: of an address, or of a text or characters of the program's own.</summary>
    VirtualRegister ReadText(BoundCall call, IrAddress to, bool isClean)
    {
        var around = _source;
        _source = call.Span ?? around;
        var length = WriteReadText(call, to, isClean);
        _source = around;
        return length;
    }

    VirtualRegister WriteReadText(BoundCall call, IrAddress to, bool isClean)
    {
        var type = (StringType)call.Type;
        var source = call.Arguments[0];
        IrOperand? most = call.Arguments.Count > 1 ? Scalar(call.Arguments[1]) : null;
        if (source.Type.IsScalar)
        {
            // Who says how much he wants is not told that there is more.
            return ReadText(call.Space, Scalar(source), most, to, type, isClean, marksCut: most is not { Register: null });
        }

        var size = source.Type is StringType ? source.Type.Size : source.Type.Size + 1;
        IrOperand room = most switch
        {
            null => Math.Min(size, type.Capacity),
            { Register: { } changing } => Bounded(changing, Math.Min(size, type.Capacity)),
            { Constant: var constant } => Math.Min(constant, Math.Min(size, type.Capacity)),
        };
        return ReadText(AddressSpace.Kernel, Ir.AddressOf(Place(source)), room, to, type, isClean, marksCut: most is null && source.Type.Size > type.Capacity);
    }

    /// <summary>Characters that end at a zero byte or at their count become a text.</summary>
    void CharactersInto(BoundExpression characters, int count, IrAddress to, StringType type, bool isClean)
    {
        if (isClean && count > MostCleanedInline)
        {
            var (space, address) = characters is BoundDereference { Space: not AddressSpace.Context } dereference
                ? (dereference.Space, Scalar(dereference.Address))
                : (AddressSpace.Kernel, Ir.AddressOf(Place(characters)));
            ReadText(space, address, Math.Min(count + 1, type.Capacity), to, type, isClean, marksCut: false);
            return;
        }

        if (count < type.Capacity)
        {
            Into(characters, to);
            Clear(to.Plus(count), type.Capacity - count);
        }
        else
        {
            Copy(to, Place(characters), type.Capacity);
            EndText(to, type.Capacity);
        }

        if (isClean)
        {
            ClearBehindEnd(to, Math.Min(count, type.Capacity - 1));
        }
    }

    /// <summary>Sets what lies behind a text's end to zero, as in <see cref="BranchSameTexts"/> by the lowest byte of each number that is zero.</summary>
    void ClearBehindEnd(IrAddress text, int size)
    {
        var done = Ir.NewBlock("clean");
        for (var at = 0; at < size;)
        {
            var step = Step(size - at, text.Offset + at);
            var part = Ir.Load(SizeOf(step), text.Plus(at));
            var end = EndOf(part, step);
            var ends = Ir.NewBlock("ends");
            var goesOn = Ir.NewBlock("goeson");
            Ir.Branch(Condition.NotEqual, end, 0, ends, goesOn);
            Ir.MoveTo(ends);
            Ir.Store(SizeOf(step), text.Plus(at), Ir.Arithmetic(IrOperation.And, part, UpTo(end)));
            at += step;
            Clear(text.Plus(at), size - at);
            Ir.Jump(done);
            Ir.MoveTo(goesOn);
        }

        Ir.Jump(done);
        Ir.MoveTo(done);
    }

    /// <summary>A number whose lowest bit is the highest one of the first byte that is zero; 0 if none is: (x - 0x01…) &amp; ~x &amp; 0x80….</summary>
    VirtualRegister EndOf(VirtualRegister characters, int size)
    {
        var ones = (long)(0x0101010101010101UL >> 64 - size * 8);
        var highs = (long)(0x8080808080808080UL >> 64 - size * 8);
        var borrowed = Ir.Arithmetic(IrOperation.And, Ir.Arithmetic(IrOperation.Subtract, characters, ones), Ir.Arithmetic(IrOperation.Xor, characters, -1));
        return Ir.Arithmetic(IrOperation.And, borrowed, highs);
    }

    /// <summary>The bits up to the lowest one of a number.</summary>
    VirtualRegister UpTo(VirtualRegister end) => Ir.Arithmetic(IrOperation.Xor, end, Ir.Arithmetic(IrOperation.Subtract, end, 1));

    /// <summary>Reads a text of the target or the kernel.</summary>
    /// <param name="space">Whose memory.</param>
    /// <param name="pointer">Where it begins.</param>
    /// <param name="most">At most so many bytes, the end included; null for the type's.</param>
    /// <param name="to">Where it is put.</param>
    /// <param name="type">Its room.</param>
    /// <param name="isClean">Whether what lies behind its end must be zero.</param>
    /// <param name="marksCut">Whether it is marked when there was more.</param>
    /// <returns>How many bytes of it matter.</returns>
    VirtualRegister ReadText(AddressSpace space, IrOperand pointer, IrOperand? most, IrAddress to, StringType type, bool isClean, bool marksCut = true)
    {
        var capacity = type.Capacity;
        var address = Register(pointer);
        IrOperand room = capacity;
        if (most is { Register: null } constant)
        {
            room = Math.Clamp(constant.Constant, 1, capacity);
        }
        else if (most is { } changing)
        {
            room = AtLeastOne(Bounded(changing.Register!.Value, capacity));
        }

        var isUser = Resolve(space) == AddressSpace.User;
        var helper = isUser ? _kernel.HasSeparateReads ? Helper.ProbeReadUserStr : Helper.ProbeReadStr : ReadKernelText;
        if (isClean)
        {
            Clear(to, capacity);
        }

        var length = _frame.Function.NewRegister();
        var failed = Ir.NewBlock("unreadable");
        var unfilled = Ir.NewBlock("fits");
        var full = Ir.NewBlock("full");
        var done = Ir.NewBlock("text");
        Ir.Add(new IrCallHelper(length, helper, [to, room, address]));
        var check = Ir.NewBlock("readable");
        if (isUser && _canSleep)
        {
            PageInAndRetry(length, helper, to, room, address, check);
        }

        Ir.Branch(Condition.SignedGreater, length, 0, check, failed);
        Ir.MoveTo(failed);
        TellIfFailed(length, helper);
        Unreadable(address, to, capacity);
        Ir.Move(length, Math.Min(2, capacity));
        Ir.Jump(done);

        Ir.MoveTo(check);
        if (capacity < 2)
        {
            Ir.Store(Size.Byte, to, 0);
            Ir.Move(length, capacity);
            Ir.Jump(done);
        }
        else
        {
            Ir.Branch(Condition.SignedGreaterOrEqual, length, capacity, full, unfilled);
            Ir.MoveTo(full);
            if (marksCut)
            {
                MarkCut(space, address, to, capacity);
            }

            Ir.Move(length, capacity);
            Ir.Jump(done);
            Ir.MoveTo(unfilled);
            if (!isClean)
            {
                EndShort(to, length, capacity);
            }

            Ir.Jump(done);
        }

        Ir.MoveTo(done);
        return length;
    }

    /// <summary>A text that left room: no mark of being cut, and for an empty one no reason.</summary>
    void EndShort(IrAddress to, VirtualRegister length, int capacity)
    {
        var empty = Ir.NewBlock("empty");
        var ended = Ir.NewBlock("ended");
        Ir.Store(Size.Byte, to.Plus(capacity - 1), 0);
        Ir.Branch(Condition.Equal, length, 1, empty, ended);
        Ir.MoveTo(empty);
        Ir.Store(Size.Byte, to.Plus(1), 0);
        Ir.Move(length, 2);
        Ir.Jump(ended);
        Ir.MoveTo(ended);
    }

    VirtualRegister AtLeastOne(VirtualRegister value)
    {
        var one = Ir.NewBlock("one");
        var done = Ir.NewBlock("atleast");
        Ir.Branch(Condition.Equal, value, 0, one, done);
        Ir.MoveTo(one);
        Ir.Move(value, 1);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return value;
    }

    /// <summary>A page that is not in memory can be fetched where the program may sleep: a byte of it is touched, then the text is read again.</summary>
    void PageInAndRetry(VirtualRegister length, Helper helper, IrAddress to, IrOperand room, VirtualRegister address, BasicBlock readable)
    {
        _sleeps = true;
        var missing = Ir.NewBlock("pagein");
        var next = Ir.NewBlock("again");
        Ir.Branch(Condition.SignedGreater, length, 0, readable, missing);
        Ir.MoveTo(missing);
        var mapped = Ir.NewBlock("mapped");
        var give = Ir.NewBlock("unmapped");
        var touched = Temporary(8, "touch");
        // The text may begin on one page and end on the next one: both are touched.
        Ir.Branch(Condition.NotEqual, address, 0, mapped, give);
        Ir.MoveTo(mapped);
        Ir.Call(Helper.CopyFromUser, touched, 1, address);
        Ir.Call(Helper.CopyFromUser, touched, 1, Ir.Arithmetic(IrOperation.And, Ir.Arithmetic(IrOperation.Add, address, 4096), -4096));
        Ir.Add(new IrCallHelper(length, helper, [to, room, address]));
        Ir.Jump(next);
        Ir.MoveTo(give);
        Ir.Jump(next);
        Ir.MoveTo(next);
    }

    void Unreadable(VirtualRegister address, IrAddress to, int capacity)
    {
        Ir.Store(Size.Byte, to, 0);
        if (capacity < 2)
        {
            return;
        }

        var isNull = Ir.NewBlock("null");
        var other = Ir.NewBlock("notnull");
        var done = Ir.NewBlock("reason");
        if (capacity > 2)
        {
            Ir.Store(Size.Byte, to.Plus(capacity - 1), 0);
        }

        Ir.Branch(Condition.Equal, address, 0, isNull, other);
        Ir.MoveTo(isNull);
        Ir.Store(Size.Byte, to.Plus(1), (int)EmptyReason.Null);
        Ir.Jump(done);
        Ir.MoveTo(other);
        Ir.Store(Size.Byte, to.Plus(1), (int)EmptyReason.Unreadable);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }

    /// <summary>All room was used: whether the text ends exactly there, its next byte tells.</summary>
    void MarkCut(AddressSpace space, VirtualRegister address, IrAddress to, int capacity)
    {
        var next = Temporary(8, "next");
        Read(space, next, 1, Ir.Arithmetic(IrOperation.Add, address, capacity - 1));
        var more = Ir.NewBlock("more");
        var done = Ir.NewBlock("marked");
        Ir.Branch(Condition.NotEqual, Ir.Load(Size.Byte, next), 0, more, done);
        Ir.MoveTo(more);
        Ir.Store(Size.Byte, to.Plus(capacity - 1), 1);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }
}
