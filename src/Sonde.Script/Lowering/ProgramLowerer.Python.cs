using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>What Python probes give.</summary>
sealed partial class ProgramLowerer
{
    PythonStackCode? _stackCode;

    PythonProbeCode? StartPython()
    {
        if (_probe.Context.Python is not { } python)
        {
            return null;
        }

        var (maps, sends) = _script.Python(CountLoss);
        return new PythonProbeCode(_program, _main.Ir, _probe.Context.Kind, python, maps, sends, _main.Context, _end);
    }

    /// <summary>The probe's Python part, which only the program itself can ask: the body of a loop that became a function cannot.</summary>
    PythonProbeCode Python => _python is { } python && _frame == _main
        ? python
        : throw new IrException("A Python value cannot be read inside a loop; assign it to a variable before the loop.");

    /// <summary>A look at the Python frames of the current thread.</summary>
    VirtualRegister PythonLookAt(PythonLook look, int limit)
    {
        var frame = _python is not null ? (IrOperand)Python.Frame : 0;
        if (_stackCode is null)
        {
            var (maps, sends) = _script.Python(CountLoss);
            _stackCode = new PythonStackCode(_program, maps, sends, _script.Script.KernelThreads);
        }

        return _stackCode.Write(Ir, look, limit, frame, _probe.Context.Python?.Image ?? 0);
    }

    /// <summary>Whether the probe gives no frame, so that the current thread's is looked for.</summary>
    bool LooksForPython => _probe.Context.Python is null;

    IrOperand PythonScalar(BoundCall call) => call.Function switch
    {
        Intrinsic.PythonLine when LooksForPython => PythonLookAt(PythonLook.Line, 1),
        Intrinsic.PythonFrame when LooksForPython => PythonLookAt(PythonLook.Frame, 1),
        Intrinsic.PythonLine => Python.FirstLine(),
        Intrinsic.PythonFrame => Python.Frame,
        Intrinsic.PythonLocal => Python.Local(checked((int)call.Number)),
        Intrinsic.PythonResult => Python.Result(),
        Intrinsic.PythonInteger => Python.Integer(Register(Scalar(call.Arguments[0]))),
        Intrinsic.PythonLength => Python.Length(Register(Scalar(call.Arguments[0]))),
        Intrinsic.PythonIsNone => Python.IsNone(Register(Scalar(call.Arguments[0]))),
        _ => throw new InvalidOperationException($"{call.Function} is no Python number"),
    };

    void PythonInto(BoundCall call, IrAddress to, bool isClean)
    {
        switch (call.Function)
        {
            case Intrinsic.PythonFunction or Intrinsic.PythonFile when LooksForPython:
                Ir.Store(Sonde.Bpf.Size.Double, to, PythonLookAt(PythonLook.Code, 1));
                Ir.Store(Sonde.Bpf.Size.Double, to.Plus(8), HostProcess());
                break;
            case Intrinsic.PythonFunction or Intrinsic.PythonFile:
                Python.StoreFunction(to);
                break;
            case Intrinsic.PythonStack:
                Ir.Store(Sonde.Bpf.Size.Double, to, PythonLookAt(PythonLook.Stack, ((SymbolicType)call.Type).Stack.Depth));
                Ir.Store(Sonde.Bpf.Size.Double, to.Plus(8), HostProcess());
                break;
            case Intrinsic.PythonException:
                ReadText(AddressSpace.User, Python.ExceptionName(), null, to, (StringType)call.Type, isClean);
                break;
            case Intrinsic.PythonText:
                var (address, length) = Python.Text(Register(Scalar(call.Arguments[0])));
                // What was asked for is not cut, what there is no room for is.
                var bytes = Ir.Arithmetic(IrOperation.Add, length, 1);
                ReadText(AddressSpace.User, address, call.Number == 1 ? Bounded(bytes, call.Type.Size) : bytes, to, (StringType)call.Type, isClean);
                break;
            case Intrinsic.PythonValue:
                Python.StoreValue(Register(Scalar(call.Arguments[0])), to);
                break;
            case Intrinsic.PythonFloat:
                Ir.Store(Sonde.Bpf.Size.Double, to, Python.Real(Register(Scalar(call.Arguments[0]))));
                break;
            default:
                throw new InvalidOperationException($"{call.Function} is no Python value");
        }
    }
}
