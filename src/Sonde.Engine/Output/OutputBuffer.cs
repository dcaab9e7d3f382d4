using System.Buffers;

namespace Sonde.Engine.Output;

/// <summary>Bytes on their way to a stream. Each piece reserved is handed on whole, so the stream always ends at the end of a piece.</summary>
/// <remarks>After the stream has failed once nothing more is written to it, so that disposing does not fail a second time.</remarks>
public sealed class OutputBuffer : IDisposable
{
    const int Capacity = 64 << 10;

    readonly Stream _stream;
    readonly bool _leaveOpen;
    byte[] _bytes = ArrayPool<byte>.Shared.Rent(Capacity);
    int _length;
    bool _failed;

    /// <summary>A buffer in front of a stream that needs none of its own.</summary>
    /// <param name="stream">Where the bytes go.</param>
    /// <param name="leaveOpen">Whether the stream stays the caller's; otherwise it is closed with the buffer.</param>
    public OutputBuffer(Stream stream, bool leaveOpen = false)
    {
        _stream = stream;
        _leaveOpen = leaveOpen;
    }

    /// <summary>Room for a piece, to be taken with <see cref="Advance"/>.</summary>
    /// <param name="size">The most bytes the piece may have.</param>
    /// <exception cref="IOException">The stream cannot take what was buffered.</exception>
    public Span<byte> Reserve(int size)
    {
        if (_bytes.Length - _length < size)
        {
            MakeRoom(size);
        }

        return _bytes.AsSpan(_length);
    }

    /// <summary>Takes the first bytes of what was reserved.</summary>
    public void Advance(int count) => _length = checked(_length + count);

    /// <summary>Appends a piece.</summary>
    /// <exception cref="IOException">The stream cannot take what was buffered.</exception>
    public void Write(ReadOnlySpan<byte> piece)
    {
        piece.CopyTo(Reserve(piece.Length));
        Advance(piece.Length);
    }

    /// <summary>Hands everything to the stream.</summary>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public void Flush()
    {
        if (_length == 0 || _failed)
        {
            return;
        }

        int length = _length;
        _length = 0;
        _failed = true;
        _stream.Write(_bytes, 0, length);
        _stream.Flush();
        _failed = false;
    }

    /// <summary>Flushes and, if it is the buffer's own, closes the stream.</summary>
    /// <exception cref="IOException">The stream cannot take the rest; it is closed all the same.</exception>
    public void Dispose()
    {
        if (_bytes.Length == 0)
        {
            return;
        }

        try
        {
            Flush();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
            if (!_leaveOpen)
            {
                _stream.Dispose();
            }
        }
    }

    void MakeRoom(int size)
    {
        ObjectDisposedException.ThrowIf(_bytes.Length == 0, this);
        Flush();
        _length = 0;
        if (_bytes.Length >= size)
        {
            return;
        }

        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = ArrayPool<byte>.Shared.Rent(size);
    }
}
