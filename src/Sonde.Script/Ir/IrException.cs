namespace Sonde.Script.Ir;

/// <summary>A program that cannot be compiled within the kernel's limits.</summary>
sealed class IrException(string message) : Exception(message);
