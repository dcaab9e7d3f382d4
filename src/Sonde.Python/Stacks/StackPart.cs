namespace Sonde.Python.Stacks;

/// <summary>The part of a thread's stack that runs in one interpreter.</summary>
/// <param name="State">The thread state it is of.</param>
/// <param name="Frames">How many frames it has.</param>
public readonly record struct StackPart(ThreadRecord State, int Frames);
