using Sonde.Symbols.Elf;

namespace Sonde.Python.Layouts;

/// <summary>Where the fields lie that tell which function a frame runs. Offsets in bytes into CPython's structures on 64-bit Linux.</summary>
/// <remarks>
/// Up to 3.12 the offsets are those of Include/internal/pycore_frame.h, Include/cpython/pystate.h and Include/cpython/code.h of each minor version;
/// none of them moved between patch releases. From 3.13 on the interpreter describes itself in <c>_Py_DebugOffsets</c>
/// (Include/internal/pycore_debug_offsets.h), which is read from the image; the table then only holds what that structure does not tell.
/// </remarks>
public sealed record CallLayout
{
    /// <summary><c>PyThreadState</c>: the current frame, or up to 3.12 and from 3.11 on the <c>_PyCFrame</c> that holds it.</summary>
    public required int ThreadFrame { get; init; }

    /// <summary><c>_PyCFrame.current_frame</c> of 3.11 and 3.12; null where the thread state points to the frame itself.</summary>
    public int? CFrameFrame { get; init; }

    /// <summary><c>PyThreadState</c>: the exception being raised; not NULL exactly when a frame is left by one.</summary>
    public required int ThreadException { get; init; }

    /// <summary>Whether <see cref="ThreadException"/> is the exception itself (<c>current_exception</c>, 3.12 and later) or its type (<c>curexc_type</c>).</summary>
    public bool ExceptionIsObject { get; init; }

    /// <summary>Frame: the code object.</summary>
    public required int FrameCode { get; init; }

    /// <summary>The bits of the frame's code pointer that are a tag (<c>_PyStackRef</c>, 3.14 and later).</summary>
    public long CodeTagMask { get; init; }

    /// <summary>Frame: the caller's frame.</summary>
    public required int FramePrevious { get; init; }

    /// <summary>Frame: the instruction last started (<c>prev_instr</c>, <c>instr_ptr</c>; a pointer) or up to 3.10 <c>f_lasti</c> (an int, -1 before the first).</summary>
    public required int FrameInstruction { get; init; }

    /// <summary>Frame: who owns it (a byte, 3.11 and later; 1 is a generator); null before.</summary>
    public int? FrameOwner { get; init; }

    /// <summary>Frame, up to 3.9: the value stack's top, not NULL exactly while a generator is suspended.</summary>
    public int? FrameStackTop { get; init; }

    /// <summary>Frame, 3.10: the state (a signed byte; -1 is suspended).</summary>
    public int? FrameState { get; init; }

    /// <summary>Distance from a generator's frame back to its <c>gi_frame_state</c> (a signed byte; negative is suspended), 3.11 and later.</summary>
    public int? GeneratorStateBeforeFrame { get; init; }

    /// <summary>The opcodes of the RESUME family, 3.11 and later; their operand tells a start (0) from a resumption.</summary>
    public IReadOnlyList<byte> ResumeOpcodes { get; init; } = [];

    /// <summary>The bits of a RESUME operand that hold its location (Include/internal/pycore_opcode_utils.h).</summary>
    public int ResumeLocationMask { get; init; }

    /// <summary>True where generator expressions pass a RESUME before the generator object is made (3.15).</summary>
    public bool ResumeBeforeGeneratorCreation { get; init; }

    /// <summary>Code object: <c>co_flags</c>.</summary>
    public required int CodeFlags { get; init; }

    /// <summary>Code object: <c>co_firstlineno</c>.</summary>
    public required int CodeFirstLine { get; init; }

    /// <summary>Code object: <c>co_version</c>, unique to the object while it lives; null before 3.12.</summary>
    public int? CodeVersion { get; init; }

    /// <summary>Code object: <c>co_filename</c>.</summary>
    public required int CodeFile { get; init; }

    /// <summary>Code object: <c>co_qualname</c>, or up to 3.10 <c>co_name</c>.</summary>
    public required int CodeName { get; init; }

    /// <summary>Code object: the line table (<c>co_linetable</c>, <c>co_lnotab</c>); distinguishes code objects of one name.</summary>
    public required int CodeLineTable { get; init; }

    /// <summary>False where <see cref="CodeName"/> is the plain name and the qualified one must come from the source.</summary>
    public bool NamesAreQualified { get; init; } = true;

    /// <summary>Object: the type.</summary>
    public int ObjectType { get; init; } = 8;

