namespace Sonde.Script.Lowering.Python;

/// <summary>
/// The record that tells of a Python code object the first time it is met (<see cref="ActionKind.PythonCode"/>): the one description of its bytes.
/// </summary>
/// <remarks><code>
///   0 action (8)      8 code object (8)   16 identity (8)   24 process, host id (8)
///  32 image (4)      36 first line (4)
///  40 which patterns match it, one bit each (8)
///  48 qualified name: length in characters (8), state word of the str (4), bytes copied or -1 (4), bytes
///     file name: the same again
///     room the program works in, of no meaning to the reader
/// </code></remarks>
static class PythonCodeRecord
{
    public const int Code = 8;
    public const int Identity = 16;
    public const int Process = 24;
    public const int Image = 32;
    public const int FirstLine = 36;
    public const int Matches = 40;
    public const int Name = 48;
    public const int File = Name + TextSize;

    /// <summary>Where the code object is read to, and the state of what goes on kept: the program's own business.</summary>
    public const int Work = File + TextSize;

    /// <summary>Bytes of a code object that are read at most.</summary>
    public const int CodeBytes = 128;

    /// <summary>Where a search through a name stands: see <see cref="PythonMatcher"/>.</summary>
    public const int State = Work + CodeBytes;
    public const int StateSize = 64;

    /// <summary>The steps of the glob that is being matched, 4 bytes each.</summary>
    public const int Pattern = State + StateSize;
    public const int MostSteps = 256;
    public const int Size = Pattern + (4 * MostSteps);

    public const int TextLength = 0;
    public const int TextState = 8;
    public const int TextCopied = 12;
    public const int TextBytes = 16;

    /// <summary>The most bytes of one name.</summary>
    public const int TextCapacity = 512;

    /// <summary>The bytes are followed by some that are never written: a character is loaded whole, and the verifier wants room for it.</summary>
    public const int TextSize = TextBytes + TextCapacity + 8;
}
