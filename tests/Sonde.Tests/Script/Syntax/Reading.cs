using System.Text;
using Sonde.Script.Syntax;

namespace Sonde.Tests.Script.Syntax;

/// <summary>Reads programs of tests and writes what came of them.</summary>
static class Reading
{
    /// <summary>The tree as it was parsed, macros not expanded, and the messages.</summary>
    public static string Parsed(string program, ParseOptions? options = null)
    {
        DiagnosticBag diagnostics = new();
        Sonde.Script.Syntax.Script script = ScriptReader.Parse(new SourceText("stdin", program), options ?? new ParseOptions(), diagnostics, ".");
        return TreePrinter.Print(script) + diagnostics.Render();
    }

    /// <summary>The tree as it is bound, without the macros themselves, and the messages.</summary>
    public static string Expanded(string program, ParseOptions? options = null)
    {
        (Sonde.Script.Syntax.Script script, DiagnosticBag diagnostics) = Read(program, options);
        Sonde.Script.Syntax.Script withoutMacros = new(script.Span) { Definitions = script.Definitions, MapDeclarations = script.MapDeclarations, Probes = script.Probes };
        return TreePrinter.Print(withoutMacros) + diagnostics.Render();
    }

    /// <summary>The messages alone.</summary>
    public static string Messages(string program, ParseOptions? options = null) => Read(program, options).Diagnostics.Render();

    public static (Sonde.Script.Syntax.Script Script, DiagnosticBag Diagnostics) Read(string program, ParseOptions? options = null)
    {
        DiagnosticBag diagnostics = new();
        return (ScriptReader.Read(new SourceText("stdin", program), options ?? new ParseOptions(), diagnostics), diagnostics);
    }

    /// <summary>The one expression of <c>begin { $x = …; }</c>.</summary>
    public static string Expression(string expression)
    {
        (Sonde.Script.Syntax.Script script, DiagnosticBag diagnostics) = Read($"begin {{ $x = {expression}; }}");
        return diagnostics.HasErrors ? diagnostics.Render() : TreePrinter.Print(((Assign)script.Probes[0].Body.Statements[0]).Value);
    }

    /// <summary>Several programs with what came of each, for one golden.</summary>
    public static string All(IEnumerable<string> programs, Func<string, string> read)
    {
        StringBuilder text = new();
        foreach (string program in programs)
        {
            text.Append("== ").Append(program.ReplaceLineEndings("\n   ")).Append('\n').Append(read(program)).Append('\n');
        }

        return text.ToString();
    }
}
