using System.Buffers.Binary;
using Sonde.Symbols;

namespace Sonde.Python.Stacks;

/// <summary>Reads single fields of structures. Addresses come from the target and may be anything; their sum with an offset may wrap.</summary>
static class MemoryWords
{
    /// <summary>Reads a pointer or another word of 8 bytes.</summary>
    public static bool TryReadWord(this IMemory memory, ulong address, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        var read = memory.TryRead(address, bytes);
        value = read ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
        return read;
    }

    /// <summary>Reads a number of 4 bytes.</summary>
    public static bool TryReadInt32(this IMemory memory, ulong address, out int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        var read = memory.TryRead(address, bytes);
        value = read ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : 0;
        return read;
    }

    /// <summary>The word at an offset of bytes that were read.</summary>
    public static ulong Word(this ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

    /// <summary>The number of 4 bytes at an offset of bytes that were read.</summary>
    public static int Int32(this ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadInt32LittleEndian(bytes[offset..]);
}
