using Sonde.Script.Binding;
using Sonde.Script.Syntax;

namespace Sonde.Tests.Script.Lowering;

/// <summary>Binds a program's text on the fixture.</summary>
static class Texts
{
    public static BoundScript Bind(string program, bool allowUnsafe = false, ScriptConfig? config = null)
    {
        DiagnosticBag diagnostics = new();
        Sonde.Script.Syntax.Script script = ScriptReader.Read(new SourceText("stdin", program), new() { Arguments = ScriptArguments.None }, diagnostics);
        BoundScript? bound = diagnostics.HasErrors ? null : Binder.Bind(script, new FixtureTarget(), new() { AllowUnsafe = allowUnsafe, Config = config ?? new() }, diagnostics);
        return bound ?? throw new InvalidOperationException($"{program}\n{diagnostics.Render()}");
    }
}
