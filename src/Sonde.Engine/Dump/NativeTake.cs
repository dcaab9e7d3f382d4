using Sonde.Engine.Stacks;
using Sonde.Python.Stacks;

namespace Sonde.Engine.Dump;

/// <summary>A thread's machine code and the Python frames it was joined with.</summary>
/// <param name="Joined">The two in one.</param>
/// <param name="Python">The Python frames, innermost first.</param>
/// <param name="Parts">Which of them run in which interpreter, the innermost part first.</param>
/// <param name="State">The thread as it was at that moment; as it was seen before where the two were not joined.</param>
sealed record NativeTake(JoinedTrace Joined, IReadOnlyList<RawFrame> Python, IReadOnlyList<StackPart> Parts, ThreadSnapshot State);
