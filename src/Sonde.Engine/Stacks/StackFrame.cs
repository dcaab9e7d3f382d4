using Sonde.Python.Stacks;

namespace Sonde.Engine.Stacks;

/// <summary>A frame of a thread's stack. Names are as the target has them: whoever shows them escapes them.</summary>
/// <param name="Raw">The frame as it lies in memory.</param>
/// <param name="Code">The code object it runs.</param>
/// <param name="Span">What it is at in the source; null when that belongs to no line.</param>
public sealed record StackFrame(RawFrame Raw, CodeObject Code, SourceSpan? Span)
{
    /// <summary>The function's qualified name.</summary>
    public string Function => Code.Function;

    /// <summary>The source file, as the target names it.</summary>
    public string File => Code.File;
}
