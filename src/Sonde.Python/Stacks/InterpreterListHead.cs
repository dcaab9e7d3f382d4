using Iced.Intel;
using Sonde.Python.Layouts;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Stacks;

/// <summary>Finds the variable that begins the list of interpreters: in <c>_PyRuntime</c>, or in 3.6 a static one (<c>interp_head</c>, Python/pystate.c).</summary>
/// <remarks>In 3.6 the exported <c>PyInterpreterState_Head</c> does nothing but load it: <c>mov interp_head(%rip),%rax; ret</c>.</remarks>
public static class InterpreterListHead
{
    /// <summary>Its address in the image of an interpreter of any version.</summary>
    /// <exception cref="LayoutException">It is not where the version has it.</exception>
    public static ulong Find(ElfFile image, RuntimeLayout layout)
    {
        if (layout.RuntimeInterpreters is not { } interpreters)
        {
            return Find(image);
        }

        return DebugOffsets.TryFindRuntime(image, out var runtime)
            ? runtime + (ulong)interpreters
            : throw new LayoutException($"{image.Name} has no _PyRuntime symbol and no .PyRuntime section, from where its threads are found");
    }

    /// <summary>Its address in the image of a 3.6.</summary>
    /// <exception cref="LayoutException">The function is not there, or does something else.</exception>
    internal static ulong Find(ElfFile image)
    {
        const string function = "PyInterpreterState_Head";
        const int longestPrologue = 32;
        if (image.TryFindSymbol(function, out var symbol) && image.TryRead(symbol.Value, longestPrologue, out var code))
        {
            var decoder = Decoder.Create(64, code.ToArray(), symbol.Value);
            while (decoder.IP < symbol.Value + longestPrologue)
            {
                var instruction = decoder.Decode();
                if (instruction.Mnemonic == Mnemonic.Mov && instruction.Op0Register == Register.RAX && instruction.Op1Kind == OpKind.Memory
                    && (instruction.IsIPRelativeMemoryOperand || (instruction.MemoryBase == Register.None && instruction.MemoryIndex == Register.None)))
                {
                    return instruction.MemoryDisplacement64;
                }

                if (instruction.FlowControl != FlowControl.Next)
                {
                    break;
                }
            }
        }

        throw new LayoutException($"{image.Name} does not have the {function} of CPython 3.6, from which its threads are found");
    }
}
