using Sonde.Python.Layouts;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Inside;

/// <summary>What code that runs inside an interpreter, called by it at entries and exits, must know of its structures. Offsets in bytes on 64-bit Linux.</summary>
/// <remarks>
/// From 3.12 on the interpreter calls back through <c>sys.monitoring</c> (PEP 669). Before, through the profile function of each thread (Include/cpython/pystate.h
/// and Python/ceval.c of each minor version; the fields named here lie in the head of the structure and did not move between patch releases).
/// </remarks>
public sealed record AgentLayout
{
    /// <summary>Frames, code objects and strings.</summary>
    public required CallLayout Calls { get; init; }

    /// <summary>True where <c>sys.monitoring</c> calls back; false where each thread has a profile function.</summary>
    public required bool UsesMonitoring { get; init; }

    /// <summary>Thread: the kernel's number of it (3.12 and later), which tells threads apart even when a thread state's memory is used again.</summary>
    public int ThreadNativeId { get; init; }

    /// <summary>Thread, up to 3.11: <c>c_profilefunc</c>.</summary>
    public int ThreadProfileFunction { get; init; }

    /// <summary>Thread, up to 3.11: <c>c_tracefunc</c>.</summary>
    public int ThreadTraceFunction => ThreadProfileFunction + 8;

    /// <summary>Thread, up to 3.9: <c>use_tracing</c>, an int; in 3.10 and 3.11 a pointer to the <c>CFrame</c> that begins with it.</summary>
    public int ThreadUseTracing { get; init; }

    /// <summary>Whether <see cref="ThreadUseTracing"/> is a pointer to the flag (3.10 and 3.11).</summary>
    public bool UseTracingIsInCFrame { get; init; }

    /// <summary>What the flag is when a profile function is set: 1, or in 3.11 255 in one byte.</summary>
    public int UseTracingValue => UseTracingIsByte ? 255 : 1;

    /// <summary>Whether the flag is one byte (3.11) rather than an int.</summary>
    public bool UseTracingIsByte { get; init; }

    /// <summary>Frame object, 3.11: <c>f_frame</c>, the frame itself; null where the frame object is the frame.</summary>
    public int? FrameObjectFrame { get; init; }

    /// <summary>Code object, up to 3.10: <c>co_code</c>, the bytes object of the instructions; null where a frame points to its instruction.</summary>
    public int? CodeInstructions { get; init; }

    /// <summary>Bytes object: the first byte (Include/cpython/bytesobject.h).</summary>
    public const int BytesContents = 32;

    /// <summary>The bytes that one count of <c>f_lasti</c> stands for: 2 in 3.10, 1 before.</summary>
    public int InstructionUnit { get; init; } = 1;

    /// <summary>The opcode RETURN_VALUE (Include/opcode.h, 3.7 to 3.11).</summary>
    public const byte ReturnValue = 83;

    /// <summary>The layout for an interpreter.</summary>
    /// <exception cref="LayoutException">Nothing can be called inside this interpreter; the message says why.</exception>
    public static AgentLayout For(PythonVersion version, ElfFile image)
    {
        var calls = CallLayout.For(version, image);
        var runtime = RuntimeLayout.For(version, image);
        var profiled = new AgentLayout
        {
            Calls = calls, UsesMonitoring = false, ThreadProfileFunction = 56, ThreadUseTracing = 48, CodeInstructions = runtime.CodeInstructions,
        };
        return version.Minor switch
        {
            7 or 8 or 9 => profiled,
            10 => profiled with { UseTracingIsInCFrame = true, InstructionUnit = 2 },
            11 => profiled with
            {
                UseTracingIsInCFrame = true, UseTracingIsByte = true, ThreadUseTracing = 56, ThreadProfileFunction = 64, FrameObjectFrame = 24, CodeInstructions = null,
            },
            >= 12 => new AgentLayout { Calls = calls, UsesMonitoring = true, ThreadNativeId = runtime.ThreadNativeId!.Value },
            _ => throw new LayoutException($"CPython {version} cannot be followed from inside, which works for 3.7 and later"),
        };
    }
}
