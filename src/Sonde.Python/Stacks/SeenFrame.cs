namespace Sonde.Python.Stacks;

/// <summary>A frame as one look found it, shims included.</summary>
/// <param name="Address">The frame.</param>
/// <param name="Code">What it runs; a shim's is no code object.</param>
/// <param name="Instruction">Where it is: an address, or up to 3.10 <c>f_lasti</c>.</param>
/// <param name="Previous">Its caller's frame.</param>
/// <param name="Function">Its function object (3.11 and later).</param>
/// <param name="Owner">What its memory belongs to.</param>
/// <param name="IsEntry">Whether the evaluation loop was entered with it (3.11).</param>
readonly record struct SeenFrame(ulong Address, ulong Code, ulong Instruction, ulong Previous, ulong Function, byte Owner, bool IsEntry)
{
    /// <summary>The first kind of owner whose frames are not those of functions.</summary>
    const byte FirstShim = 3;

    /// <summary>Whether it is a frame of the evaluation loop itself.</summary>
    public bool IsShim => Owner >= FirstShim;

    /// <summary>Whether it is the same activation in the same function, perhaps further on.</summary>
    public bool IsSameActivation(in SeenFrame other) => this == other with { Instruction = Instruction };
}
