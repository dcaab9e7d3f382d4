using Iced.Intel;
using Sonde.Python.Layouts;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Stacks;

/// <summary>Finds the variable that begins the list of interpreters in 3.6, a static one (<c>interp_head</c>, Python/pystate.c).</summary>
/// <remarks>The exported <c>PyInterpreterState_Head</c> does nothing but load it: <c>mov interp_head(%rip),%rax; ret</c>.</remarks>
static class InterpreterListHead
{
    /// <summary>Its address in the image.</summary>
    /// <exception cref="LayoutException">The function is not there, or does something else.</exception>
    public static ulong Find(ElfFile image)
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
