using Sonde.Python.Stacks;

namespace Sonde.Python.Tasks;

/// <summary>A greenlet that has begun and not ended.</summary>
public sealed record PythonGreenlet
{
    /// <summary>The greenlet object.</summary>
    public required ulong Address { get; init; }

    /// <summary>Its type's name, as the target has it: whoever shows it escapes it.</summary>
    public required string Type { get; init; }

    /// <summary>Whether it is the one that its thread began with.</summary>
    public bool IsMain { get; init; }

    /// <summary>Whether it runs: then its frames are its thread's stack.</summary>
    public bool IsRunning { get; init; }

    /// <summary>An address within the stack of its thread; 0 when that cannot be told.</summary>
    public ulong StackAddress { get; init; }

    /// <summary>Its stack, innermost frame first; empty while it runs.</summary>
    public IReadOnlyList<(RawFrame Raw, CodeObject Code)> Frames { get; init; } = [];

    /// <summary>Whether there are outer frames that could not be followed.</summary>
    public bool IsCut { get; init; }
}
