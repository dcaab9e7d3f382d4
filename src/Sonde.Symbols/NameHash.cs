namespace Sonde.Symbols;

/// <summary>A hash of names that is the same in every run, so that what is ordered by it is, too.</summary>
static class NameHash
{
    /// <summary>Names of templates share long beginnings and overlapping names may be long, so both ends are looked at and no more.</summary>
    const int EndLength = 128;

    public static uint Of(ReadOnlySpan<byte> name)
    {
        var hash = Add(2166136261, name[..Math.Min(name.Length, EndLength)]);
        return name.Length <= EndLength ? hash : unchecked(Add(hash, name[Math.Max(name.Length - EndLength, EndLength)..]) + (uint)name.Length);
    }

    /// <summary>FNV-1a.</summary>
    static uint Add(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            hash = unchecked((hash ^ value) * 16777619);
        }

        return hash;
    }
}
