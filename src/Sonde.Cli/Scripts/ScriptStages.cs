using Sonde.Bpf;
using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Lowering;

namespace Sonde.Cli.Scripts;

/// <summary>What <c>-d</c> shows of a script on its way to programs.</summary>
static class ScriptStages
{
    /// <summary>Writes the bound tree and the intermediate representation if they are asked for.</summary>
    public static void Write(IReadOnlyList<string> stages, BoundScript script, TargetKernel kernel)
    {
        if (stages.Contains("bound"))
        {
            Console.Out.Write(BoundPrinter.Print(script));
        }

        if (stages.Contains("ir"))
        {
            foreach (var program in Lowerer.WriteAsLowered(script, kernel))
            {
                IrPrinter.Print(program, Console.Out);
            }
        }
    }

    /// <summary>Writes the instructions if they are asked for.</summary>
    public static void Write(IReadOnlyList<string> stages, CompiledScript script)
    {
        if (!stages.Contains("bpf"))
        {
            return;
        }

        foreach (var program in script.Programs)
        {
            Console.Out.WriteLine($"{program.Name}: {program.Type}, {program.Instructions.Sum(instruction => instruction.Slots)} slots{(program.Sleepable ? ", sleepable" : "")}, {program.Probes.Count} places");
            Disassembler.Print(program.Instructions, Console.Out);
        }
    }
}
