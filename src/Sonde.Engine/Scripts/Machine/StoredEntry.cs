using System.Buffers.Binary;
using System.Text;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Finds files that are stored in an archive as they are, which the dynamic linker of Android maps from there.</summary>
/// <remarks>Source: .ZIP File Format Specification (APPNOTE.TXT) 6.3, sections 4.3.7, 4.3.12 and 4.3.16. Archives beyond 4 GiB are not read.</remarks>
static class StoredEntry
{
    const uint EndSignature = 0x06054b50;
    const uint CentralSignature = 0x02014b50;
    const uint LocalSignature = 0x04034b50;
    const int EndSize = 22;
    const int CentralSize = 46;
    const int LocalSize = 30;

    /// <summary>Where the contents of an entry are; false when there is no such entry, it is compressed, or the archive is damaged.</summary>
    public static bool TryFind(ReadOnlySpan<byte> archive, string name, out int start, out int length)
    {
        (start, length) = (0, 0);
        if (!TryFindDirectory(archive, out var directory))
        {
            return false;
        }

        var wanted = Encoding.UTF8.GetBytes(name);
        while (directory.Length >= CentralSize && BinaryPrimitives.ReadUInt32LittleEndian(directory) == CentralSignature)
        {
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(directory[28..]);
            var next = CentralSize + nameLength + BinaryPrimitives.ReadUInt16LittleEndian(directory[30..]) + BinaryPrimitives.ReadUInt16LittleEndian(directory[32..]);
            if (next > directory.Length)
            {
                return false;
            }

            if (directory.Slice(CentralSize, nameLength).SequenceEqual(wanted))
            {
                var isStored = BinaryPrimitives.ReadUInt16LittleEndian(directory[10..]) == 0;
                return isStored && TryFindContents(
                    archive, BinaryPrimitives.ReadUInt32LittleEndian(directory[42..]), BinaryPrimitives.ReadUInt32LittleEndian(directory[20..]), out start, out length);
            }

            directory = directory[next..];
        }

        return false;
    }

    /// <summary>The record at the end, before a comment of at most 64 KiB, says where the directory is.</summary>
    static bool TryFindDirectory(ReadOnlySpan<byte> archive, out ReadOnlySpan<byte> directory)
    {
        for (var at = archive.Length - EndSize; at >= 0 && at >= archive.Length - EndSize - ushort.MaxValue; at--)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(archive[at..]) == EndSignature
                && BinaryPrimitives.ReadUInt32LittleEndian(archive[(at + 16)..]) is var start && start <= (uint)at)
            {
                directory = archive[(int)start..at];
                return true;
            }
        }

        directory = [];
        return false;
    }

    static bool TryFindContents(ReadOnlySpan<byte> archive, uint header, uint size, out int start, out int length)
    {
        (start, length) = (0, 0);
        if (header > archive.Length - LocalSize || BinaryPrimitives.ReadUInt32LittleEndian(archive[(int)header..]) != LocalSignature)
        {
            return false;
        }

        var local = archive[(int)header..];
        var contents = (long)header + LocalSize + BinaryPrimitives.ReadUInt16LittleEndian(local[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(local[28..]);
        if (contents + size > archive.Length)
        {
            return false;
        }

        (start, length) = ((int)contents, (int)size);
        return true;
    }
}
