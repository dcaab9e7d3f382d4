using System.Buffers.Binary;

namespace Sonde.Engine.Scripts.Values;

/// <summary>Internet addresses as inet_ntop(3) writes them.</summary>
static class InternetText
{
    const int Version4 = 2; // AF_INET
    const int Version6 = 10; // AF_INET6

    /// <summary>Nothing for addresses of another family.</summary>
    public static void Write(Utf8Text text, int family, ReadOnlySpan<byte> address)
    {
        if (family == Version4)
        {
            WriteVersion4(text, address[..4]);
        }
        else if (family == Version6)
        {
            WriteVersion6(text, address);
        }
    }

    static void WriteVersion4(Utf8Text text, ReadOnlySpan<byte> address)
    {
        for (var i = 0; i < 4; i++)
        {
            if (i > 0)
            {
                text.Add((byte)'.');
            }

            text.AddNumber(address[i]);
        }
    }

    static void WriteVersion6(Utf8Text text, ReadOnlySpan<byte> address)
    {
        FindZeros(address, out var zerosAt, out var zeros);
        // ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), and the compatible form of glibc: ::a.b.c.d.
        var hasVersion4 = zerosAt == 0 && (zeros == 6 || (zeros == 5 && Word(address, 5) == 0xffff));
        for (var i = 0; i < (hasVersion4 ? 6 : 8); i++)
        {
            if (i == zerosAt)
            {
                text.Add("::"u8);
                i += zeros - 1;
                continue;
            }

            if (i > 0 && i != zerosAt + zeros)
            {
                text.Add((byte)':');
            }

            text.AddHex(Word(address, i));
        }

        if (hasVersion4)
        {
            if (zeros == 5)
            {
                text.Add((byte)':');
            }

            WriteVersion4(text, address[12..]);
        }
    }

    /// <summary>The first longest run of at least two zero words; (-1, 0) without one.</summary>
    static void FindZeros(ReadOnlySpan<byte> address, out int at, out int length)
    {
        (at, length) = (-1, 0);
        for (var i = 0; i < 8; i++)
        {
            var run = 0;
            while (i + run < 8 && Word(address, i + run) == 0)
            {
                run++;
            }

            if (run > Math.Max(1, length))
            {
                (at, length) = (i, run);
            }

            i += run;
        }

        at = length == 0 ? -1 : at;
    }

    static ushort Word(ReadOnlySpan<byte> address, int index) => BinaryPrimitives.ReadUInt16BigEndian(address[(2 * index)..]);
}
