using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>What the Python part of a program needs of the rest: where records go, what they ask for, where losses are counted.</summary>
/// <param name="Ring">The ring buffer.</param>
/// <param name="CodeAction">The number of the action that takes code records.</param>
/// <param name="StackAction">The number of the action that takes stacks.</param>
/// <param name="ProcessAction">The number of the action that answers what a process runs.</param>
/// <param name="CountLoss">Writes the counting of a loss.</param>
sealed record PythonSends(MapSpec Ring, int CodeAction, int StackAction, int ProcessAction, Action<IrBuilder, LossKind> CountLoss)
{
    /// <summary>The most patterns of a script.</summary>
    public const int MostPatterns = 64;
}
