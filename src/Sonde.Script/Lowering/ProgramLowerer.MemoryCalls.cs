using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Functions and values of the language that are memory.</summary>
sealed partial class ProgramLowerer
{
    const int AddressFamilyInternet6 = 10;

    void CallInto(BoundCall call, IrAddress to, bool isClean)
    {
        switch (call.Function)
        {
            case Intrinsic.Comm:
                Ir.Call(Helper.GetCurrentComm, to, Math.Min(16, call.Type.Size));
                ClearGap(to, 16, call.Type.Size);
                break;
            case Intrinsic.ReadString:
                ReadText(call, to, isClean);
                break;
            case Intrinsic.ReadBuffer:
                ReadBuffer(call, to);
                break;
            case Intrinsic.StringConcat:
                Concat(call.Arguments[0], call.Arguments[1], to, (StringType)call.Type);
                break;
            case Intrinsic.UserStack:
                UserStackInto((SymbolicType)call.Type, to);
                break;
            case Intrinsic.FunctionAddress:
                Ir.Store(Size.Double, to, FunctionAddress());
                Ir.Store(Size.Double, to.Plus(8), HostProcess());
                break;
            case Intrinsic.UserSymbol:
                Ir.Store(Size.Double, to, Scalar(call.Arguments[0]));
                Ir.Store(Size.Double, to.Plus(8), HostProcess());
                break;
            case Intrinsic.InternetAddress:
                InternetAddressInto(call, to);
                break;
            case Intrinsic.HardwareAddress:
                Ir.Store(Size.Double, to, 0);
                BytesInto(call.Arguments[0], call.Space, to, 6);
                break;
            case Intrinsic.Path:
                Clear(to, call.Type.Size);
                Ir.Call(Helper.DPath, Scalar(call.Arguments[0]), to, call.Type.Size);
                break;
            case Intrinsic.PythonFunction or Intrinsic.PythonFile or Intrinsic.PythonStack or Intrinsic.PythonException or Intrinsic.PythonText or Intrinsic.PythonValue or Intrinsic.PythonFloat:
                PythonInto(call, to, isClean);
                break;
            default:
                throw new IrException($"There is no code for {call.Function} yet.");
        }
    }

    /// <summary>So many bytes of a value, or of what a pointer points to.</summary>
    void BytesInto(BoundExpression from, AddressSpace space, IrAddress to, int size)
    {
        if (from.Type.IsScalar)
        {
            Read(from.Type is PointerType { Space: not AddressSpace.None } pointer ? pointer.Space : space, to, size, Scalar(from));
        }
        else if (from is BoundDereference dereference)
        {
            DereferenceInto(dereference with { Type = new ArrayType(IntegerType.UInt8, Math.Min(size, from.Type.Size)) }, to);
        }
        else
        {
            Copy(to, Place(from), Math.Min(size, from.Type.Size));
        }
    }

    void ReadBuffer(BoundCall call, IrAddress to)
    {
        var type = (BufferType)call.Type;
        var from = call.Arguments[0];
        IrOperand length = call.Arguments.Count > 1 ? Scalar(call.Arguments[1]) : from.Type.Size;
        length = length.Register is { } changing ? Bounded(changing, type.Capacity) : Math.Clamp(length.Constant, 0, type.Capacity);
        var data = to.Plus(BufferType.DataOffset);
        Ir.Store(Size.Word, to, length);
        if (length is not { Register: null } || length.Constant < type.Capacity)
        {
            Clear(data, type.Capacity);
        }

        if (length is { Register: null, Constant: 0 })
        {
            return;
        }

        if (!from.Type.IsScalar && from is not BoundDereference)
        {
            // A value of the program's own; never more of it than there is.
            var size = Math.Min(from.Type.Size, type.Capacity);
            Ir.Call(ReadKernel, data, length.Register is { } some ? Bounded(some, size) : Math.Min(length.Constant, size), Place(from));
            return;
        }

        var (space, address) = from is BoundDereference dereference ? (dereference.Space, Scalar(dereference.Address)) : (call.Space, Scalar(from));
        Read(space, data, length, address);
    }

    void InternetAddressInto(BoundCall call, IrAddress to)
    {
        var operand = call.Arguments[^1];
        Clear(to, call.Type.Size);
        if (call.Number == 0)
        {
            DynamicInternetAddressInto(call, Register(Scalar(call.Arguments[0])), operand, to);
            return;
        }

        Ir.Store(Size.Word, to, (int)call.Number);
        if (operand.Type is IntegerType)
        {
            Ir.Store(Size.Word, to.Plus(4), Scalar(operand));
        }
        else
        {
            BytesInto(operand, call.Space, to.Plus(4), operand.Type.Size);
        }
    }

    void DynamicInternetAddressInto(BoundCall call, VirtualRegister family, BoundExpression operand, IrAddress to)
    {
        Ir.Store(Size.Word, to, family);
        if (operand.Type is IntegerType)
        {
            Ir.Store(Size.Word, to.Plus(4), Scalar(operand));
            return;
        }

        var is6 = Ir.NewBlock("inet6");
        var is4 = Ir.NewBlock("inet");
        var done = Ir.NewBlock("address");
        Ir.Branch(Condition.Equal, family, AddressFamilyInternet6, is6, is4);
        var known = _frame.Known;
        foreach (var (block, size) in new[] { (is6, 16), (is4, 4) })
        {
            _frame.Known = new(known);
            Ir.MoveTo(block);
            BytesInto(operand, call.Space, to.Plus(4), size);
            Ir.Jump(done);
        }

        _frame.Known = known;
        Ir.MoveTo(done);
    }
}
