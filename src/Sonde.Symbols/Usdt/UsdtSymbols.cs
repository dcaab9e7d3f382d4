using System.Text;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Usdt;

/// <summary>Finds the symbols that operands name, each once.</summary>
sealed class UsdtSymbols(ElfFile file, ElfFile? debug)
{
    readonly Dictionary<string, (ElfSymbol? Symbol, string Reason)> _found = [];

    readonly Dictionary<string, ulong?> _slots = [];

    // Real files name a few dozen symbols. One that names a million different ones must not take minutes.
    long _comparisons = 300_000_000;

    public ElfFile File => file;

    /// <summary>The one definition of a name. Two static variables of the same name cannot be told apart, so neither is taken.</summary>
    public bool TryFind(string name, out ElfSymbol symbol, out string reason)
    {
        if (!_found.TryGetValue(name, out var found))
        {
            _found.Add(name, found = Find(name));
        }

        symbol = found.Symbol.GetValueOrDefault();
        reason = found.Reason;
        return found.Symbol is not null;
    }

    /// <summary>The word that the dynamic linker fills with the symbol's address.</summary>
    public bool TryFindGlobalOffsetSlot(string name, out ulong slot)
    {
        if (!_slots.TryGetValue(name, out var found))
        {
            _comparisons -= file.Length / 64;
            _slots.Add(name, found = _comparisons > 0 && file.TryFindGlobalOffsetSlot(Encoding.UTF8.GetBytes(name), out var address) ? address : null);
        }

        slot = found.GetValueOrDefault();
        return found is not null;
    }

    (ElfSymbol? Symbol, string Reason) Find(string name)
    {
        ElfSymbol? found = null;
        var undefined = false;
        var bytes = Encoding.UTF8.GetBytes(name);
        foreach (var table in new[] { file.DynamicSymbols, file.Symbols, debug?.Symbols ?? [] })
        {
            _comparisons -= table.Count;
            if (_comparisons < 0)
            {
                return (null, $"symbol {name} was not looked up: the file's probes name too many");
            }

            for (var i = 0; i < table.Count; i++)
            {
                var candidate = table[i];
                if (candidate.Type is ElfSymbolType.Section or ElfSymbolType.File || !candidate.NameEquals(bytes))
                {
                    continue;
                }

                undefined |= !candidate.IsDefined;
                if (!candidate.IsDefined)
                {
                    continue;
                }

                if (found is { } other && other.Value != candidate.Value)
                {
                    return (null, $"symbol {name} is defined more than once");
                }

                found = candidate;
            }
        }

        return (found, undefined ? $"symbol {name} is defined in another file" : $"symbol {name} is not in the file's symbol tables");
    }
}
