using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Sonde.Usdt.Generator;

/// <summary>Makes USDT probes of partial methods that have the attribute <c>[UsdtProbe]</c>.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class UsdtGenerator : IIncrementalGenerator
{
    const string ProbeAttribute = "Sonde.Usdt.UsdtProbeAttribute";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var read = context.SyntaxProvider.ForAttributeWithMetadataName(
            ProbeAttribute, static (node, _) => node is MethodDeclarationSyntax, static (probe, _) => ProbeReader.Read(probe));
        context.RegisterSourceOutput(read.SelectMany(static (result, _) => result.Problems), static (output, problem) => output.ReportDiagnostic(problem.Diagnostic));

        // All of a provider's probes are one piece of memory, so its source is one file.
        var probes = read.Where(static result => result.Probe is not null).Select(static (result, _) => result.Probe!).Collect();
        var byDefault = context.CompilationProvider.Select(static (compilation, _) => ProbeReader.OfAssembly(compilation.Assembly));
        context.RegisterSourceOutput(probes.Combine(byDefault), static (output, found) => Write(output, found.Left, found.Right));
    }

    static void Write(SourceProductionContext output, ImmutableArray<ProbeMethod> probes, Provider byDefault)
    {
        var number = 0;
        foreach (var provider in probes.GroupBy(probe => (probe.Provider ?? byDefault).Name, StringComparer.Ordinal).OrderBy(static group => group.Key, StringComparer.Ordinal))
        {
            if (!ProbeNames.IsForTools(provider.Key))
            {
                output.ReportDiagnostic(new Problem(Problems.BadName, provider.First().Place, new([provider.Key, "a provider", "a name: [assembly: UsdtProvider(\"…\")]"])).Diagnostic);
                continue;
            }

            var loadAtStart = provider.All(probe => (probe.Provider ?? byDefault).LoadAtStart);
            output.AddSource($"Usdt.Provider{number}.g.cs", new ProviderSource(new(provider.Key, loadAtStart), number, Distinct(output, provider)).Text);
            number++;
        }
    }

    /// <summary>The probes without those that cannot be beside the others.</summary>
    static List<ProbeMethod> Distinct(SourceProductionContext output, IGrouping<string, ProbeMethod> provider)
    {
        var (names, methods, kept) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal), new List<ProbeMethod>());
        foreach (var probe in provider)
        {
            if (!methods.Add($"{probe.Namespace} {string.Join(".", probe.Types)} {probe.Name}"))
            {
                output.ReportDiagnostic(new Problem(Problems.Overloaded, probe.Place, new([probe.Name, provider.Key])).Diagnostic);
            }
            else if (!names.Add(probe.Probe))
            {
                output.ReportDiagnostic(new Problem(Problems.Twice, probe.Place, new([provider.Key, probe.Probe])).Diagnostic);
            }
            else
            {
                kept.Add(probe);
            }
        }

        return kept;
    }
}
