using System.Buffers.Binary;
using Sonde.Script.Lowering.Python;

namespace Sonde.Engine.Flow;

/// <summary>What a record in the flow's ring buffer tells. The one description of the bytes: the kernel program stores with these offsets, the decoder reads with them.</summary>
/// <remarks><code>
///  all kinds      0 kind (1) | 1 detail (1) | 2 cpu (2) | 4 image (2) | 6 site (2)
///                 8 tgid &lt;&lt; 32 | tid          16 time, ns, CLOCK_MONOTONIC
///  Enter, Late   24 code object   32 frame     40 parent frame (tid when there is none)
///  Exit          24 parent frame  32 frame, 0 when the site does not tell
///  EnterValues   as Enter, then 48 bytes of pieces (4), whether something did not fit (4), how many pieces could not be read (4), 64 the pieces (CapturedMemory)
///  ExitValues    as Exit, then the same
///  Held          as EnterValues, of a call that is shown later, if ever
///  Lasting       pieces in the same place; the rest as far as all kinds have it, but for the time
///  Code          24 code object   32 identity  40 type object of the code object
///                48 co_flags (4)  52 first line (4)
///                56 qualified name: length in characters (8), PyUnicode state (4), bytes copied or -1 (4), bytes
///                   file name: the same again
/// </code></remarks>
static class FlowRecord
{
    /// <summary>A frame was entered.</summary>
    public const byte Enter = 1;

    /// <summary>A frame was left; the detail byte is a <see cref="FlowEventKind"/>.</summary>
    public const byte Exit = 2;

    /// <summary>A code object is seen for the first time; comes before the first record that names it.</summary>
    public const byte Code = 3;

    /// <summary>A frame that was entered earlier and is reported now, because a call inside it turned out long enough.</summary>
    public const byte Late = 4;

    /// <summary>As <see cref="Enter"/>, with the arguments.</summary>
    public const byte EnterValues = 5;

    /// <summary>As <see cref="Exit"/>, with the result.</summary>
    public const byte ExitValues = 6;

    /// <summary>The arguments of a call that may be reported later.</summary>
    public const byte Held = 7;

    /// <summary>Type objects, and what variables are called: what values are shown with.</summary>
    public const byte Lasting = PythonCaptureSends.Lasting;

    public const int KindOffset = 0;
    public const int DetailOffset = 1;
    public const int CpuOffset = 2;
    public const int ImageOffset = 4;
    public const int SiteOffset = 6;
    public const int ThreadOffset = 8;
    public const int TimeOffset = 16;

    public const int EnterCode = 24;
    public const int EnterFrame = 32;
    public const int EnterParent = 40;
    public const int EnterSize = 48;

    public const int ExitParent = 24;
    public const int ExitFrame = 32;
    public const int ExitSize = 40;

    public const int ValuesLength = 48;
    public const int ValuesCut = 52;
    public const int ValuesUnreadable = 56;
    public const int Values = PythonCaptureMaps.HeaderSize;

    public const int CodeAddress = 24;
    public const int CodeIdentity = 32;
    public const int CodeType = 40;
    public const int CodeFlags = 48;
    public const int CodeFirstLine = 52;
    public const int CodeName = 56;
    public const int CodeFile = CodeName + TextSize;
    public const int CodeSize = CodeFile + TextSize;

    public const int TextLength = 0;
    public const int TextState = 8;
    public const int TextCopied = 12;
    public const int TextBytes = 16;

    /// <summary>The most bytes of one name that the kernel copies; what is cut is fetched from outside if it is still there.</summary>
    public const int TextCapacity = 512;
    public const int TextSize = TextBytes + TextCapacity;

    public static ulong UInt64(ReadOnlySpan<byte> record, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(record[offset..]);

    public static ushort UInt16(ReadOnlySpan<byte> record, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(record[offset..]);

    public static int Int32(ReadOnlySpan<byte> record, int offset) => BinaryPrimitives.ReadInt32LittleEndian(record[offset..]);
}
