using System.Buffers.Binary;

namespace Sonde.Engine.Scripts.Sinks;

/// <summary>A file of packets, each of which begins with its IP header, as tcpdump and Wireshark read it (libpcap's pcap-savefile(5)).</summary>
/// <remarks>
/// <code>
/// file:   magic 0xa1b2c3d4, version 2.4, 8 bytes 0, most bytes of a packet, link type     (4, 2+2, 8, 4, 4 bytes)
/// packet: seconds, microseconds, bytes that follow, bytes the packet had                    (4 bytes each)
/// </code>
/// </remarks>
sealed class PcapFile : IDisposable
{
    const uint Magic = 0xa1b2c3d4;
    const int MostPacketBytes = 0x40000;

    /// <summary>LINKTYPE_RAW: no header of the link.</summary>
    const int RawInternet = 101;

    const int BufferBytes = 1 << 16;

    readonly FileStream _file;

    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public PcapFile(string path)
    {
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, BufferBytes);
        Span<byte> header = stackalloc byte[24];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], MostPacketBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], RawInternet);
        _file.Write(header);
        _file.Flush();
    }

    /// <summary>Appends a packet.</summary>
    /// <param name="realTimeNs">When it was seen, since 1970.</param>
    /// <param name="packet">What there is of it.</param>
    /// <param name="length">How many bytes it had.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(long realTimeNs, ReadOnlySpan<byte> packet, int length)
    {
        Span<byte> header = stackalloc byte[16];
        var (seconds, rest) = Math.DivRem(realTimeNs, 1_000_000_000);
        BinaryPrimitives.WriteUInt32LittleEndian(header, unchecked((uint)seconds));
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)(rest / 1000));
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], packet.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], length);
        _file.Write(header);
        _file.Write(packet);
    }

    /// <summary>Lets others read what was written.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Flush() => _file.Flush();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
