using Sonde.Python.Layouts;
using Sonde.Python.Sites;

namespace Sonde.Script.Binding;

/// <summary>What a Python probe knows of the interpreter: its layouts, and where at this site frame and thread state are.</summary>
/// <param name="Layout">Offsets of frames, code objects and texts.</param>
/// <param name="Values">Offsets of variables and values.</param>
/// <param name="Site">The attach point in the interpreter's code.</param>
/// <param name="Pattern">Which functions are meant.</param>
/// <param name="Image">A number for the interpreter's file; code objects are told apart by it, their address and the process.</param>
sealed record PythonContext(CallLayout Layout, ValueLayout Values, ProbeSite Site, PythonPattern Pattern, int Image);

/// <summary>Which functions a Python probe is for.</summary>
/// <param name="File">
/// A glob for the file; empty for any. Without a slash it is held against the name behind the last one, with one against the whole path.
/// </param>
/// <param name="Function">A glob for the qualified name; up to 3.10 code objects only have the plain name, which the part behind the last dot is held against.</param>
sealed record PythonPattern(string File, string Function);
