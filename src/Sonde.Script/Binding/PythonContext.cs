using Sonde.Python.Layouts;
using Sonde.Python.Sites;

namespace Sonde.Script.Binding;

/// <summary>What a Python probe knows of the interpreter: its layout and where at this site frame and thread state are.</summary>
/// <param name="Layout">Offsets of the interpreter's structures.</param>
/// <param name="Site">The attach point in the interpreter's code.</param>
sealed record PythonContext(CallLayout Layout, ProbeSite Site);
