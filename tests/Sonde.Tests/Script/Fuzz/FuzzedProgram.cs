using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Syntax;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>What became of a random program. Only two things may: it compiles, or it is refused with a reason.</summary>
/// <param name="Compiled">The programs; null if it was refused.</param>
/// <param name="Refusal">Why it was refused, and the warnings.</param>
sealed record FuzzedProgram(CompiledScript? Compiled, string Refusal)
{
    /// <summary>The parameters of the command line that programs are compiled with.</summary>
    public static ScriptArguments Arguments { get; } = new() { Positional = ["42", "text of a parameter"] };

    /// <summary>Compiles it from the text on.</summary>
    public static FuzzedProgram Compile(string program, ITarget target)
    {
        ScriptCompiler compiler = new(target);
        Sonde.Script.Syntax.Script script = compiler.Read(new SourceText("stdin", program), new() { Arguments = Arguments });
        ScriptConfig config = compiler.Configure(script, []);
        BoundScript? bound = compiler.Bind(script, new BindOptions { Config = config, Arguments = Arguments, AllowUnsafe = true, TellsFailures = program.Length % 3 == 0 });
        string messages = compiler.Diagnostics.Render();
        if (bound is null)
        {
            return compiler.Diagnostics.HasErrors ? new(null, messages) : throw new InvalidOperationException("refused without a reason");
        }

        try
        {
            return new(compiler.Compile(bound), messages);
        }
        catch (IrException exception) when (exception.Message.Length > 0)
        {
            return new(null, exception.Message);
        }
    }

    /// <summary>Tries programs one after the other; fails with the first few that break, or when one of them takes too long.</summary>
    /// <param name="count">How many; each has its number as seed.</param>
    /// <param name="make">The program of a seed.</param>
    /// <param name="check">Throws if something is wrong with it.</param>
    public static void Each(int count, Func<int, string> make, Action<string> check)
    {
        List<string> failures = [];
        (int Seed, string Program) current = default;
        Thread worker = new(() =>
        {
            for (int seed = 0; seed < count && failures.Count < 10; seed++)
            {
                string program = make(seed);
                current = (seed, program);
                try
                {
                    check(program);
                }
                catch (Exception exception)
                {
                    failures.Add($"seed {seed}: {exception}\n{program}");
                }
            }
        })
        { IsBackground = true };
        worker.Start();
        for (int before = -1; !worker.Join(TimeSpan.FromSeconds(60)); before = current.Seed)
        {
            Xunit.Assert.True(before != current.Seed, $"seed {current.Seed} is still being compiled:\n{current.Program}");
        }

        Xunit.Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }
}
