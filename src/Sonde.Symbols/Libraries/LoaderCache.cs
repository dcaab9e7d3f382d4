using System.Buffers.Binary;
using System.Text;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Libraries;

/// <summary>A library that the dynamic linker finds by its name.</summary>
/// <param name="Name">The name other files need it by, such as <c>libc.so.6</c>.</param>
/// <param name="Path">Where it is.</param>
/// <param name="IsForSpecialHardware">Whether the dynamic linker takes it only on processors that have certain features.</param>
public readonly record struct CachedLibrary(string Name, string Path, bool IsForSpecialHardware);

/// <summary>The dynamic linker's cache of library names and paths (<c>/etc/ld.so.cache</c>).</summary>
/// <remarks>
/// The format of glibc 2.2 and later, also where it follows the older one in the same file (glibc sysdeps/generic/dl-cache.h, <c>struct cache_file_new</c>).
/// An entry that contradicts itself is left out.
/// </remarks>
public sealed class LoaderCache
{
    const int HeaderSize = 48;
    const int EntrySize = 24;
    const int LongestString = 4096;

    static ReadOnlySpan<byte> Magic => "glibc-ld.so.cache1.1"u8;

    static ReadOnlySpan<byte> OldMagic => "ld.so-1.7.0\0"u8;

    readonly CachedLibrary[] _libraries;

    LoaderCache(CachedLibrary[] libraries) => _libraries = libraries;

    /// <summary>The libraries of the machine, in the cache's order.</summary>
    public IReadOnlyList<CachedLibrary> Libraries => _libraries;

    /// <summary>Reads a cache.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="machine">Whose libraries are wanted; the cache may hold those of several.</param>
    /// <param name="cache">The libraries; without any when the bytes are no cache.</param>
    /// <returns>False when the bytes are no cache of a known format.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, ElfMachine machine, out LoaderCache cache)
    {
        cache = new([]);
        if (bytes.StartsWith(OldMagic))
        {
            // The old format's count, then its entries of three words each; the new one follows at the next multiple of eight.
            const int OldHeaderSize = 16;
            const int OldEntrySize = 12;
            if (bytes.Length < OldHeaderSize)
            {
                return false;
            }

            var end = (OldHeaderSize + OldEntrySize * (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) + 7) & ~7L;
            bytes = end <= bytes.Length ? bytes[(int)end..] : [];
        }

        if (bytes.Length < HeaderSize || !bytes.StartsWith(Magic))
        {
            return false;
        }

        var count = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]), (uint)(bytes.Length - HeaderSize) / EntrySize);
        var libraries = new List<CachedLibrary>(count);
        for (var i = 0; i < count; i++)
        {
            var entry = bytes.Slice(HeaderSize + i * EntrySize, EntrySize);
            if (IsOf(machine, BinaryPrimitives.ReadUInt32LittleEndian(entry))
                && StringAt(bytes, BinaryPrimitives.ReadUInt32LittleEndian(entry[4..])) is { Length: > 0 } name
                && StringAt(bytes, BinaryPrimitives.ReadUInt32LittleEndian(entry[8..])) is { Length: > 0 } path)
            {
                libraries.Add(new(name, path, BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]) != 0));
            }
        }

        cache = new([.. libraries]);
        return true;
    }

    /// <summary>The libraries a user may mean by <paramref name="name"/>, the likeliest first.</summary>
    /// <param name="name">The whole name (<c>libssl.so.3</c>), one without its end (<c>libssl</c>, <c>libssl.so</c>), or without <c>lib</c> as well (<c>ssl</c>).</param>
    /// <remarks>Exact names come first, plain libraries before those for special hardware, higher versions before lower ones.</remarks>
    public IReadOnlyList<CachedLibrary> Find(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var found = new List<(int Distance, CachedLibrary Library)>();
        foreach (var library in _libraries)
        {
            if (Distance(library.Name, name) is { } distance)
            {
                found.Add((distance, library));
            }
        }

        found.Sort(static (a, b) =>
        {
            var order = a.Distance.CompareTo(b.Distance);
            order = order != 0 ? order : a.Library.IsForSpecialHardware.CompareTo(b.Library.IsForSpecialHardware);
            order = order != 0 ? order : CompareVersions(b.Library.Name, a.Library.Name);
            return order != 0 ? order : string.CompareOrdinal(a.Library.Path, b.Library.Path);
        });
        return [.. found.Select(f => f.Library)];
    }

    static int? Distance(string library, string name) =>
        library == name ? 0
        : IsNameOf(library, name) ? 1
        : library.StartsWith("lib", StringComparison.Ordinal) && IsNameOf(library[3..], name) ? 2
        : null;

    /// <summary>Whether what <paramref name="name"/> leaves out of a library's name is only its end: <c>.so</c> and a version.</summary>
    static bool IsNameOf(string library, string name)
    {
        if (!library.StartsWith(name, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = library.AsSpan(name.Length);
        return rest is ".so" || rest.StartsWith(".so.", StringComparison.Ordinal)
            || (rest.StartsWith(".", StringComparison.Ordinal) && name.Contains(".so", StringComparison.Ordinal));
    }

    /// <summary>Compares names so that runs of digits count as numbers: <c>.so.10</c> comes after <c>.so.9</c>.</summary>
    static int CompareVersions(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        while (!left.IsEmpty && !right.IsEmpty)
        {
            var one = DigitsOf(left);
            var other = DigitsOf(right);
            var order = one.IsEmpty || other.IsEmpty ? left[0].CompareTo(right[0]) : CompareNumbers(one.TrimStart('0'), other.TrimStart('0'));
            if (order != 0)
            {
                return order;
            }

            left = left[Math.Max(one.Length, 1)..];
            right = right[Math.Max(other.Length, 1)..];
        }

        return left.Length.CompareTo(right.Length);

        static int CompareNumbers(ReadOnlySpan<char> left, ReadOnlySpan<char> right) =>
            left.Length != right.Length ? left.Length.CompareTo(right.Length) : left.SequenceCompareTo(right);

        static ReadOnlySpan<char> DigitsOf(ReadOnlySpan<char> text)
        {
            var end = text.IndexOfAnyExceptInRange('0', '9');
            return end < 0 ? text : text[..end];
        }
    }

    static bool IsOf(ElfMachine machine, uint flags)
    {
        // The low byte is the kind of library, 3 for glibc's ELF libraries; the next is the architecture.
        const uint Glibc = 3;
        const uint X8664 = 0x0300;
        const uint AArch64 = 0x0a00;
        return (flags & 0xff) == Glibc && (flags & 0xff00) == machine switch
        {
            ElfMachine.X8664 => X8664,
            ElfMachine.AArch64 => AArch64,
            _ => uint.MaxValue,
        };
    }

    static string? StringAt(ReadOnlySpan<byte> bytes, uint offset)
    {
        if (offset >= (uint)bytes.Length)
        {
            return null;
        }

        var rest = bytes[(int)offset..];
        var end = rest[..Math.Min(rest.Length, LongestString)].IndexOf((byte)0);
        return end < 0 ? null : Encoding.UTF8.GetString(rest[..end]);
    }
}
