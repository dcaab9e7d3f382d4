using System.Buffers.Binary;
using Sonde.Engine.Targets;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Symbols;

namespace Sonde.Engine.Flow;

/// <summary>A process whose Python code is followed.</summary>
sealed class PythonProcess
{
    /// <summary>Its interpreter's version.</summary>
    public required PythonVersion Version { get; init; }

    /// <summary>The layout of its interpreter.</summary>
    public required CallLayout Layout { get; init; }

    /// <summary>Where <c>PyCode_Type</c> is in its memory; 0 when that is not known.</summary>
    public required ulong CodeType { get; init; }

    /// <summary>Told where its code objects have their type; null when nobody asks.</summary>
    public Action<ulong>? CodeTypeSeen { get; init; }

    /// <summary>Its memory.</summary>
    public required IMemory Memory { get; init; }

    /// <summary>Its source files, as it sees them.</summary>
    public required SourceFiles Sources { get; init; }

    /// <summary>Reads the string that a field of a code object points to.</summary>
    public bool TryReadText(ulong code, int field, int maximum, out string text)
    {
        text = "";
        Span<byte> pointer = stackalloc byte[8];
        return Memory.TryRead(code + (ulong)field, pointer)
            && PythonText.TryRead(Memory, Layout, BinaryPrimitives.ReadUInt64LittleEndian(pointer), maximum, out text);
    }
}
