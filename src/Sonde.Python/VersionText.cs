using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sonde.Symbols.Elf;

namespace Sonde.Python;

/// <summary>Finds out the version of a CPython image.</summary>
static class VersionText
{
    const byte MajorVersion = 3;
    static readonly SearchValues<byte> _releaseLevel = SearchValues.Create("abcr0123456789+"u8);

    /// <summary>The version, from the most to the least reliable of the places that tell it; null when none does.</summary>
    public static PythonVersion? Of(ElfFile image, string path) =>
        FromDebugOffsets(image) ?? FromVersionVariable(image) ?? FromStrings(image, path);

    /// <summary>
    /// 3.13 and later: <c>_PyRuntime</c> begins with <c>_Py_DebugOffsets</c> (Include/internal/pycore_debug_offsets.h): a cookie, then
    /// <c>PY_VERSION_HEX</c> and whether the build is free-threaded, as 64-bit words.
    /// </summary>
    static PythonVersion? FromDebugOffsets(ElfFile image)
    {
        const int Version = 8, FreeThreaded = 16, Length = 24;
        if (!TryFindRuntime(image, out var address) || !image.TryRead(address, Length, out var head) || !head.StartsWith("xdebugpy"u8))
        {
            return null;
        }

        return FromHex(BinaryPrimitives.ReadUInt64LittleEndian(head[Version..]), BinaryPrimitives.ReadUInt64LittleEndian(head[FreeThreaded..]) != 0);
    }

    /// <summary>The variable's symbol, or the section made for it so that stripped builds can be read (gh-106594).</summary>
    static bool TryFindRuntime(ElfFile image, out ulong address)
    {
        var found = image.TryFindSymbol("_PyRuntime", out var symbol);
        address = found ? symbol.Value : image.TryGetSection(".PyRuntime", out var section) ? section.Address : 0;
        return address != 0;
    }

    /// <summary>3.11 and later: <c>const unsigned long Py_Version</c> (Include/pylifecycle.h).</summary>
    static PythonVersion? FromVersionVariable(ElfFile image) =>
        image.TryFindSymbol("Py_Version", out var symbol) && image.TryRead(symbol.Value, 8, out var value)
            ? FromHex(BinaryPrimitives.ReadUInt64LittleEndian(value), freeThreaded: false)
            : null;

    static PythonVersion? FromHex(ulong hex, bool freeThreaded) =>
        hex >> 24 == MajorVersion ? PythonVersion.FromHex((uint)hex) with { FreeThreaded = freeThreaded } : null;

    /// <summary>
    /// The minor version from the library's or program's name; the patch level from a string constant that ends in such a version.
    /// Linkers keep a constant that is the end of another only once, so it need not stand alone.
    /// </summary>
    static PythonVersion? FromStrings(ElfFile image, string path)
    {
        var minor = MinorOf(image.SoName ?? "") ?? MinorOf(Path.GetFileName(path));
        HashSet<PythonVersion> found = image.TryGetSection(".rodata", out var section) ? Scan(image.SectionBytes(section), minor) : [];
        return found.Count == 1 ? found.First() : minor is { } known ? new(known, -1) : null;
    }

    /// <summary>The minor version in a name like <c>libpython3.8.so.1.0</c>, <c>libpython3.6m.so</c> or <c>python3.9</c>.</summary>
    public static int? MinorOf(string name)
    {
        const string Prefix = "python3.";
        var start = name.IndexOf(Prefix, StringComparison.Ordinal);
        return start >= 0 && TryReadNumber(Encoding.UTF8.GetBytes(name[(start + Prefix.Length)..]), out var minor, out _) ? minor : null;
    }

    static HashSet<PythonVersion> Scan(ReadOnlySpan<byte> strings, int? minor)
    {
        const int MostCandidates = 8;
        HashSet<PythonVersion> found = [];
        for (var rest = strings; found.Count < MostCandidates && rest.IndexOf("3."u8) is >= 0 and var at;)
        {
            var startsNumber = at == 0 || rest[at - 1] is not ((>= (byte)'0' and <= (byte)'9') or (byte)'.');
            rest = rest[(at + 2)..];
            if (!startsNumber || !TryReadNumber(rest, out var second, out var length) || length >= rest.Length || rest[length] != '.')
            {
                continue;
            }

            var third = rest[(length + 1)..];
            if (TryReadNumber(third, out var micro, out var digits) && EndsAsVersion(third[digits..]) && (minor ?? second) == second && second >= MajorVersion)
            {
                found.Add(new(second, micro));
            }
        }

        return found;
    }

    /// <summary>The end of the string, perhaps after a release level ("rc1", "+").</summary>
    static bool EndsAsVersion(ReadOnlySpan<byte> text)
    {
        const int LongestSuffix = 6;
        var end = text[..Math.Min(text.Length, LongestSuffix)].IndexOf((byte)0);
        return end >= 0 && text[..end].IndexOfAnyExcept(_releaseLevel) < 0;
    }

    static bool TryReadNumber(ReadOnlySpan<byte> text, out int number, out int length)
    {
        const int MostDigits = 3;
        length = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (length < 0)
        {
            length = text.Length;
        }

        number = 0;
        return length is > 0 and <= MostDigits && int.TryParse(text[..length], NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
