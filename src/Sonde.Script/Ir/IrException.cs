namespace Sonde.Script.Ir;

/// <summary>A program that cannot be compiled within the kernel's limits.</summary>
class IrException(string message) : Exception(message);

/// <summary>A program whose functions need more stack than the kernel gives; what they keep there for a while may lie elsewhere.</summary>
sealed class StackException(string message) : IrException(message);
