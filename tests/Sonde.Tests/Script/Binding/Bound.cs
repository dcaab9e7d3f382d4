using System.Text;
using Sonde.Script.Binding;
using Sonde.Script.Syntax;

namespace Sonde.Tests.Script.Binding;

/// <summary>Binds small programs on the fixture and writes down what came of them.</summary>
static class Bound
{
    public static BoundScript? Bind(string program, out DiagnosticBag diagnostics, BindOptions? options = null, string[]? parameters = null)
    {
        diagnostics = new();
        var arguments = new ScriptArguments { Positional = parameters ?? [] };
        var script = ScriptReader.Read(new SourceText("stdin", program), new() { Arguments = arguments }, diagnostics);
        return diagnostics.HasErrors ? null : Binder.Bind(script, new FixtureTarget(), options ?? new(), diagnostics);
    }

    /// <summary>Each program, then its messages, then its bound tree.</summary>
    public static string Describe(IEnumerable<string> programs, BindOptions? options = null, string[]? parameters = null)
    {
        var text = new StringBuilder();
        foreach (var program in programs)
        {
            var script = Bind(program, out var diagnostics, options, parameters);
            text.Append("# ").Append(program).Append('\n').Append(diagnostics.Render());
            text.Append(script is null ? "" : BoundPrinter.Print(script)).Append('\n');
        }

        return text.ToString();
    }
}
