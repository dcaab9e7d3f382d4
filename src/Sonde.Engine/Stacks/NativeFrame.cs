using Sonde.Linux;

namespace Sonde.Engine.Stacks;

/// <summary>How a frame's caller was found.</summary>
public enum FrameTrust : byte
{
    /// <summary>By the unwind table of the code, or it is where the thread runs.</summary>
    Table,

    /// <summary>By the frame pointer: the code has no unwind table.</summary>
    FramePointer,

    /// <summary>
    /// By a search, since a register that the table needs is not known for a thread that waits in the kernel: the first place on the stack that holds a return address after a call
    /// and from which the tables lead all the way to where the thread began.
    /// </summary>
    Searched,
}

/// <summary>A frame of machine code. Names are as the target has them: whoever shows them escapes them.</summary>
/// <param name="Address">Where it runs, or returns to.</param>
/// <param name="Function">The function's name, demangled; null when unknown.</param>
/// <param name="Offset">Bytes from the function's start to the address; 0 for inlined functions.</param>
/// <param name="Module">The program or library, as the process sees its path, or the kernel's word for the memory (<c>[vdso]</c>); empty for code in no file.</param>
/// <param name="File">The source file, where there is debug information; null otherwise.</param>
/// <param name="Line">The line that runs, or that calls the frame before, 1-based; 0 when unknown.</param>
/// <param name="IsInlined">Whether its code is part of the function of the next frame.</param>
/// <param name="IsEvaluation">Whether it is the interpreter evaluating Python code.</param>
/// <param name="IsHandler">Whether it is the interpreter's function for one opcode; the function that began the evaluation may be its caller.</param>
/// <param name="Trust">How it was found.</param>
public readonly record struct NativeFrame(
    ulong Address, string? Function, ulong Offset, string Module, string? File, int Line, bool IsInlined, bool IsEvaluation, bool IsHandler, FrameTrust Trust);

/// <summary>Where the registers that a native stack began with came from.</summary>
public enum NativeSource : byte
{
    /// <summary>Nowhere: there is no stack.</summary>
    None,

    /// <summary>The kernel, which tells the stack and instruction pointers of a thread that waits in it; other registers are not known.</summary>
    Waiting,

    /// <summary>A copy of the registers and the stack, taken by the kernel while the thread ran.</summary>
    Sample,

    /// <summary>A core file.</summary>
    Core,
}

/// <summary>The machine code a thread runs.</summary>
public sealed record NativeTrace
{
    /// <summary>The thread.</summary>
    public required int Tid { get; init; }

    /// <summary>Where its registers came from.</summary>
    public required NativeSource Source { get; init; }

    /// <summary>The frames, innermost first; an inlined function comes before the one it is part of.</summary>
    public IReadOnlyList<NativeFrame> Frames { get; init; } = [];

    /// <summary>The system call that it waited in, with <see cref="NativeSource.Waiting"/>.</summary>
    public ThreadCall Call { get; init; }

    /// <summary>Its state by the kernel's letter then; with <see cref="NativeSource.Waiting"/>.</summary>
    public char Letter { get; init; }

    /// <summary>Why the frames end before the one the thread began with; null when they do not.</summary>
    public string? Truncated { get; init; }

    /// <summary>Why there is no stack; null when there is one.</summary>
    public string? Problem { get; init; }
}
