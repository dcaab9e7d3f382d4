namespace Sonde.Python.Values;

/// <summary>Writes an object of one kind.</summary>
delegate void ValueKind(ValueWriter writer, PythonObject value);
