using Sonde.Engine.Scripts.Machine;
using Sonde.Engine.Scripts.Session;
using Sonde.Kernel.Tests.Targets;
using Sonde.Script.Binding;
using Sonde.Tests.Script;
using Sonde.Tests.Script.Fuzz;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Fuzz;

/// <summary>Random programs that compile are taken by the kernel: that it refuses one is never the user's fault.</summary>
public sealed class LoadingFuzzTests
{
    [Fact]
    public void Everyday_programs_for_this_machine_are_taken()
    {
        Requires.Root();
        using MachineTarget target = new(new MachineOptions { AllowUnsafe = true });
        FuzzedProgram.Each(FuzzSize.Or(60), seed => new ScriptGenerator(seed).Program(), program => Load(program, target));
    }

    [Fact]
    public void Programs_for_this_machine_that_use_all_of_the_language_are_taken()
    {
        Requires.Root();
        using MachineTarget target = new(new MachineOptions { AllowUnsafe = true });
        FuzzedProgram.Each(FuzzSize.Or(100), seed => new ScriptGenerator(seed, usesAll: true).Program(GeneratedProbe.Machine), program => Load(program, target));
    }

    [Fact]
    public void Programs_for_older_kernels_are_taken()
    {
        Requires.Root();
        FixtureTarget[] targets = [.. OldKernels.All.Select(kernel => new FixtureTarget { Kernel = kernel })];
        int next = 0;
        FuzzedProgram.Each(FuzzSize.Or(100), seed => new ScriptGenerator(seed, usesAll: true).Program(GeneratedProbe.Fixture), program => Load(program, targets[next++ % targets.Length]));
    }

    [Fact]
    public void Programs_with_words_exchanged_are_refused_here_or_taken()
    {
        Requires.Root();
        FixtureTarget target = new();
        FuzzedProgram.Each(
            FuzzSize.Or(1000),
            seed =>
            {
                TokenMutator mutator = new(seed);
                return mutator.Exchange(mutator.Known(), mutator.Known());
            },
            program => Load(program, target));
    }

    static void Load(string program, ITarget target)
    {
        if (FuzzedProgram.Compile(program, target).Compiled is { } compiled)
        {
            using LoadedScript script = new(compiled);
            try
            {
                script.LoadPrograms();
            }
            catch (ScriptLoadException exception) when (!target.Kernel.HasLoop && IsTooMuch(exception.Message))
            {
                // Where loops are not called but walked, turn by turn, loops in each other can be more than the verifier follows.
            }
        }
    }

    static bool IsTooMuch(string message) => message.Contains("too complex", StringComparison.Ordinal) || message.Contains("too large. Processed", StringComparison.Ordinal);
}
