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
            return new(SiteRules.Check(Sites(image, version)), null);
        }
        catch (Exception problem) when (problem is SiteException or ElfException)
        {
            return new([], $"{image.Name}: no probe sites for CPython {version}: {problem.Message}");
        }
    }

    static List<ProbeSite> Sites(ElfFile image, PythonVersion version)
    {
        if (image.Machine != ElfMachine.X8664)
            throw new SiteException($"the machine is {image.Machine}, only x86-64 code can be analysed");
        var constants = EvalLoopConstants.Of(version.Minor)
            ?? throw new SiteException($"only 3.{PythonVersion.OldestMinor} to 3.{PythonVersion.NewestMinor} are known");
        if (!image.TryFindSymbol(EvalFunction, out var symbol))
            throw new SiteException($"it has no symbol {EvalFunction}");

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
            return [.. entries.AfterFrameEntered(), .. exits.AfterFrameLeft()];

        var table = OpcodeTable.Find(pointers) ?? throw new SiteException("it has no opcode table");
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
