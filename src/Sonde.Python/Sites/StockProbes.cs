using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Python.Sites;

/// <summary>
/// Finds the instructions of a CPython interpreter, as it is, where a uprobe sees every frame that is entered and left. No probes
/// need to be compiled in: the eval loop's own bookkeeping marks the places.
/// </summary>
public static class StockProbes
{
    const string EvalFunction = "_PyEval_EvalFrameDefault";

    /// <summary>Analyses an interpreter image.</summary>
    /// <param name="image">The executable or shared library that holds the eval function.</param>
    /// <param name="version">Its version.</param>
    /// <returns>The sites, or why there are none. Sites are returned only when all of them are certain.</returns>
    public static SiteAnalysis Find(ElfFile image, PythonVersion version)
    {
        ArgumentNullException.ThrowIfNull(image);
        try
        {
            var constants = EvalLoopConstants.Of(version.Minor) ?? throw new SiteException(
                $"CPython {version} is not known: only 3.{PythonVersion.OldestMinor} to 3.{PythonVersion.NewestMinor} are");
            return new(SiteRules.Check(Sites(image, constants), constants), null);
        }
        catch (Exception problem) when (problem is SiteException or ElfException)
        {
            return new([], problem.Message);
        }
    }

    static List<ProbeSite> Sites(ElfFile image, EvalLoopConstants constants)
    {
        if (image.Machine != ElfMachine.X8664)
        {
            throw new SiteException($"expected code for x86-64 and found code for {image.Machine}");
        }

        if (!image.TryFindSymbol(EvalFunction, out var symbol))
        {
            throw new SiteException($"expected the symbol {EvalFunction} and found none");
        }

        var functions = EhFrame.Read(image);
        var code = InterpreterCode.Find(image, functions, symbol.Value);
        var pointers = CodePointers.Find(image, code.Parts);
        var graph = ControlFlow.Build(image, code, pointers, new(image, functions));
        var flow = DataFlow.Run(graph, constants);
        var factory = new SiteFactory(image, flow);
        var attachPoints = new AttachPoints(flow, factory);
        var entries = new EntrySites(flow, factory, attachPoints);
        var exits = new ExitSites(flow, constants, attachPoints);
        if (constants.Link == FrameLink.ThreadFrame)
        {
            return [.. entries.AfterFrameEntered(), .. exits.AfterFrameLeft()];
        }

        var table = OpcodeTable.Find(pointers) ?? throw new SiteException("expected a table of opcode handlers and found none");
        var raises = exits.CounterRaises();
        var reasons = new ExitReasonFinder(flow, constants, table, raises);
        return
        [
            .. entries.AtResume(table, constants.Resume),
            .. entries.AtThrow(),
            .. raises.SelectMany(store => exits.AroundRaise(store).Select(site => site with { Reasons = reasons.Of(store) })),
        ];
    }
}
