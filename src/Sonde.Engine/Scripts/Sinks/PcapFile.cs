using System.Buffers.Binary;
using Sonde.Engine.Output;

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

    const int PacketHeaderBytes = 16;

    /// <summary>Packets are gathered until there are so many bytes of them.</summary>
    const int BufferBytes = 1 << 16;

    readonly Stream _file;
    byte[] _gathered = new byte[BufferBytes];
    int _bytes;

    /// <summary>How long the file is, up to the last packet that is in it whole; for files that can be cut.</summary>
    long _written;

    /// <summary>Begins the file.</summary>
    /// <param name="file">An empty file without a buffer of its own, which belongs to this from then on, also when this fails.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public PcapFile(Stream file)
    {
        _file = file;
        var header = _gathered.AsSpan(0, _bytes = 24);
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], MostPacketBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], RawInternet);
        try
        {
            Flush();
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>How many packets have been appended and are not in the file yet; never will be, once it cannot be written.</summary>
    public long Waiting { get; private set; }

    /// <summary>Appends a packet.</summary>
    /// <param name="realTimeNs">When it was seen, since 1970.</param>
    /// <param name="packet">What there is of it.</param>
    /// <param name="length">How many bytes it had.</param>
    /// <exception cref="IOException">The file cannot be written; the packet is among those <see cref="Waiting"/>.</exception>
    public void Write(long realTimeNs, ReadOnlySpan<byte> packet, int length)
    {
        Waiting++;
        var wanted = checked(_bytes + PacketHeaderBytes + packet.Length);
        if (wanted > _gathered.Length)
        {
            Array.Resize(ref _gathered, wanted);
        }

        var header = _gathered.AsSpan(_bytes);
        var (seconds, rest) = Math.DivRem(realTimeNs, 1_000_000_000);
        BinaryPrimitives.WriteUInt32LittleEndian(header, unchecked((uint)seconds));
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)(rest / 1000));
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], packet.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], length);
        packet.CopyTo(header[PacketHeaderBytes..]);
        _bytes = wanted;
        if (_bytes >= BufferBytes)
        {
            Flush();
        }
    }

    /// <summary>Lets others read what was appended.</summary>
    /// <exception cref="IOException">It cannot be written: the file ends behind the last packet that got there before, where it can be cut.</exception>
    public void Flush()
    {
        if (_bytes == 0)
        {
            return;
        }

        try
        {
            _file.Write(_gathered, 0, _bytes);
            _file.Flush();
        }
        catch
        {
            CutOff();
            throw;
        }

        _written += _bytes;
        (_bytes, Waiting) = (0, 0);
    }

    /// <summary>Closes the file; what is still waiting is not written any more.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>Takes away what was written in part: who reads the file finds whole packets, as many as are said to be there.</summary>
    void CutOff()
    {
        if (!_file.CanSeek)
        {
            return;
        }

        try
        {
            _file.SetLength(_written);
        }
        catch (Exception exception) when (FileError.IsOne(exception))
        {
            // The failure that led here is told.
        }
    }
}
