namespace Sonde.Python.Stacks;

/// <summary>A frame as it lies in memory.</summary>
/// <param name="Address">The frame: <c>_PyInterpreterFrame</c>, up to 3.10 <c>PyFrameObject</c>.</param>
/// <param name="Code">The code object it runs.</param>
/// <param name="InstructionOffsetBytes">
/// The instruction that runs, in bytes from the code object's first; for a frame that called another the call. Negative before the first one.
/// In the innermost frame it can lag from 3.13 on: there the interpreter stores it only before what can leave the evaluation loop.
/// </param>
/// <param name="Owner">What its memory belongs to.</param>
/// <param name="CalledFromC">
/// Whether the evaluation loop was entered from C with it, so that native frames lie between it and its caller. Always so up to 3.10, where every call does that.
/// </param>
public readonly record struct RawFrame(ulong Address, ulong Code, int InstructionOffsetBytes, FrameOwner Owner, bool CalledFromC);
