namespace Sonde.Symbols.Compression;

/// <summary>Compressed data that is damaged, or compressed in a way that is not supported; the message says which.</summary>
sealed class CompressionException(string what) : Exception(what);
