using Sonde.Python.Layouts;
using Sonde.Symbols;

namespace Sonde.Python.Values;

/// <summary>Shows the values of a Python program as <c>repr</c> would, from its memory alone: nothing of the program runs, and what is read may change or be damaged meanwhile.</summary>
/// <remarks>
/// Objects whose class has a <c>__repr__</c> of its own are shown as the built-in type they derive from, or as <c>&lt;app.Server object at 0x7f…&gt;</c>, but for
/// data classes, enumerations and what the standard library and numpy have of general use. Keeps what it has learned of types and looks at it again for every value. Not safe for concurrent use.
/// </remarks>
public sealed class PythonValues
{
    readonly ObjectReader _objects;

    /// <summary>Shows values of a program.</summary>
    /// <param name="memory">Its memory.</param>
    /// <param name="version">Its interpreter's version.</param>
    /// <param name="layout">Its interpreter's layout.</param>
    /// <exception cref="LayoutException">The version is unknown.</exception>
    public PythonValues(IMemory memory, PythonVersion version, CallLayout layout) => _objects = new ObjectReader(memory, version, layout, ValueLayout.For(version));

    /// <summary>Shows values of a program that were copied earlier.</summary>
    /// <param name="captured">What was copied; whatever else a value is made of is marked as missing.</param>
    /// <param name="lasting">Its memory, from which types are read.</param>
    /// <param name="version">Its interpreter's version.</param>
    /// <param name="layout">Its interpreter's layout.</param>
    /// <exception cref="LayoutException">The version is unknown.</exception>
    public PythonValues(CapturedMemory captured, LastingMemory lasting, PythonVersion version, CallLayout layout) => _objects = new ObjectReader(captured, lasting, version, layout, ValueLayout.For(version));

    /// <summary>Whether something of the value shown last was not there to be read.</summary>
    public bool LacksSomething => _objects.Missed > 0;

    /// <summary>Takes note that the type at an address may be another than before; only of values that were copied.</summary>
    public void Forget(ulong type) => _objects.Forget(type);

    /// <summary>Shows the object at an address.</summary>
    /// <param name="address">Where the object is; nothing need be there.</param>
    /// <param name="limits">How much of it is shown.</param>
    /// <returns>One line of printable characters; "&lt;unreadable&gt;" or "&lt;freed&gt;" where there is no object.</returns>
    public string Describe(ulong address, ValueLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        _objects.Begin();
        var writer = new ValueWriter(_objects, limits);
        writer.Write(address);
        return limits.Redaction?.Scrub(writer.ToString()) ?? writer.ToString();
    }

    /// <summary>The name of the type of the object at an address, with its module where that is not <c>builtins</c>; null where there is no object.</summary>
    public string? TypeOf(ulong address)
    {
        _objects.Begin();
        return _objects.TryGet(address, out var value) == ObjectState.Live ? _objects.FullName(value.Type) : null;
    }
}
