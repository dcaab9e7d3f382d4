namespace Sonde.Engine.Profiles.Formats.Protobuf;

/// <summary>Hashes of the numbers that a file gives to its parts. They differ from run to run, so that no file can be made in which all are the same.</summary>
static class Identifiers
{
    public static IEqualityComparer<ulong> Comparer { get; } = EqualityComparer<ulong>.Create(static (one, other) => one == other, HashCode.Combine);
}
