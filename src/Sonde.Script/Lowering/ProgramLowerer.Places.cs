using System.Text;
using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Expressions that are memory: where they lie, or how they are made in a given place.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>Where a value lies: its own place when it has one, else memory of the statement at hand.</summary>
    IrAddress Place(BoundExpression expression)
    {
        switch (expression)
        {
            case BoundPlace place:
                return place.Address;
            case BoundVariableRead { Variable: var variable } when !IsRegister(variable):
                return VariableAddress(variable);
            case BoundMapRead read when !read.Type.IsScalar:
                return ReadMapPlace(read);
            case BoundElement { Index: null, Type.IsScalar: false } element:
                return Place(element.Aggregate).Plus(element.Offset);
            case BoundBlockExpression block:
                Block(block.Statements);
                return Place(block.Value);
            default:
                var made = Temporary(expression.Type.Size);
                Into(expression, made);
                return made;
        }
    }

    /// <summary>Makes a value in a place.</summary>
    /// <param name="expression">The value.</param>
    /// <param name="to">Where, as many bytes as its type has.</param>
    /// <param name="isClean">Whether what lies behind the end of texts must be zero, as in keys.</param>
    void Into(BoundExpression expression, IrAddress to, bool isClean = true)
    {
        var type = expression.Type;
        if (type.IsScalar)
        {
            StoreScalar(type, to, Scalar(expression));
            return;
        }

        var around = _source;
        _source = expression.Span ?? around;
        WriteInto(expression, to, isClean);
        _source = around;
    }

    void WriteInto(BoundExpression expression, IrAddress to, bool isClean)
    {
        var type = expression.Type;
        switch (expression)
        {
            case BoundText text:
                StoreText(to, text.Bytes, text.Text.Capacity, isClean);
                break;
            case BoundBytes bytes:
                StoreBytes(to, bytes.Bytes);
                break;
            case BoundTuple tuple:
                StoreTuple(tuple, to, isClean);
                break;
            case BoundConditional choice:
                Choose(choice.Condition, () => Into(choice.WhenTrue, to, isClean), () => Into(choice.WhenFalse, to, isClean));
                break;
            case BoundConvert convert:
                ConvertInto(convert, to, isClean);
                break;
            case BoundDereference dereference:
                DereferenceInto(dereference, to);
                break;
            case BoundElement { Index: not null } element:
                ElementInto(element, to);
                break;
            case BoundArgument argument:
                ArgumentInto(argument.Source, argument.Type, to);
                break;
            case BoundCall call:
                CallInto(call, to, isClean);
                break;
            case BoundBlockExpression block:
                Block(block.Statements);
                Into(block.Value, to, isClean);
                break;
            default:
                Copy(to, Place(expression), type.Size);
                break;
        }
    }

    void StoreTuple(BoundTuple tuple, IrAddress to, bool isClean)
    {
        var end = 0;
        for (var i = 0; i < tuple.Elements.Count; i++)
        {
            var offset = tuple.Tuple.OffsetOf(i);
            ClearGap(to, end, offset);
            Into(tuple.Elements[i], to.Plus(offset), isClean);
            end = offset + tuple.Elements[i].Type.Size;
        }

        ClearGap(to, end, tuple.Tuple.Size);
    }

    void ClearGap(IrAddress to, int from, int end)
    {
        if (end > from)
        {
            Clear(to.Plus(from), end - from);
        }
    }

    /// <summary>Writes the name that a probe's number stands for; numbers of no probe of the script have none.</summary>
    void ProbeNameInto(BoundExpression probe, IrAddress to, StringType type, bool isClean)
    {
        const int MostNames = 64;
        var names = _script.Script.ProbeNames;
        if (names.Count > MostNames)
        {
            throw new IrException($"The name of a probe as a text is chosen among those of the script, which has {names.Count}; {MostNames} are the most. Print it or use it as a key as it is.");
        }

        var number = _frame.Function.NewRegister();
        Ir.Move(number, Scalar(probe));
        var done = Ir.NewBlock("named");
        for (var i = 0; i < names.Count; i++)
        {
            var (own, next) = (Ir.NewBlock("name"), Ir.NewBlock("next_name"));
            Ir.Branch(Condition.Equal, number, i, own, next);
            Ir.MoveTo(own);
            StoreText(to, Encoding.UTF8.GetBytes(names[i]), type.Capacity, isClean);
            Ir.Jump(done);
            Ir.MoveTo(next);
        }

        StoreText(to, [], type.Capacity, isClean);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }

    void ConvertInto(BoundConvert convert, IrAddress to, bool isClean)
    {
        var operand = convert.Operand;
        switch (operand.Type, convert.Type)
        {
            case (StringType from, StringType type) when from.Capacity != type.Capacity:
                if (operand is BoundText text)
                {
                    StoreText(to, text.Bytes, type.Capacity, isClean);
                }
                else
                {
                    ResizeText(Place(operand), from.Capacity, to, type.Capacity);
                }

                break;
            case (SymbolicType { Kind: SymbolicKind.Probe }, StringType type):
                ProbeNameInto(operand, to, type, isClean);
                break;
            case (ArrayType { Element.Size: 1 } characters, StringType type):
                CharactersInto(operand, characters.Count, to, type, isClean);
                break;
            case (BufferType from, BufferType type) when from.Capacity < type.Capacity:
                Into(operand, to, isClean);
                Clear(to.Plus(from.Size), type.Size - from.Size);
                break;
            case (TupleType from, TupleType type) when from != type:
                var parts = operand is BoundTuple tuple ? tuple.Elements : Elements(from, Place(operand));
                StoreTuple(new BoundTuple([.. parts.Zip(type.Elements, (part, element) => part.Type == element ? part : new BoundConvert(part, element))], type), to, isClean);
                break;
            case ({ IsScalar: true }, _):
                StoreScalar(operand.Type, to, Scalar(operand));
                ClearGap(to, operand.Type.Size, convert.Type.Size);
                break;
            case var (from, type) when from.Size < type.Size:
                Into(operand, to, isClean);
                ClearGap(to, from.Size, type.Size);
                break;
            case var (from, type) when from.Size > type.Size:
                Copy(to, Place(operand), type.Size);
                break;
            default:
                Into(operand, to, isClean);
                break;
        }
    }

    static IEnumerable<BoundExpression> Elements(TupleType tuple, IrAddress at) =>
        tuple.Elements.Select((element, i) => element.IsScalar
            ? (BoundExpression)new BoundElement(new BoundPlace(tuple, at), tuple.OffsetOf(i), element)
            : new BoundPlace(element, at.Plus(tuple.OffsetOf(i))));

    void DereferenceInto(BoundDereference dereference, IrAddress to)
    {
        var size = dereference.Type.Size;
        if (Resolve(dereference.Space) == AddressSpace.Context && ContextOffset(dereference.Address) is { } offset)
        {
            CopyFromContext(to, offset, size);
        }
        else
        {
            Read(dereference.Space, to, size, Scalar(dereference.Address));
        }

        // Memory may be full of characters: what we call a text ends in it.
        if (dereference.Type is StringType text)
        {
            EndText(to, text.Capacity);
        }
    }

    /// <summary>Copies a part of the context; of tracepoint records the first 8 bytes are the kernel's own and must not be loaded.</summary>
    void CopyFromContext(IrAddress to, int offset, int size)
    {
        if (size > ComfortableOnStack || offset < 8 && _probe.Context.ProgramType == ProgramType.Tracepoint)
        {
            Ir.Call(ReadKernel, to, size, Ir.Arithmetic(IrOperation.Add, Context(), offset));
            return;
        }

        Copy(to, new IrAddress(Context(), offset), size);
    }

    /// <summary>Where an element lies.</summary>
    /// <param name="element">The element.</param>
    /// <param name="present">For a changing index: 0 when it is out of range, and then the address is not to be used.</param>
    IrAddress ElementAddress(BoundElement element, out VirtualRegister? present)
    {
        var whole = Place(element.Aggregate);
        present = null;
        if (element.Index is not { } changing)
        {
            return whole.Plus(element.Offset);
        }

        var index = Scalar(changing);
        if (index.Register is not { } register)
        {
            var isInside = index.Constant >= 0 && index.Constant < element.Count;
            present = isInside ? null : Register(0);
            return whole.Plus(element.Offset + (isInside ? (int)index.Constant * element.Type.Size : 0));
        }

        // The verifier wants to see the bound on the very number that is added; the compiler keeps both apart from other uses.
        var inside = Ir.NewBlock("index");
        var outside = Ir.NewBlock("outside");
        var done = Ir.NewBlock("indexed");
        var found = _frame.Function.NewRegister();
        var bounded = Ir.Copy(register);
        Ir.Branch(Condition.Less, bounded, element.Count, inside, outside);
        Ir.MoveTo(outside);
        Ir.Move(bounded, 0);
        Ir.Move(found, 0);
        Ir.Jump(done);
        Ir.MoveTo(inside);
        Ir.Move(found, 1);
        Ir.Jump(done);
        Ir.MoveTo(done);
        present = found;
        var start = Ir.AddressOf(whole.Plus(element.Offset));
        var distance = element.Type.Size == 1 ? bounded : Ir.Arithmetic(IrOperation.Multiply, bounded, element.Type.Size);
        return new IrAddress(Ir.Arithmetic(IrOperation.Add, start, distance));
    }

    void ElementInto(BoundElement element, IrAddress to)
    {
        var size = element.Type.Size;
        var from = ElementAddress(element, out var present);
        if (present is not { } condition)
        {
            Copy(to, from, size);
            return;
        }

        Clear(to, size);
        var inside = Ir.NewBlock("inside");
        var done = Ir.NewBlock("copied");
        Ir.Branch(Condition.NotEqual, condition, 0, inside, done);
        Ir.MoveTo(inside);
        Ir.Call(ReadKernel, to, size, from);
        Ir.Jump(done);
        Ir.MoveTo(done);
    }
}

/// <summary>A value that lies in a place the code generator knows.</summary>
sealed record BoundPlace(DataType Type, IrAddress Address) : BoundExpression(Type);
