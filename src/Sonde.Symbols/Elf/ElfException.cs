using System.Globalization;

namespace Sonde.Symbols.Elf;

/// <summary>An ELF file that contradicts itself, ends too early, or uses something this reader does not know.</summary>
public sealed class ElfException : FormatException
{
    /// <summary>Makes the error for <paramref name="what"/> found at <paramref name="offset"/> of the file <paramref name="file"/>.</summary>
    public ElfException(string file, ulong offset, string what)
        : base(string.Create(CultureInfo.InvariantCulture, $"{file}+0x{offset:x}: {what}"))
    {
        File = file;
        Offset = offset;
        What = what;
    }

    /// <summary>The name the file was parsed under.</summary>
    public string File { get; }

    /// <summary>Where in the file the contradiction is, in bytes from its start.</summary>
    public ulong Offset { get; }

    /// <summary>What is wrong, as a phrase.</summary>
    public string What { get; }
}
