using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir.Machine;
using Sonde.Script.Ir.Passes;

namespace Sonde.Script.Ir;

/// <summary>Makes instructions of the intermediate representation: improves it, allocates registers and stack, emits.</summary>
static class IrCompiler
{
    /// <summary>Compiles a program, which it changes on the way; the result is ready for <see cref="ProgramSpec.Instructions"/>.</summary>
    /// <exception cref="StackException">It needs more stack than there is.</exception>
    /// <exception cref="IrException">It needs instructions the kernel does not have.</exception>
    /// <exception cref="InvalidOperationException">The program does not hold together: a defect of what made it.</exception>
    public static IReadOnlyList<Instruction> Compile(IrProgram program, TargetKernel kernel)
    {
        foreach (IrFunction function in program.Functions)
        {
            IrVerifier.Verify(program, function);
            Optimizer.Run(function, isMain: function == program.Functions[0], kernel);
        }

        // The kernel refuses functions nothing leads to.
        List<IrFunction> functions = Reached(program);
        Dictionary<IrFunction, Label> labels = functions.ToDictionary(function => function, function => new Label(function.Name));
        List<FrameLayout> frames = [];
        List<Instruction> output = [];
        foreach (IrFunction function in functions)
        {
            MachineFunction machine = InstructionSelector.Select(function, kernel, labels);
            RegisterAllocator.Allocate(machine);
            FrameLayout frame = new(machine);
            frames.Add(frame);
            if (output.Count > 0)
            {
                output.Add(Asm.Mark(labels[function]));
            }

            Emitter.Emit(machine, frame, BlockOrder.Arrange(machine), output);
        }

        StackLimit.Check(program, frames, kernel);
        return LongJumps.Reach(program, output, kernel);
    }

    static List<IrFunction> Reached(IrProgram program)
    {
        List<IrFunction> reached = [program.Functions[0]];
        for (int i = 0; i < reached.Count; i++)
        {
            foreach (IrFunction callee in StackLimit.Callees(reached[i]).Where(callee => !reached.Contains(callee)))
            {
                reached.Add(callee);
            }
        }

        return reached;
    }
}
