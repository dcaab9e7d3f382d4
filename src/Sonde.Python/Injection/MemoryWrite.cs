namespace Sonde.Python.Injection;

/// <summary>Bytes to be put into a target's memory.</summary>
/// <param name="Address">Where.</param>
/// <param name="Bytes">What.</param>
public readonly record struct MemoryWrite(ulong Address, byte[] Bytes);
