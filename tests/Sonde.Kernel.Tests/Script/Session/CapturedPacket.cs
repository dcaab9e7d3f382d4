using System.Buffers.Binary;
using System.Net;
using System.Text;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Session;

/// <summary>A packet of a file in the format of pcap.</summary>
/// <param name="Time">When it was seen.</param>
/// <param name="Length">How many bytes it had.</param>
/// <param name="Bytes">Those that are there, from the IP header on.</param>
sealed record CapturedPacket(DateTimeOffset Time, int Length, byte[] Bytes)
{
    const int InternetHeader = 20, DatagramHeader = 8;

    /// <summary>Whether it holds a datagram to a port; IPv4 without options.</summary>
    public bool IsDatagram(int port) => Bytes[0] == 0x45 && Bytes[9] == 17 && BinaryPrimitives.ReadUInt16BigEndian(Bytes.AsSpan(InternetHeader + 2)) == port;

    public IPAddress Destination => new(Bytes.AsSpan(16, 4));

    /// <summary>How long it is by its own header.</summary>
    public int InternetLength => BinaryPrimitives.ReadUInt16BigEndian(Bytes.AsSpan(2));

    /// <summary>The text a datagram begins with.</summary>
    public string Text => Encoding.ASCII.GetString(Bytes.AsSpan(InternetHeader + DatagramHeader)).Split('\0')[0];

    /// <summary>All packets of a file whose link has no header.</summary>
    public static IReadOnlyList<CapturedPacket> ReadAll(ReadOnlySpan<byte> file)
    {
        Assert.Equal(0xa1b2c3d4, BinaryPrimitives.ReadUInt32LittleEndian(file));
        Assert.Equal((2, 4), (BinaryPrimitives.ReadUInt16LittleEndian(file[4..]), BinaryPrimitives.ReadUInt16LittleEndian(file[6..])));
        Assert.Equal(101, BinaryPrimitives.ReadInt32LittleEndian(file[20..]));
        int most = BinaryPrimitives.ReadInt32LittleEndian(file[16..]);
        List<CapturedPacket> packets = [];
        for (ReadOnlySpan<byte> rest = file[24..]; rest.Length > 0;)
        {
            int captured = BinaryPrimitives.ReadInt32LittleEndian(rest[8..]);
            int length = BinaryPrimitives.ReadInt32LittleEndian(rest[12..]);
            Assert.InRange(captured, 0, Math.Min(most, length));
            uint microseconds = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            Assert.InRange(microseconds, 0u, 999_999u);
            packets.Add(new(DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32LittleEndian(rest)).AddMicroseconds(microseconds), length, rest.Slice(16, captured).ToArray()));
            rest = rest[(16 + captured)..];
        }

        return packets;
    }
}
