using System.Globalization;

namespace Sonde.Bpf.Btf;

/// <summary>Bytes that are not BTF as it should be.</summary>
public sealed class BtfException : FormatException
{
    /// <summary>Something wrong at a byte offset.</summary>
    public BtfException(long offset, string what)
        : base(string.Create(CultureInfo.InvariantCulture, $"BTF+0x{offset:x}: {what}")) => Offset = offset;

    /// <summary>Where, in bytes from the beginning.</summary>
    public long Offset { get; }
}
