using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Xunit;

namespace Sonde.Tests.Script.Ir;

public class RandomProgramTests
{
    static readonly TargetKernel _old = TargetKernel.Newest with { HasInstructionSetV4 = false, HasJump32 = false };

    public static IEnumerable<TheoryDataRow<int>> Hundreds => Enumerable.Range(0, 10).Select(i => new TheoryDataRow<int>(i));

    [Theory]
    [MemberData(nameof(Hundreds))]
    public void Instructions_compute_what_the_program_says(int hundred)
    {
        int left = 0;
        for (int seed = 100 * hundred; seed < 100 * (hundred + 1); seed++)
        {
            long[] context = [seed, -seed, 0x1234_5678_9abc_def0 * seed, long.MaxValue];
            long expected = IrInterpreter.Run(RandomProgram.Make(seed), context);
            foreach (TargetKernel kernel in new[] { TargetKernel.Newest, _old })
            {
                IReadOnlyList<Instruction> program;
                try
                {
                    program = IrCompiler.Compile(RandomProgram.Make(seed), kernel);
                }
                catch (IrException)
                {
                    left++;
                    continue;
                }

                Assert.True(expected == MachineInterpreter.Run(program, context), $"Seed {seed}");
            }
        }

        Assert.InRange(left, 0, 20);
    }
}
