using Sonde.Script.Syntax;
using Sonde.Tests.Script.Syntax;
using Xunit;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>Random programs, right and wrong: whatever the text, reading ends, nothing is thrown, and every message has its place.</summary>
public sealed class SyntaxFuzzTests
{
    const string Marks = "{}()[];:,/*#\"'$@ab1.\n=+-<>&|!?\\ ";

    static readonly MemoryFiles _files = new()
    {
        ["a.h"] = "#ifndef A\n#define A 3\nstruct from_a { int x[A]; enum { Q = A } e; };\n#endif\n#include \"b.h\"\n",
        ["b.h"] = "#include \"a.h\"\ntypedef struct from_a *pointer; int f(int x) { return x; } struct broken { ???",
        ["a.bt"] = "import \"loop.bt\"; macro from_a(x) { x + 1 } begin { print(from_a(2)); }",
        ["loop.bt"] = "import \"a.bt\"; import \"a.h\"; end { }",
    };

    static readonly ParseOptions _options = new()
    {
        Files = _files,
        Arguments = new ScriptArguments { Positional = ["malloc", "12"], Named = new Dictionary<string, string?> { ["a"] = "5" } },
    };

    [Fact]
    public void Generated_programs_are_read_without_a_message()
    {
        int count = FuzzSize.Or(1500);
        for (int seed = 0; seed < count; seed++)
        {
            string program = new ScriptGenerator(seed).Program();
            (Sonde.Script.Syntax.Script script, DiagnosticBag diagnostics) = Reading.Read(program);
            Assert.True(diagnostics.Messages.Count == 0, $"seed {seed}:\n{program}\n{diagnostics.Render()}");
            Assert.NotEmpty(script.Probes);
            Assert.NotEmpty(TreePrinter.Print(script));
        }
    }

    [Fact]
    public void A_seed_gives_the_same_program() =>
        Assert.Equal(new ScriptGenerator(42).Program(), new ScriptGenerator(42).Program());

    [Fact]
    public void Spoilt_programs_are_read_to_their_end()
    {
        int count = FuzzSize.Or(4000);
        for (int seed = 0; seed < count; seed++)
        {
            string program = new ScriptGenerator(seed % 500).Program();
            string other = new ScriptGenerator((seed * 7) % 500).Program();
            Check(seed, new ScriptMutator(seed).Spoil(program, other));
        }
    }

    [Fact]
    public void Any_characters_are_read_to_their_end()
    {
        int count = FuzzSize.Or(2000);
        Random random = new(1);
        for (int seed = 0; seed < count; seed++)
        {
            char[] text = new char[random.Next(200)];
            for (int i = 0; i < text.Length; i++)
            {
                text[i] = seed % 2 == 0 ? (char)random.Next(32, 127) : Marks[random.Next(Marks.Length)];
            }

            Check(seed, new string(text));
            Check(seed, $"begin {{ {new string(text)} }}");
        }
    }

    static void Check(int seed, string program)
    {
        try
        {
            (Sonde.Script.Syntax.Script script, DiagnosticBag diagnostics) = Reading.Read(program, _options);
            _ = TreePrinter.Print(script);
            _ = diagnostics.Render();
            _ = ConfigReader.Read(script.Config, [], diagnostics);
            foreach (Diagnostic message in diagnostics.Messages)
            {
                SourceSpan span = message.Span;
                Assert.NotEmpty(message.Message);
                Assert.True(span.Source is null || (span.Start >= 0 && span.Start <= span.End && span.End <= span.Source.Text.Length), $"{span.Start}-{span.End}: {message.Message}");
            }
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"seed {seed}: {e}\n{program}");
        }
    }
}
