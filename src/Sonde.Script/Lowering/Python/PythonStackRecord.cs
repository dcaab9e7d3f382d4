namespace Sonde.Script.Lowering.Python;

/// <summary>The record that brings a Python stack the first time it is met (<see cref="ActionKind.PythonStack"/>): the one description of its bytes.</summary>
/// <remarks><code>
///   0 action (8)   8 number, a hash (8)   16 process, host id (8)   24 image (4)   28 <see cref="PythonStackEnd"/> (4)   32 how many frames (8)
///  40 for each frame, innermost first: code object (8), line, 0 when unknown (8), the code object's identity (8)
/// </code></remarks>
static class PythonStackRecord
{
    /// <summary>In place of a stack's number, all of which are odd: the thread runs no Python.</summary>
    public const int None = 0;

    /// <summary>In place of a stack's number: it could not be taken.</summary>
    public const int Unknown = 2;

    public const int Number = 8;
    public const int Process = 16;
    public const int Image = 24;
    public const int End = 28;
    public const int Count = 32;
    public const int Frames = 40;

    public const int FrameCode = 0;
    public const int FrameLine = 8;
    public const int FrameIdentity = 16;
    public const int FrameSize = 24;
}

/// <summary>How a stack ends.</summary>
enum PythonStackEnd
{
    /// <summary>With the thread's first frame.</summary>
    Whole,

    /// <summary>There are more frames than were asked for.</summary>
    More,

    /// <summary>The next frame could not be read.</summary>
    Unreadable,
}

/// <summary>The record that asks what a process runs (<see cref="ActionKind.PythonProcess"/>): action (8), process, host id (8), its memory (8).</summary>
static class PythonProcessRecord
{
    public const int Process = 8;
    public const int Memory = 16;
    public const int Size = 24;
}
