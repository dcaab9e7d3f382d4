namespace Sonde.Script.Ir;

/// <summary>Refuses programs that do not hold together, with the place: a defect of what made them, which would otherwise show as a wrong program.</summary>
static class IrVerifier
{
    public static void Verify(IrProgram program, IrFunction function)
    {
        foreach (BasicBlock block in ControlFlow.ReversePostOrder(function))
        {
            if (block.Terminator is null)
            {
                throw new InvalidOperationException($"{program.Name}, {function.Name}: the block {block.Name} has no end.");
            }
        }
    }
}
