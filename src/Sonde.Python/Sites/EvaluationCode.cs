using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Python.Sites;

/// <summary>A range of the machine code that evaluates Python code.</summary>
/// <param name="Start">Its first address, in the file's own address space.</param>
/// <param name="End">The address after it.</param>
/// <param name="IsHandler">Whether it is a function for one opcode, which the function that begins the evaluation calls.</param>
public readonly record struct EvaluationRange(ulong Start, ulong End, bool IsHandler);

/// <summary>Where an interpreter's machine code evaluates Python code.</summary>
public static class EvaluationCode
{
    /// <summary>
    /// The parts of <c>_PyEval_EvalFrameDefault</c>, those the compiler split off included, and where opcodes are handled by functions of their own
    /// (<c>--with-tail-call-interp</c>, 3.14 and later) those functions.
    /// </summary>
    /// <param name="image">The file: an interpreter or its libpython.</param>
    /// <returns>Ascending; empty when it has no such function or the function is not as it should be.</returns>
    public static IReadOnlyList<EvaluationRange> Find(ElfFile image)
    {
        try
        {
            if (!image.TryFindSymbol("_PyEval_EvalFrameDefault", out var symbol) || !symbol.IsFunction)
            {
                return [];
            }

            var code = InterpreterCode.Find(image, EhFrame.Read(image), symbol.Value);
            return [.. code.Parts.Select(part => new EvaluationRange(part.Start, part.End, code.HandlerFunctions.Count > 0 && !part.Contains(symbol.Value)))];
        }
        catch (Exception exception) when (exception is ElfException or SiteException)
        {
            return [];
        }
    }
}
