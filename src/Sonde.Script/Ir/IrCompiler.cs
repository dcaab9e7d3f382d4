using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir.Machine;

namespace Sonde.Script.Ir;

/// <summary>Makes instructions of the intermediate representation: improves it, allocates registers and stack, emits.</summary>
static class IrCompiler
{
    const int MostStack = 512;

    /// <summary>Compiles a program, which it changes on the way; the result is ready for <see cref="ProgramSpec.Instructions"/>.</summary>
    /// <exception cref="IrException">It needs more stack than there is, or more instructions than the kernel takes.</exception>
    /// <exception cref="InvalidOperationException">The program does not hold together: a defect of what made it.</exception>
    public static IReadOnlyList<Instruction> Compile(IrProgram program, TargetKernel kernel)
    {
        Dictionary<IrFunction, Label> labels = program.Functions.ToDictionary(function => function, function => new Label(function.Name));
        List<Instruction> output = [];
        foreach (IrFunction function in program.Functions)
        {
            IrVerifier.Verify(program, function);
            MachineFunction machine = InstructionSelector.Select(function, kernel, labels);
            RegisterAllocator.Allocate(machine);
            FrameLayout frame = new(machine);
            if (frame.Size > MostStack)
            {
                throw new IrException($"{program.Name} needs {frame.Size} bytes of stack in {function.Name}; there are {MostStack}.");
            }

            if (output.Count > 0)
            {
                output.Add(Asm.Mark(labels[function]));
            }

            Emitter.Emit(machine, frame, machine.Blocks, output);
        }

        return output;
    }
}
