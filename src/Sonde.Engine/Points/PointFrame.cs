namespace Sonde.Engine.Points;

/// <summary>A function on the stack of a point's hit.</summary>
/// <param name="Function">Its name.</param>
/// <param name="File">Its file.</param>
/// <param name="Line">Where it is; 0 on no line.</param>
public readonly record struct PointFrame(string Function, string File, long Line);
