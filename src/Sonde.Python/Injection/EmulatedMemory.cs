using System.Buffers.Binary;
using Sonde.Symbols;

namespace Sonde.Python.Injection;

/// <summary>A target's memory as a function sees it that is followed without being run: what it writes is kept here and never reaches the target.</summary>
sealed class EmulatedMemory(IMemory target)
{
    /// <summary>Where the function's stack is. User programs have no memory there (the non-canonical half begins above 2⁴⁷).</summary>
    public const ulong StackTop = 0x7000_0000_0000_0000;

    /// <summary>Where thread-local storage seems to be.</summary>
    public const ulong ThreadStorage = 0x6000_0000_0000_0000;

    /// <summary>The only thread-local word that is known: the stack protector's (glibc's and musl's <c>tcbhead_t</c>).</summary>
    const ulong StackProtector = ThreadStorage + 0x28;

    const int MostStackBytes = 1 << 16, MostWrites = 256;

    readonly Dictionary<ulong, byte> _written = [];
    readonly List<(ulong Address, int Size, bool Locked)> _writes = [];

    /// <summary>Reads a value of 1 to 16 bytes.</summary>
    public UInt128 Read(ulong address, int size)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        if (address != StackProtector && !IsStack(address) && !target.TryRead(address, bytes[..size]))
        {
            throw new EmulationException($"memory at 0x{address:x} cannot be read");
        }

        for (var i = 0; i < size; i++)
        {
            if (_written.TryGetValue(unchecked(address + (ulong)i), out var value))
            {
                bytes[i] = value;
            }
        }

        return BinaryPrimitives.ReadUInt128LittleEndian(bytes);
    }

    /// <summary>Writes a value of 1 to 16 bytes.</summary>
    /// <param name="address">Where.</param>
    /// <param name="value">What.</param>
    /// <param name="size">How many bytes of it.</param>
    /// <param name="isLocked">Whether the instruction is one that other processors see as a whole.</param>
    public void Write(ulong address, UInt128 value, int size, bool isLocked)
    {
        if (!IsStack(address))
        {
            if (address >= ThreadStorage || _writes.Count == MostWrites)
            {
                throw new EmulationException($"it writes to 0x{address:x}, which is not understood");
            }

            _writes.Add((address, size, isLocked));
        }

        for (var i = 0; i < size; i++)
        {
            _written[unchecked(address + (ulong)i)] = (byte)(value >> (8 * i));
        }
    }

    /// <summary>
    /// What the target's memory would be changed by, in order; what has its old value again in the end, such as a lock, is left out. What is written as a whole comes last:
    /// that is how such a function announces what it has done.
    /// </summary>
    public List<MemoryWrite> Changes()
    {
        List<MemoryWrite> changes = [];
        HashSet<ulong> seen = [];
        foreach (var (address, _, _) in _writes.OrderBy(static write => write.Locked))
        {
            if (!seen.Add(address))
            {
                continue;
            }

            // A place may be written to more than once, and not each time as wide.
            var size = _writes.Where(write => write.Address == address).Max(static write => write.Size);
            var bytes = new byte[size];
            if (!target.TryRead(address, bytes))
            {
                throw new EmulationException($"it writes to 0x{address:x}, where there is no memory");
            }

            var now = new byte[size];
            for (var i = 0; i < size; i++)
            {
                now[i] = _written[address + (ulong)i];
            }

            if (!now.AsSpan().SequenceEqual(bytes))
            {
                changes.Add(new MemoryWrite(address, now));
            }
        }

        return changes;
    }

    /// <summary>Where these 16 bytes are after all that was written, among the places that were written to; null when nowhere.</summary>
    public ulong? FindWritten(UInt128 value)
    {
        foreach (var (address, _, _) in _writes)
        {
            if (Read(address, 16) == value)
            {
                return address;
            }
        }

        return null;
    }

    static bool IsStack(ulong address) => address <= StackTop && StackTop - address <= MostStackBytes;
}
