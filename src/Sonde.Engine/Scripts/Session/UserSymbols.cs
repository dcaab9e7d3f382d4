using System.Globalization;
using Sonde.Engine.Scripts.Values;
using Sonde.Engine.Targets;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Names for addresses of processes, of those too that have ended.</summary>
/// <param name="files">The files that processes have mapped.</param>
/// <param name="mappings">What each has mapped.</param>
/// <param name="demangles">Whether names of C++ and Rust are shown as in the source.</param>
/// <param name="withLines">Whether source lines and inlined functions are looked up where there is debug information.</param>
sealed class UserSymbols(CodeFiles files, ProcessMappings mappings, bool demangles, bool withLines = false)
{
    /// <summary>The symbol at an address of a process.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="address">The address.</param>
    /// <param name="isCaller">Whether it is where a function returns to: then the line is that of the call before.</param>
    public SymbolName Find(int pid, ulong address, bool isCaller = false)
    {
        if (address == 0 || !mappings.TryFind(pid, address, out var mapping))
        {
            return default;
        }

        if (files.Find(pid, mapping) is not { } file)
        {
            return FindMade(pid, address) ?? new(null, 0, mapping.Path.Length > 0 ? mapping.Path : null);
        }

        if (!file.TryGetAddress(mapping, address, out var own))
        {
            return new(null, 0, mapping.Path);
        }

        var name = file.Symbols is { } symbols && symbols.TryFind(own, out var symbol, out var behind)
            ? new(file.NameOf(symbol, demangles), behind, mapping.Path)
            : new SymbolName(null, 0, mapping.Path);
        return withLines ? WithLines(name, file, isCaller ? own - 1 : own) : name;
    }

    /// <summary>The function of code that was made at run time; null when no file tells of it.</summary>
    SymbolName? FindMade(int pid, ulong address) =>
        mappings.Jit(pid) is { } jit && jit.TryFind(address, out var function, out var source)
            ? new SymbolName(function.Name, address - function.Address, source) { Place = withLines && function.File is { } file ? Place(file, function.Line) : null }
            : null;

    SymbolName WithLines(SymbolName name, CodeFile file, ulong own)
    {
        var frames = file.FramesAt(own);
        if (frames.Count == 0)
        {
            return name;
        }

        // The last one has the code; those before are copies within it, the innermost first.
        var inlined = new List<SymbolName>();
        for (var i = 0; i < frames.Count - 1; i++)
        {
            inlined.Add(new SymbolName(CodeFile.NameOf(frames[i], demangles), 0, name.Module) { Place = Place(frames[i].Line) });
        }

        return name with { Name = name.Name ?? CodeFile.NameOf(frames[^1], demangles), Place = Place(frames[^1].Line), Inlined = inlined };
    }

    static string? Place(Symbols.Dwarf.SourceLine? line) => line is { } known ? Place(known.File, known.Line) : null;

    static string Place(string file, int line) => string.Create(CultureInfo.InvariantCulture, $"{file}:{line}");
}
