using System.Text;
using Sonde.Engine.Output;

namespace Sonde.Cli;

/// <summary>What <see cref="Console"/> writes to. The runtime's own stream tells a terminal, before anything else, to send other codes for some keys, and never takes that back.</summary>
sealed class ConsoleText : Stream
{
    readonly StandardStream _stream;
    readonly bool _isForMessages;

    ConsoleText(int number) => (_stream, _isForMessages) = (new StandardStream(number), number == 2);

    /// <summary>Takes the runtime's place.</summary>
    public static void Install()
    {
        Console.SetOut(WriterOf(1));
        Console.SetError(WriterOf(2));
    }

    /// <summary>Standard output, for bytes.</summary>
    public static Stream Output() => new ConsoleText(1);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Writes; what nobody reads any more is nobody's loss, nor is a message where messages do not go.</summary>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _stream.Write(buffer);
        }
        catch (IOException error) when (_isForMessages || FileError.IsClosedPipe(error))
        {
            // As the runtime's own stream does it.
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    static StreamWriter WriterOf(int number) => new(new ConsoleText(number), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
}
