using Sonde.Linux;
using Sonde.Symbols.Tables;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>The kernel's symbols by name, read at the first question.</summary>
sealed class KernelAddresses
{
    readonly Lazy<KernelSymbols> _symbols = new(() => KernelSymbols.Parse(ProcFs.TryRead("/proc/kallsyms", out var text) ? text : []));

    /// <summary>The symbols.</summary>
    public KernelSymbols Symbols => _symbols.Value;

    /// <summary>A symbol's address; null when there is none of the name, or the kernel hides it.</summary>
    public ulong? Find(string name) => Symbols.TryFind(name, out var symbol) && symbol.Address != 0 ? symbol.Address : null;
}
