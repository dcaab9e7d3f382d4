using System.Globalization;
using System.Text;
using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Lowering;
using Xunit;

namespace Sonde.Tests.Script.Lowering;

public class LoweringGoldenTests
{
    public static TheoryData<string> Groups => [.. Programs.Groups.Select(group => group.Name)];

    [Theory]
    [MemberData(nameof(Groups))]
    public void Programs_become_these_instructions(string group)
    {
        StringBuilder text = new();
        foreach (string program in Programs.Groups.Single(other => other.Name == group).Texts)
        {
            text.Append("# ").Append(program).Append('\n');
            ScriptLowering lowering = Lowerer.Write(Texts.Bind(program), TargetKernel.Newest);
            foreach (LoweredProgram lowered in lowering.Programs)
            {
                IReadOnlyList<Instruction> instructions = lowered.Compile(TargetKernel.Newest).Instructions;
                text.Append(CultureInfo.InvariantCulture, $"{lowered.Ir.Name}: {lowered.Type}{(lowered.Sleepable ? ", may sleep" : "")}, {instructions.Sum(instruction => instruction.Slots)} slots\n");
                // Long ones are told by their size: nobody reads them.
                if (instructions.Count < 60)
                {
                    using StringWriter writer = new(text);
                    Disassembler.Print(instructions, writer);
                }
            }
        }

        Golden.Check($"lowering-{group}.txt", text.ToString());
    }
}
