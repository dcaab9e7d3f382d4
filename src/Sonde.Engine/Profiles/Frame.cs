namespace Sonde.Engine.Profiles;

/// <summary>What kind of code a frame runs.</summary>
public enum FrameKind : byte
{
    /// <summary>Python code.</summary>
    Python,

    /// <summary>Machine code of the program or a library.</summary>
    Native,

    /// <summary>Code of the kernel.</summary>
    Kernel,

    /// <summary>No code but what surrounds or explains it: a process, a thread, a garbage collection.</summary>
    Marker,
}

/// <summary>One place in a program, as profiles know it. Names are as the target has them, but for lone surrogates once they are in a profile: whoever shows them escapes them.</summary>
/// <param name="Kind">What kind of code it is.</param>
/// <param name="Function">The function's qualified name, demangled where it was mangled; for a marker its text.</param>
/// <param name="File">The source file as the target names it, or the module (library, executable) of machine code; empty when unknown.</param>
/// <param name="Line">The line that runs, 1-based; 0 when unknown or of no interest.</param>
/// <param name="FirstLine">The line where the function begins, 1-based; 0 when unknown. It tells functions of the same name apart, such as two lambdas.</param>
public readonly record struct Frame(FrameKind Kind, string Function, string File, int Line, int FirstLine = 0);
