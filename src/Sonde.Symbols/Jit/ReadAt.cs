namespace Sonde.Symbols.Jit;

/// <summary>Reads a file that may still grow.</summary>
/// <param name="offset">From where.</param>
/// <param name="destination">Filled from its beginning.</param>
/// <returns>How many bytes there were; 0 at the end.</returns>
public delegate int ReadAt(long offset, Span<byte> destination);
