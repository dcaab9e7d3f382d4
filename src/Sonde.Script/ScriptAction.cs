using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script;

/// <summary>
/// What user space does when a record comes. A record is an 8-byte number, the action's place in <see cref="CompiledScript.Actions"/>, then
/// <see cref="Payload"/>; the record may end early, behind the last byte of its last text.
/// </summary>
/// <param name="Kind">What to do.</param>
/// <param name="Payload">The values that come with it, in a layout that begins at byte 8 of the record.</param>
sealed record ScriptAction(ActionKind Kind, TupleType Payload)
{
    /// <summary>Where the payload begins in a record.</summary>
    public const int PayloadOffset = 8;

    /// <summary>The format of printf and its kin, as written after escapes; of <c>time</c> the strftime format; of <c>join</c> the separator; of a packet the file.</summary>
    public string Format { get; init; } = "";

    /// <summary>The map of print, clear and zero.</summary>
    public ScriptMap? Map { get; init; }

    /// <summary>The place in the script, for messages that name it.</summary>
    public SourceSpan? Span { get; init; }

    /// <summary>How many bytes at the start of a packet are left out.</summary>
    public int SkippedBytes { get; init; }

    /// <summary>The text of an assertion or run-time error.</summary>
    public string Message { get; init; } = "";
}

/// <summary>What user space does for a program.</summary>
enum ActionKind
{
    /// <summary>Writes the formatted payload.</summary>
    Printf,

    /// <summary>Like <see cref="Printf"/>, as an error message with the place.</summary>
    Errorf,

    /// <summary>Like <see cref="Printf"/>, as a warning with the place.</summary>
    Warnf,

    /// <summary>Like <see cref="Printf"/>, only with -v.</summary>
    Debugf,

    /// <summary>Runs the formatted payload as a shell command and writes its output.</summary>
    System,

    /// <summary>Writes the file the formatted payload names.</summary>
    Cat,

    /// <summary>Hands the payload to the program that made the script, as an event of its own type.</summary>
    Event,

    /// <summary>Writes the one value of the payload.</summary>
    PrintValue,

    /// <summary>Writes the map; payload: top, div (uint64 each, 0 for none).</summary>
    PrintMap,

    /// <summary>Writes one entry of a map whose value is an aggregate; payload: the key. The map is read when the record is.</summary>
    PrintMapEntry,

    /// <summary>Empties the map.</summary>
    ClearMap,

    /// <summary>Sets all values of the map to zero.</summary>
    ZeroMap,

    /// <summary>Writes the wall-clock time by <see cref="ScriptAction.Format"/>.</summary>
    Time,

    /// <summary>Writes the texts of the payload with <see cref="ScriptAction.Format"/> between them; payload: how many (uint64), the texts; more than fit are told.</summary>
    Join,

    /// <summary>Ends the script; payload: the exit code (int64).</summary>
    Exit,

    /// <summary>Removes a watchpoint; payload: the address.</summary>
    Unwatch,

    /// <summary>Tells of a failed helper (-k); payload: the helper's answer (int64).</summary>
    HelperError,

    /// <summary>Tells of a division by zero or another fault of the script at run time.</summary>
    RuntimeError,

    /// <summary>An assertion that failed: message with the place, then the end with exit code 1.</summary>
    AssertionFailed,

    /// <summary>
    /// Appends a packet to a file. The record comes in the buffer of packets; payload: when (uint64, <c>CLOCK_BOOTTIME</c>), how many bytes the packet
    /// has, how many of them follow (uint64 each), then these bytes.
    /// </summary>
    Packet,

    /// <summary>Names of a Python code object, sent once; its payload is the Python room's.</summary>
    PythonCode,

    /// <summary>A Python stack, sent once; its payload is the Python room's.</summary>
    PythonStack,

    /// <summary>Asks what a process runs; its payload is the Python room's.</summary>
    PythonProcess,
}
