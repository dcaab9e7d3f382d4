using System.Buffers.Binary;
using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Tests.Script.Ir;

/// <summary>Memory in pieces that do not touch: what is outside of them is an error.</summary>
sealed class TestMemory
{
    const int PieceBits = 32;

    readonly List<byte[]> _pieces = [];

    /// <summary>Makes a piece of memory full of rubbish; its address.</summary>
    public long Allocate(int size)
    {
        byte[] piece = new byte[size];
        Array.Fill(piece, (byte)0xa5);
        _pieces.Add(piece);
        return (long)_pieces.Count << PieceBits;
    }

    public long Read(Size size, long address)
    {
        Span<byte> at = At(address, Bytes(size));
        return size switch
        {
            Size.Byte => at[0],
            Size.Half => BinaryPrimitives.ReadUInt16LittleEndian(at),
            Size.Word => BinaryPrimitives.ReadUInt32LittleEndian(at),
            _ => BinaryPrimitives.ReadInt64LittleEndian(at),
        };
    }

    public void Write(Size size, long address, long value)
    {
        Span<byte> at = At(address, Bytes(size));
        switch (size)
        {
            case Size.Byte:
                at[0] = (byte)value;
                break;
            case Size.Half:
                BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)value);
                break;
            case Size.Word:
                BinaryPrimitives.WriteUInt32LittleEndian(at, (uint)value);
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(at, value);
                break;
        }
    }

    public void Copy(long to, long from, int count) => At(from, count).CopyTo(At(to, count));

    public static int Bytes(Size size) => size switch
    {
        Size.Byte => 1,
        Size.Half => 2,
        Size.Word => 4,
        _ => 8,
    };

    Span<byte> At(long address, int count)
    {
        int piece = (int)(address >> PieceBits) - 1;
        int offset = (int)address;
        return piece >= 0 && piece < _pieces.Count && offset >= 0 && offset + count <= _pieces[piece].Length
            ? _pieces[piece].AsSpan(offset, count)
            : throw new InvalidOperationException($"Nothing is at 0x{address:x}.");
    }
}

/// <summary>What both interpreters mean by an operation.</summary>
static class TestArithmetic
{
    public static long Apply(IrOperation operation, long a, long b) => operation switch
    {
        IrOperation.Add => a + b,
        IrOperation.Subtract => a - b,
        IrOperation.Multiply => a * b,
        IrOperation.UnsignedDivide => b == 0 ? 0 : (long)((ulong)a / (ulong)b),
        IrOperation.UnsignedModulo => b == 0 ? a : (long)((ulong)a % (ulong)b),
        IrOperation.SignedDivide => b == 0 ? 0 : b == -1 ? -a : a / b,
        IrOperation.SignedModulo => b == 0 ? a : b == -1 ? 0 : a % b,
        IrOperation.And => a & b,
        IrOperation.Or => a | b,
        IrOperation.Xor => a ^ b,
        IrOperation.ShiftLeft => a << (int)(b & 63),
        IrOperation.ShiftRightLogical => (long)((ulong)a >> (int)(b & 63)),
        IrOperation.ShiftRightArithmetic => a >> (int)(b & 63),
        _ => throw new ArgumentOutOfRangeException(nameof(operation)),
    };
}
