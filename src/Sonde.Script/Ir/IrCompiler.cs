using Sonde.Bpf;
using Sonde.Script.Binding;

namespace Sonde.Script.Ir;

/// <summary>Makes instructions of the intermediate representation: improves it, allocates registers and stack, emits.</summary>
static class IrCompiler
{
    /// <summary>Compiles a program; the result is ready for <see cref="ProgramSpec.Instructions"/>.</summary>
    /// <exception cref="IrException">It needs more stack than there is, or more instructions than the kernel takes.</exception>
    public static IReadOnlyList<Instruction> Compile(IrProgram program, TargetKernel kernel) => throw new NotSupportedException($"{program.Name} on {kernel.Processors}");
}

/// <summary>A program that cannot be compiled within the kernel's limits.</summary>
sealed class IrException(string message) : Exception(message);
