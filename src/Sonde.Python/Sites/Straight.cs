using Iced.Intel;

namespace Sonde.Python.Sites;

/// <summary>Walks the one way control can take from an instruction.</summary>
static class Straight
{
    /// <summary>Runs the instruction a walk is at and goes to the next one, through unconditional jumps.</summary>
    /// <returns>False when control can go more than one way, or leaves the code.</returns>
    public static bool Step(DataFlow flow, DataFlow.Walk walk)
    {
        var index = walk.Index;
        var block = flow.Graph.BlockOf(index);
        if (block < 0)
            return false;
        var next = flow.Graph.Blocks[block].End > index + 1 ? index + 1
            : flow.Graph.Blocks[block] is { Dispatches: false, Successors: [var only] } ? flow.Graph.Blocks[only].First
            : -1;
        if (next < 0 || flow.Code.Instructions[index].FlowControl == FlowControl.ConditionalBranch)
            return false;
        walk.Step();
        walk.JumpTo(next);
        return true;
    }
}
