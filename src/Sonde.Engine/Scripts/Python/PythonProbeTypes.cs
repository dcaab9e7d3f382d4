using Sonde.Engine.Scripts.Machine;
using Sonde.Script.Binding;

namespace Sonde.Engine.Scripts.Python;

/// <summary>The probe types of Python functions: <c>pycall:[[INTERPRETER:]FILE:]FUNCTION</c> and its like.</summary>
static class PythonProbeTypes
{
    /// <summary>The types with what finds their places.</summary>
    public static IReadOnlyList<(ProbeType Type, IProbeResolver Resolver)> With(PythonResolver resolver) =>
    [
        (new ProbeType(ProbeKind.PythonCall, "pycall", ["py"], 1, 2, 3), resolver),
        (new ProbeType(ProbeKind.PythonReturn, "pyreturn", ["pyr"], 1, 2, 3), resolver),
        (new ProbeType(ProbeKind.PythonRaise, "pyraise", [], 1, 2, 3), resolver),
    ];
}
