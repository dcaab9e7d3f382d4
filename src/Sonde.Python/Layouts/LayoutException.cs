namespace Sonde.Python.Layouts;

/// <summary>An interpreter whose structures are not known, or not as its version has them; it must not be read.</summary>
public sealed class LayoutException(string message) : Exception(message);
