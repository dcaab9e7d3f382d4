using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Sonde.Linux;

/// <summary>One mapping of a process: a line of <c>/proc/PID/maps</c> (fs/proc/task_mmu.c).</summary>
/// <param name="Start">The first address.</param>
/// <param name="End">The first address after it.</param>
/// <param name="Protection">What it allows.</param>
/// <param name="IsShared">Whether writes reach the file and other processes.</param>
/// <param name="Offset">Offset in the file of the first byte.</param>
/// <param name="Device">The file's device as major × 2²⁰ + minor, as the kernel counts.</param>
/// <param name="Inode">The file's inode; 0 when no file is mapped.</param>
/// <param name="Path">What the kernel calls the file, without " (deleted)"; "[heap]" and the like; empty for anonymous memory.</param>
/// <param name="IsDeleted">Whether the file has no name any more: removed, replaced, or never had one.</param>
public readonly record struct ProcMapping(
    ulong Start, ulong End, MapProtection Protection, bool IsShared, ulong Offset, uint Device, ulong Inode, string Path, bool IsDeleted)
{
    const string DeletedMark = " (deleted)";

    /// <summary>Whether code can run in it.</summary>
    public bool IsExecutable => (Protection & MapProtection.Execute) != 0;

    /// <summary>Whether the file lives in memory only (<c>memfd_create(2)</c>).</summary>
    public bool IsMemfd => Path.StartsWith("/memfd:", StringComparison.Ordinal);

    /// <summary>Whether a file is mapped.</summary>
    public bool IsFile => Inode != 0;

    /// <summary>The name under <c>/proc/PID/map_files</c>, which opens the very file that is mapped even when its path is gone.</summary>
    public string MapFilesName => string.Create(CultureInfo.InvariantCulture, $"{Start:x}-{End:x}");

    /// <summary>Whether <paramref name="address"/> lies in it.</summary>
    public bool Contains(ulong address) => address >= Start && address < End;

    /// <summary>Reads the text of a maps file; lines that do not look as they should are left out.</summary>
    public static List<ProcMapping> Parse(ReadOnlySpan<byte> text)
    {
        List<ProcMapping> mappings = [];
        // The same few files come up again and again, mostly on consecutive lines.
        string lastPath = "";
        byte[] lastBytes = [];
        foreach (Range range in text.Split((byte)'\n'))
        {
            if (!TryParseLine(text[range], out ProcMapping mapping, out ReadOnlySpan<byte> path))
            {
                continue;
            }

            if (!path.SequenceEqual(lastBytes))
            {
                lastBytes = path.ToArray();
                lastPath = Unescape(Encoding.UTF8.GetString(path));
            }

            bool deleted = mapping.Inode != 0 && lastPath.EndsWith(DeletedMark, StringComparison.Ordinal);
            mappings.Add(mapping with { Path = deleted ? lastPath[..^DeletedMark.Length] : lastPath, IsDeleted = deleted });
        }

        return mappings;
    }

    // 7f5c0000-7f5c1000 r-xp 00001000 fe:01 12345                      /usr/lib/libc.so.6
    static bool TryParseLine(ReadOnlySpan<byte> line, out ProcMapping mapping, out ReadOnlySpan<byte> path)
    {
        mapping = default;
        path = default;
        if (!TryTakeHex(ref line, (byte)'-', out ulong start) || !TryTakeHex(ref line, (byte)' ', out ulong end) || line.Length < 5 || line[4] != ' ')
        {
            return false;
        }

        ReadOnlySpan<byte> flags = line[..4];
        line = line[5..];
        if (!TryTakeHex(ref line, (byte)' ', out ulong offset)
            || !TryTakeHex(ref line, (byte)':', out ulong major)
            || !TryTakeHex(ref line, (byte)' ', out ulong minor)
            || !Utf8Parser.TryParse(line, out ulong inode, out int used))
        {
            return false;
        }

        path = line[used..].TrimStart((byte)' ');
        MapProtection protection = (flags[0] == 'r' ? MapProtection.Read : 0)
            | (flags[1] == 'w' ? MapProtection.Write : 0)
            | (flags[2] == 'x' ? MapProtection.Execute : 0);
        mapping = new ProcMapping(start, end, protection, flags[3] == 's', offset, (uint)(major << 20 | minor & 0xfffff), inode, "", false);
        return true;
    }

    static bool TryTakeHex(ref ReadOnlySpan<byte> text, byte terminator, out ulong value)
    {
        if (!Utf8Parser.TryParse(text, out value, out int used, 'x') || used >= text.Length || text[used] != terminator)
        {
            return false;
        }

        text = text[(used + 1)..];
        return true;
    }

    // The kernel writes a newline in a name as \012 and leaves every other character alone.
    static string Unescape(string path) => path.Replace("\\012", "\n", StringComparison.Ordinal);
}
