using System.Collections.Concurrent;
using Sonde.Engine.Listing;
using Sonde.Linux;
using Sonde.Python.Sites;
using Sonde.Symbols.Demangle;
using Sonde.Symbols.Dwarf;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Tables;
using Sonde.Symbols.Unwind;

namespace Sonde.Engine.Targets;

/// <summary>A program or library that processes run: its functions, unwind table and lines, each read when first asked for.</summary>
/// <remarks>Any number of threads may use one. A file that is damaged in one part is still good for the others.</remarks>
public sealed class CodeFile
{
    readonly ConcurrentDictionary<ulong, string> _names = [];
    readonly Lazy<SeparateDebugFile?> _debug;
    readonly Lazy<SymbolTable?> _symbols;
    readonly Lazy<CallFrameTable?> _unwind;
    readonly Lazy<DwarfFile?> _lines;
    readonly Lazy<IReadOnlyList<EvaluationRange>> _evaluation;

    /// <summary>A file, none of which is read yet.</summary>
    /// <param name="elf">What is in it.</param>
    /// <param name="path">Its path, as processes see it.</param>
    /// <param name="pid">A process in whose root directory its separate debug file is looked for first; null for none.</param>
    /// <param name="debugDirectories">More directories of separate debug files.</param>
    public CodeFile(ElfFile elf, string path, int? pid, IReadOnlyList<string> debugDirectories)
    {
        (Elf, Path) = (elf, path);
        _debug = new(() => OpenDebug(pid, debugDirectories));
        _symbols = new(() => Read(() => SymbolTable.Read(Elf, _debug.Value?.Elf)));
        _unwind = new(() => Read(() => CallFrameTable.Read(Elf, _debug.Value?.Elf)));
        _lines = new(() => Read(() => DwarfFile.Open(Elf, _debug.Value?.Elf, SeparateDebugFile.SharedPartOf(Elf, Path, _debug.Value, pid))));
        _evaluation = new(() => EvaluationCode.Find(Elf));
    }

    /// <summary>The path, as processes see it.</summary>
    public string Path { get; }

    /// <summary>What is in it.</summary>
    public ElfFile Elf { get; }

    /// <summary>Its functions; null when its symbol tables are damaged.</summary>
    public SymbolTable? Symbols => _symbols.Value;

    /// <summary>How callers are found; null when the table is damaged. It may be empty.</summary>
    public CallFrameTable? Unwind => _unwind.Value;

    /// <summary>Its debug information; null when it has none.</summary>
    public DwarfFile? Lines => _lines.Value;

    /// <summary>Where it evaluates Python code: the parts of <c>_PyEval_EvalFrameDefault</c> in its own address space; empty when it is no interpreter.</summary>
    public IReadOnlyList<EvaluationRange> Evaluation => _evaluation.Value;

    /// <summary>The name of a function as it is shown.</summary>
    /// <param name="symbol">One of <see cref="Symbols"/>.</param>
    /// <param name="demangled">Whether names of C++ and Rust are shown as in the source.</param>
    public string NameOf(FunctionSymbol symbol, bool demangled) =>
        !demangled ? symbol.Name
        : _names.GetOrAdd(symbol.Address, static (_, name) => Demangler.TryDemangle(name, out var source) ? source : name, symbol.Name);

    /// <summary>The functions that run at an address with their lines, the innermost inlined one first; empty where there is no debug information, or it is damaged.</summary>
    /// <param name="address">In the file's own address space; for a return address, one less.</param>
    public IReadOnlyList<SourceFrame> FramesAt(ulong address)
    {
        try
        {
            return Lines?.FindFrames(address) ?? [];
        }
        catch (ElfException)
        {
            return [];
        }
    }

    /// <summary>The name of a function of the debug information as it is shown: with its scope where the linker's name tells it.</summary>
    public static string NameOf(in SourceFrame frame, bool demangled) =>
        demangled && frame.LinkageName is { } linkage && Demangler.TryDemangle(linkage, out var source) ? source : frame.Name;

    /// <summary>The address in the file's own address space of one in a process.</summary>
    /// <param name="mapping">A mapping of this file that has the address.</param>
    /// <param name="address">The address in the process.</param>
    /// <param name="own">The address in the file.</param>
    /// <returns>False when the file has nothing mapped there.</returns>
    public bool TryGetAddress(in ProcMapping mapping, ulong address, out ulong own) =>
        Elf.TryGetAddress(unchecked(address - mapping.Start + mapping.Offset), out own);

    SeparateDebugFile? OpenDebug(int? pid, IReadOnlyList<string> directories)
    {
        try
        {
            var found = SeparateDebugFile.For(Elf, Path, pid, directories);
            found?.Dispose();
            return found;
        }
        catch (ElfException)
        {
            return null;
        }
    }

    static T? Read<T>(Func<T?> read) where T : class
    {
        try
        {
            return read();
        }
        catch (ElfException)
        {
            return null;
        }
    }
}
