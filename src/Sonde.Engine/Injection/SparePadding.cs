using System.Text;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Injection;

/// <summary>Finds memory in a process that nobody uses: what is left of the last page of a program's or library's variables.</summary>
/// <remarks>
/// Memory is mapped by pages, and what lies between the end of a file's last writable segment and the end of its page belongs to nothing: no symbol, no allocator. (The dynamic
/// linker allocates from the end of its own, and only there; that of musl gives all of it to its allocator, so there none is used.) It is used only where it is all zeros, and set back
/// to zeros afterwards.
/// <para>It is used in cells of <see cref="CellBytes"/>, and in each that is used is a byte that is not zero, so that several sessions never share one.</para>
/// </remarks>
static class SparePadding
{
    const ulong PageBytes = 4096;
    const int CellBytes = 16;

    /// <summary>A text as it is put there: zero-terminated, and the last cell filled up with something else. The terminator alone at a cell's beginning would leave the cell free to others.</summary>
    /// <param name="text">A text in ASCII; not empty.</param>
    public static byte[] InWholeCells(string text)
    {
        const byte filler = 0xff;
        var cells = new byte[(text.Length + 1 + CellBytes - 1) / CellBytes * CellBytes];
        cells.AsSpan(Encoding.ASCII.GetBytes(text, cells) + 1).Fill(filler);
        return cells;
    }

    /// <summary>Finds so many unused bytes, which are whole cells; 0 when there are none.</summary>
    public static ulong Find(int pid, PythonTarget target, IMemory memory, int bytes)
    {
        if (!ProcFs.TryReadMaps(pid, out var mappings) || !mappings.Any(static mapping => IsGnuLibc(Path.GetFileName(mapping.Path))))
        {
            return 0;
        }

        if (In(target.Image.Elf, target.Bias, mappings, memory, bytes) is not 0 and var found)
        {
            return found;
        }

        foreach (var mapping in mappings.Where(static mapping => mapping.IsExecutable && mapping.IsFile && !Path.GetFileName(mapping.Path).StartsWith("ld-", StringComparison.Ordinal)))
        {
            try
            {
                using var image = MappedImage.Open(pid, mapping);
                if (image.TryGetLoadBias(mapping, out var bias) && In(image.Elf, bias, mappings, memory, bytes) is not 0 and var there)
                {
                    return there;
                }
            }
            catch (Exception exception) when (exception is ElfException or LinuxException)
            {
                // The next one will do.
            }
        }

        return 0;
    }

    /// <summary>Whether nothing lies in so many bytes; asked again while the process is held.</summary>
    public static bool IsFree(IMemory memory, ulong address, int bytes)
    {
        var content = new byte[bytes];
        return memory.TryRead(address, content) && !content.AsSpan().ContainsAnyExcept((byte)0);
    }

    static bool IsGnuLibc(string name) => name == "libc.so.6" || (name.StartsWith("libc-2.", StringComparison.Ordinal) && name.EndsWith(".so", StringComparison.Ordinal));

    static ulong In(ElfFile image, ulong bias, List<ProcMapping> mappings, IMemory memory, int bytes)
    {
        foreach (var segment in image.Segments.Where(static segment => segment.Type == ElfSegmentType.Load && (segment.Flags & ElfSegmentAccess.Write) != 0))
        {
            var end = unchecked(bias + segment.VirtualAddress + segment.MemorySize);
            // A cell of distance: nobody reads as far past the end of a variable.
            var start = (end + CellBytes + CellBytes - 1) & ~(CellBytes - 1UL);
            var room = ((end + PageBytes - 1) & ~(PageBytes - 1)) - start;
            if (room > PageBytes || room < (ulong)bytes || !mappings.Any(mapping => mapping.Contains(start)
                && (mapping.Protection & (MapProtection.Read | MapProtection.Write)) == (MapProtection.Read | MapProtection.Write) && !mapping.IsShared))
            {
                continue;
            }

            var content = new byte[room];
            if (!memory.TryRead(start, content))
            {
                continue;
            }

            for (var at = 0; at + bytes <= content.Length; at += CellBytes)
            {
                if (!content.AsSpan(at, bytes).ContainsAnyExcept((byte)0))
                {
                    return start + (ulong)at;
                }
            }
        }

        return 0;
    }
}
