using Xunit;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>Random programs through the whole compiler: each compiles or is refused with a reason, on kernels new and old, and none takes long.</summary>
public sealed class CompilerFuzzTests
{
    static readonly FixtureTarget[] _targets = [.. OldKernels.All.Select(kernel => new FixtureTarget { Kernel = kernel })];

    static readonly FixtureTarget _newest = new();

    [Fact]
    public void Everyday_programs_compile() => FuzzedProgram.Each(
        FuzzSize.Or(1000),
        seed => new ScriptGenerator(seed).Program(GeneratedProbe.Fixture),
        program =>
        {
            FuzzedProgram result = FuzzedProgram.Compile(program, _newest);
            Assert.True(result.Compiled is not null, result.Refusal);
        });

    [Fact]
    public void Programs_that_use_all_of_the_language_compile_or_are_refused() => FuzzedProgram.Each(
        FuzzSize.Or(1000),
        seed => new ScriptGenerator(seed, usesAll: true).Program(GeneratedProbe.Fixture),
        program => FuzzedProgram.Compile(program, _newest));

    [Fact]
    public void Old_kernels_get_programs_or_a_reason()
    {
        int next = 0;
        FuzzedProgram.Each(
            FuzzSize.Or(1000),
            seed => new ScriptGenerator(seed, usesAll: true).Program(GeneratedProbe.Fixture),
            program => FuzzedProgram.Compile(program, _targets[next++ % _targets.Length]));
    }

    [Fact]
    public void Programs_with_words_exchanged_are_judged() => FuzzedProgram.Each(
        FuzzSize.Or(4000),
        seed =>
        {
            TokenMutator mutator = new(seed);
            string generated = new ScriptGenerator(seed % 1000, usesAll: true).Program(GeneratedProbe.Fixture);
            return seed % 4 == 0 ? mutator.Exchange(generated, mutator.Known()) : mutator.Exchange(mutator.Known(), seed % 4 == 1 ? generated : mutator.Known());
        },
        program => FuzzedProgram.Compile(program, _newest));

    [Fact]
    public void Spoilt_programs_are_judged() => FuzzedProgram.Each(
        FuzzSize.Or(1000),
        seed => new ScriptMutator(seed).Spoil(new TokenMutator(seed).Known(), new TokenMutator(seed + 1).Known()),
        program => FuzzedProgram.Compile(program, _newest));
}
