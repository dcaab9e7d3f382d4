using System.Buffers.Binary;

namespace Sonde.Symbols.Elf;

/// <summary>Where a file's separate debug file would be, and whether a file found there is the right one.</summary>
/// <remarks>The conventions of GDB ("Debugging Information in Separate Files"), which every distribution follows.</remarks>
public static class DebugFiles
{
    static readonly uint[][] _crcTables = MakeCrcTables();

    /// <summary>The usual directory of separate debug files.</summary>
    public static IReadOnlyList<string> DefaultDirectories { get; } = ["/usr/lib/debug"];

    /// <summary>
    /// Where <c>debuginfod</c>'s client keeps what it has fetched: <c>DEBUGINFOD_CACHE_PATH</c>, else under <c>XDG_CACHE_HOME</c>, else under <c>~/.cache</c>. Only what is there already is
    /// used; nothing is asked for over the network.
    /// </summary>
    public static string? DebuginfodCache =>
        Environment.GetEnvironmentVariable("DEBUGINFOD_CACHE_PATH") is { Length: > 0 } path ? path
        : Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } caches ? caches + "/debuginfod_client"
        : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home + "/.cache/debuginfod_client"
        : null;

    /// <summary>The paths to try, in order: by build-id first, then by the name in <c>.gnu_debuglink</c>, then what debuginfod has fetched.</summary>
    /// <param name="file">The file that was stripped.</param>
    /// <param name="path">The absolute path it was loaded from.</param>
    /// <param name="directories">Directories of debug files; null for <see cref="DefaultDirectories"/>, and what debuginfod has fetched.</param>
    /// <exception cref="ElfException">The debug link lies outside the file.</exception>
    public static IReadOnlyList<string> Candidates(ElfFile file, string path, IReadOnlyList<string>? directories = null)
    {
        var fetched = directories is null ? DebuginfodCache : null;
        directories ??= DefaultDirectories;
        var paths = new List<string>();
        if (file.BuildId is { Length: > 2 } id)
        {
            foreach (var directory in directories)
            {
                paths.Add($"{directory}/.build-id/{id[..2]}/{id[2..]}.debug");
            }
        }

        // The name comes from the file: one that leaves its directory is not followed.
        if (file.DebugLink is { } link && link.FileName.AsSpan().IndexOfAny('/', '\0') < 0 && link.FileName is not ("." or ".."))
        {
            var home = path[..Math.Max(path.LastIndexOf('/'), 0)];
            paths.Add($"{home}/{link.FileName}");
            paths.Add($"{home}/.debug/{link.FileName}");
            foreach (var directory in directories)
            {
                paths.Add($"{directory}{home}/{link.FileName}");
            }
        }

        if (fetched is not null && file.BuildId is { Length: > 2 } build)
        {
            paths.Add($"{fetched}/{build}/debuginfo");
        }

        paths.RemoveAll(candidate => candidate == path);
        return paths;
    }

    /// <summary>Whether <paramref name="candidate"/> was split off from <paramref name="file"/>: same build-id or, without one, the checksum of the debug link.</summary>
    /// <exception cref="ElfException">A note or the debug link lies outside its file.</exception>
    public static bool Matches(ElfFile file, ElfFile candidate) =>
        file.BuildId is { } id && candidate.BuildId is { } other
            ? id == other
            : file.DebugLink is { } link && link.Crc == Crc32(candidate.Bytes);

    /// <summary>The CRC-32 that <c>.gnu_debuglink</c> holds (IEEE 802.3: reflected polynomial 0xedb88320).</summary>
    public static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        var tables = _crcTables;
        var crc = uint.MaxValue;

        // Eight bytes a step, each through the table of its distance from the end.
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24]
                ^ tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^ tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
        }

        foreach (var value in bytes)
        {
            crc = tables[0][(crc ^ value) & 0xff] ^ crc >> 8;
        }

        return ~crc;
    }

    static uint[][] MakeCrcTables()
    {
        var tables = new uint[8][];
        for (var t = 0; t < tables.Length; t++)
        {
            tables[t] = new uint[256];
            for (uint i = 0; i < 256; i++)
            {
                var crc = t == 0 ? i : tables[t - 1][i];
                for (var bit = 0; bit < 8; bit++)
                {
                    crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
                }

                tables[t][i] = crc;
            }
        }

        return tables;
    }
}
