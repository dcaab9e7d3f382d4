using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Lowering;
using Sonde.Script.Syntax;

namespace Sonde.Script;

/// <summary>From the text of a script to programs, step by step. Nothing is loaded and nothing but the given files is read: the same input gives the same result.</summary>
/// <param name="target">The machine it is compiled for.</param>
sealed class ScriptCompiler(ITarget target)
{
    /// <summary>What is wrong with the script.</summary>
    public DiagnosticBag Diagnostics { get; } = new();

    /// <summary>Reads the text: imports are merged, macros expanded. What is wrong is in <see cref="Diagnostics"/>.</summary>
    public Syntax.Script Read(SourceText source, ParseOptions options) => ScriptReader.Read(source, options, Diagnostics);

    /// <summary>The settings of a script.</summary>
    /// <param name="environment">Variables that begin with BPFTRACE_ win over the script's own.</param>
    public ScriptConfig Configure(Syntax.Script script, IEnumerable<KeyValuePair<string, string>> environment) =>
        ConfigReader.Read(script.Config, environment, Diagnostics);

    /// <summary>Settles names, types and probes; null after errors.</summary>
    public BoundScript? Bind(Syntax.Script script, BindOptions options) => Diagnostics.HasErrors ? null : Binder.Bind(script, target, options, Diagnostics);

    /// <summary>Makes the programs.</summary>
    /// <exception cref="IrException">The kernel cannot do what the script wants.</exception>
    public CompiledScript Compile(BoundScript script) => Lowerer.Lower(script, target.Kernel);
}
