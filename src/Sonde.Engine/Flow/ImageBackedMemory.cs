using Sonde.Symbols;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Flow;

/// <summary>The memory of a process, and once it has ended what of it is as in the interpreter's file: constants, such as the names of the interpreter's own types.</summary>
/// <remarks>
/// A process that was forked does not have the pages of files mapped that it has not touched, and the kernel's programs may not wait for them: what they could not copy there is read later,
/// when the process may be gone.
/// </remarks>
/// <param name="live">The process's memory.</param>
/// <param name="elf">The interpreter's file.</param>
/// <param name="bias">Where the process has it, relative to the file's own addresses; null when that is not known yet.</param>
sealed class ImageBackedMemory(IMemory live, ElfFile elf, ulong? bias) : IMemory
{
    ulong? _bias = bias;

    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (live.TryRead(address, destination))
        {
            return true;
        }

        if (_bias is not { } at || !elf.TryGetLoadSegment(unchecked(address - at), out var segment) || segment.Flags.HasFlag(ElfSegmentAccess.Write)
            || !elf.TryRead(unchecked(address - at), destination.Length, out var bytes))
        {
            return false;
        }

        bytes.CopyTo(destination);
        return true;
    }

    /// <summary>Takes where the process has <c>PyCode_Type</c>, which tells where it has all the rest.</summary>
    public void Place(ulong codeType)
    {
        if (_bias is null && elf.TryFindSymbol("PyCode_Type", out var type))
        {
            _bias = unchecked(codeType - type.Value);
        }
    }
}
