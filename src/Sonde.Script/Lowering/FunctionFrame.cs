using Sonde.Script.Binding;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering;

/// <summary>A function while it is written: the program itself, or the body of a loop.</summary>
sealed class FunctionFrame
{
    public FunctionFrame(IrFunction function, VirtualRegister? shared, int stackBudget)
    {
        (Function, Shared, StackBudget) = (function, shared, stackBudget);
        Ir = new IrBuilder(function);
        Entry = Ir.Block;
        Body = Ir.NewBlock("body");
        Context = shared is null ? function.Parameters[0] : function.NewRegister();
        Scratch = function.NewRegister();
        Ir.MoveTo(Body);
    }

    public IrFunction Function { get; }

    public IrBuilder Ir { get; }

    /// <summary>Written last, when it is known what the body needs.</summary>
    public BasicBlock Entry { get; }

    public BasicBlock Body { get; }

    /// <summary>The address of what functions called back share with the program; null in the program itself.</summary>
    public VirtualRegister? Shared { get; }

    public VirtualRegister Context { get; }

    /// <summary>The address of the processor's scratch memory.</summary>
    public VirtualRegister Scratch { get; }

    public bool UsesContext { get; set; }

    public bool UsesScratch { get; set; }

    /// <summary>Bytes of stack for temporary values of the statement at hand.</summary>
    public int StackTop { get; set; }

    public int StackBudget { get; }

    /// <summary>Values that stay the same during a hit and are known where the builder stands.</summary>
    public Dictionary<Intrinsic, VirtualRegister> Known { get; set; } = [];

    /// <summary>Variables in registers and on the stack of this function.</summary>
    public Dictionary<BoundVariable, VirtualRegister> Registers { get; } = [];

    /// <summary>Where <c>break</c> and <c>continue</c> go in a loop written in place; null where they end the function.</summary>
    public (BasicBlock Break, BasicBlock Continue)? Loop { get; set; }
}