    /// <summary>String: the length in characters.</summary>
    public int TextLength { get; init; } = 16;

    /// <summary>String: the state word; bits 2 to 4 are the bytes per character, bit 5 compact, bit 6 ASCII (Include/cpython/unicodeobject.h).</summary>
    public int TextState { get; init; } = 32;

    /// <summary>String: the characters when ASCII.</summary>
    public required int TextAscii { get; init; }

    /// <summary>String: the characters when compact and not ASCII.</summary>
    public required int TextCompact { get; init; }

    /// <summary>Bits of <c>co_flags</c> of generators, coroutines and asynchronous generators (Include/cpython/code.h).</summary>
    public const int GeneratorFlags = 0x2a0;

    /// <summary>The layout of an interpreter image.</summary>
    /// <exception cref="LayoutException">The version is unknown, or the image contradicts what is known of its version.</exception>
    public static CallLayout For(PythonVersion version, ElfFile image)
    {
        if (version.FreeThreaded)
        {
            throw new LayoutException($"CPython {version} is a free-threaded build, whose objects are laid out differently; only builds with the global interpreter lock can be traced");
        }

        return version.Minor switch
        {
            6 => HeapFrames with { ThreadException = 80, FrameInstruction = 120, FrameStackTop = 72, CodeFlags = 32, CodeFirstLine = 36, CodeFile = 96, CodeName = 104, CodeLineTable = 112 },
            7 => HeapFrames with { CodeFlags = 32, CodeFirstLine = 36, CodeFile = 96, CodeName = 104, CodeLineTable = 112, FrameStackTop = 72 },
            8 or 9 => HeapFrames with { FrameStackTop = 72 },
            10 => HeapFrames with { FrameInstruction = 96, FrameState = 108 },
            11 => InlineFrames with
            {
                ThreadFrame = 56, CFrameFrame = 8, ThreadException = 96, FrameCode = 32, FramePrevious = 48, FrameOwner = 69,
                CodeFirstLine = 72, CodeVersion = null, TextAscii = 48, TextCompact = 72, GeneratorStateBeforeFrame = 5, ResumeOpcodes = [151, 150],
            },
            12 => InlineFrames with { ThreadFrame = 56, CFrameFrame = 0, ThreadException = 96, ExceptionIsObject = true, ResumeOpcodes = [151, 240] },
            13 => DebugOffsets.Read(image, version).Describe(InlineFrames with { ResumeOpcodes = [149, 207, 236], ExceptionIsObject = true }),
            14 => DebugOffsets.Read(image, version).Describe(InlineFrames with { ResumeOpcodes = [128, 196, 245], ExceptionIsObject = true, CodeTagMask = 3, FrameOwner = 74 }),
            15 => DebugOffsets.Read(image, version).Describe(InlineFrames with
            {
                ResumeOpcodes = [128, 200, 201, 244], ExceptionIsObject = true, ResumeLocationMask = 7, CodeTagMask = 3, FrameOwner = 74, ThreadException = 136, ResumeBeforeGeneratorCreation = true,
            }),
            _ => throw new LayoutException($"CPython {version} is not known to this build, which knows 3.{PythonVersion.OldestMinor} to 3.{PythonVersion.NewestMinor}"),
        };
    }

    /// <summary>3.6 to 3.10: frames are objects of their own, linked by <c>f_back</c>.</summary>
    static CallLayout HeapFrames { get; } = new()
    {
        ThreadFrame = 24, ThreadException = 88, FrameCode = 32, FramePrevious = 24, FrameInstruction = 104,
        CodeFlags = 36, CodeFirstLine = 40, CodeFile = 104, CodeName = 112, CodeLineTable = 120, NamesAreQualified = false,
        TextAscii = 48, TextCompact = 72,
    };

    /// <summary>3.11 and later: frames lie on the thread's data stack, or inside the generator.</summary>
    static CallLayout InlineFrames { get; } = new()
    {
        ThreadFrame = 72, ThreadException = 112, FrameCode = 0, FramePrevious = 8, FrameInstruction = 56, FrameOwner = 70,
        CodeFlags = 48, CodeFirstLine = 68, CodeVersion = 92, CodeFile = 112, CodeName = 128, CodeLineTable = 136,
        TextAscii = 40, TextCompact = 56, GeneratorStateBeforeFrame = 5, ResumeLocationMask = 3,
    };
}
