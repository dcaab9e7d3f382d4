using Sonde.Linux;

namespace Sonde.Bpf.Btf;

/// <summary>Programs that pass a function to a helper must describe their functions (check_ld_imm, kernel/bpf/verifier.c); others need not.</summary>
static class FunctionBtf
{
    /// <summary>BTF with a static function for the main program and each subprogram, or null when it is not needed.</summary>
    internal static FileDescriptor? Load(ProgramSpec spec, out uint[] functions)
    {
        functions = [];
        if (!spec.Instructions.Any(i => i is { IsWide: true, Src: Pseudo.Function }))
        {
            return null;
        }

        Dictionary<Label, int> places = Assembler.Places(spec.Instructions, out _);
        SortedDictionary<int, string> starts = new() { [0] = "main" };
        foreach (Instruction instruction in spec.Instructions)
        {
            bool refersToFunction = instruction is { IsWide: true, Src: Pseudo.Function }
                or { Opcode: (byte)InstructionClass.Jump | JumpCode.Call, Src: Pseudo.Call };
            if (refersToFunction && instruction.Operand is Label label)
            {
                starts[places[label]] = label.Name;
            }
        }

        BtfBuilder btf = new();
        uint prototype = btf.AddPrototype(btf.AddInteger("int", 4));
        List<uint> records = [];
        foreach ((int slot, string name) in starts)
        {
            string identifier = string.Create(name.Length, name, static (characters, name) =>
            {
                for (int i = 0; i < name.Length; i++)
                {
                    characters[i] = char.IsAsciiLetterOrDigit(name[i]) ? name[i] : '_';
                }
            });
            records.Add((uint)slot);
            records.Add(btf.AddStaticFunction($"f{slot}_{identifier}", prototype));
        }

        functions = [.. records];
        return btf.Load();
    }
}
