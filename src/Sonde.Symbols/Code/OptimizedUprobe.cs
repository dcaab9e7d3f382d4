using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Symbols.Code;

/// <summary>Whether the call that Linux 6.18 puts in place of a five-byte nop would damage the program that runs it.</summary>
/// <remarks>
/// The call pushes a return address, and the page it leads to pushes three registers: 32 bytes below the stack pointer. The x86-64 ABI lets a
/// function that calls nothing keep its variables there (the red zone), so the call is harmless only where nothing can be there yet:
/// before a function's first own instruction.
/// </remarks>
public static class OptimizedUprobe
{
    const int NopLength = 5;
    const int PageSize = 4096;

    static ReadOnlySpan<byte> EndBranch => [0xf3, 0x0f, 0x1e, 0xfa];

    /// <summary>Whether the kernel would replace the instruction at all: a nop of exactly five bytes that does not cross a page.</summary>
    public static bool Applies(ElfFile file, ulong address, Version? kernel = null) =>
        file.Machine == ElfMachine.X8664 && file.TryRead(address, NopLength, out var code)
        && UprobeCost.Classify(code, kernel).Execution == UprobeExecution.Optimized
        && address % PageSize + NopLength <= PageSize;

    /// <summary>Why a uprobe at an address must not be set; null when this is not one of those places, or is proven harmless.</summary>
    /// <param name="file">The file.</param>
    /// <param name="address">Address of the instruction in the file's own address space.</param>
    /// <param name="functions">The file's unwind table, in order (<see cref="EhFrame.Read"/>).</param>
    /// <param name="kernel">The kernel's version; null stands for 6.18 or later.</param>
    public static string? Hazard(ElfFile file, ulong address, IReadOnlyList<FrameDescription> functions, Version? kernel = null)
    {
        if (!Applies(file, address, kernel) || IsFunctionStart(file, address, functions))
        {
            return null;
        }

        return "the kernel turns this five-byte nop into a call, which overwrites 32 bytes below the stack pointer; "
            + "it is not known to be a function's first instruction, so the function's variables may be there (red zone)";
    }

    /// <summary>
    /// A split-off part of a function (<c>.cold</c>) starts a range of its own too, and a leaf function's variables may be in use there;
    /// so only a symbol proves a start.
    /// </summary>
    static bool IsFunctionStart(ElfFile file, ulong address, IReadOnlyList<FrameDescription> functions)
    {
        if (!EhFrame.TryFind(functions, address, out var function) || function.BeginsWithFrame)
        {
            return false;
        }

        var atStart = address == function.Start
            || (address == function.Start + (ulong)EndBranch.Length
                && file.TryRead(function.Start, EndBranch.Length, out var first) && first.SequenceEqual(EndBranch));
        return atStart && (HasFunctionAt(file.DynamicSymbols, function.Start) || HasFunctionAt(file.Symbols, function.Start));
    }

    static bool HasFunctionAt(IReadOnlyList<ElfSymbol> symbols, ulong address)
    {
        for (var i = 0; i < symbols.Count; i++)
        {
            var symbol = symbols[i];
            if (symbol.Value == address && symbol.IsFunction && symbol.NameBytes.IndexOf(".cold"u8) < 0 && symbol.NameBytes.IndexOf(".part."u8) < 0)
            {
                return true;
            }
        }

        return false;
    }
}
