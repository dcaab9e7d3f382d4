using Sonde.Linux;

namespace Sonde.Cli;

/// <summary>Standard output or standard error, for events. Unlike the console's own stream it says when nobody reads any more, so that <c>sonde flow | head</c> ends.</summary>
sealed class StandardStream(int number) : Stream
{
    readonly FileDescriptor _descriptor = FileDescriptor.Borrow(number);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">The kernel refused; the result code is its error number.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var written = _descriptor.Write(buffer);
            if (!written.Failed)
            {
                buffer = buffer[(int)written.Raw..];
            }
            else if (written.Errno == Errno.EAGAIN)
            {
                // Another holder of the same pipe or terminal has made it non-blocking.
                Thread.Sleep(1);
            }
            else if (written.Errno != Errno.EINTR)
            {
                throw new IOException($"write: {written.Errno}", (int)written.Errno);
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
