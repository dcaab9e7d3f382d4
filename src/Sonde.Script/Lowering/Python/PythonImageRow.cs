using System.Buffers.Binary;
using Sonde.Python;
using Sonde.Python.Layouts;

namespace Sonde.Script.Lowering.Python;

/// <summary>
/// An entry of <see cref="PythonMaps.Images"/>: what programs must know of an interpreter to walk its stacks, numbers of 4 bytes. In a map, and not in the code,
/// because interpreters are met that did not run when the programs were written.
/// </summary>
/// <remarks>A frame and a code object are read in one piece each; <c>InFrame…</c> and <c>InCode…</c> are offsets into those.</remarks>
static class PythonImageRow
{
    public const int FrameStart = 0;
    public const int FrameSize = 4;
    public const int InFrameCode = 8;
    public const int InFramePrevious = 12;
    public const int InFrameInstruction = 16;

    /// <summary>Not 0 where the instruction is an index of 4 bytes and no address (up to 3.10).</summary>
    public const int InstructionIsIndex = 20;
    public const int InFrameOwner = 24;

    /// <summary>Frames of owners from this number on are the interpreter's own.</summary>
    public const int OwnerLimit = 28;
    public const int CodeTag = 32;
    public const int CodeStart = 36;
    public const int CodeSize = 40;
    public const int InCodeFirstLine = 44;
    public const int InCodeName = 48;
    public const int InCodeFile = 52;
    public const int InCodeLines = 56;
    public const int InCodeVersion = 60;
    public const int ThreadFrame = 64;

    /// <summary>Where the thread state points to a <c>_PyCFrame</c>: the place of the frame in that, and 1.</summary>
    public const int FrameInCFrame = 68;

    /// <summary>The pointer to the previous thread state, with the one to the next behind it (both are first in <c>PyThreadState</c>, Include/cpython/pystate.h).</summary>
    public const int ThreadLinks = 72;
    public const int ThreadId = 76;
    public const int InterpreterNext = 80;
    public const int InterpreterThreads = 84;
    public const int TextLength = 88;
    public const int TextState = 92;
    public const int TextAscii = 96;
    public const int TextCompact = 100;
    public const int ItemCount = 104;
    public const int BytesData = 108;

    /// <summary>Code object: the first instruction; 0 where instructions are indices.</summary>
    public const int CodeInstructions = 112;

    /// <summary>How lines are written down: the minor version in which that form came, 6, 10 or 11.</summary>
    public const int LineForm = 116;
    public const int Size = 120;

    /// <summary>The most bytes of a frame, and of a code object, that are read.</summary>
    public const int MostBytes = 128;

    /// <summary>The owners of frames from this on are the interpreter's own, with no code of the program in them (3.11 and later).</summary>
    const int InterpreterOwner = 3;

    /// <summary>The entry of an interpreter.</summary>
    public static byte[] Of(PythonVersion version, RuntimeLayout runtime, ValueLayout values)
    {
        var row = new byte[Size];
        var calls = runtime.Calls;
        var frame = Math.Min(calls.FrameCode, calls.FramePrevious) & ~7;
        var code = calls.CodeFlags & ~7;
        Set(FrameStart, frame);
        Set(FrameSize, (Math.Max(calls.FrameInstruction + 8, (calls.FrameOwner ?? 0) + 1) - frame + 7) & ~7);
        Set(InFrameCode, calls.FrameCode - frame);
        Set(InFramePrevious, calls.FramePrevious - frame);
        Set(InFrameInstruction, calls.FrameInstruction - frame);
        Set(InstructionIsIndex, calls.FrameOwner is null ? 1 : 0);
        Set(InFrameOwner, (calls.FrameOwner ?? frame) - frame);
        Set(OwnerLimit, calls.FrameOwner is null ? byte.MaxValue + 1 : InterpreterOwner);
        Set(CodeTag, (int)calls.CodeTagMask);
        Set(CodeStart, code);
        Set(CodeSize, Math.Max(calls.CodeLineTable, Math.Max(calls.CodeName, calls.CodeFile)) + 8 - code);
        Set(InCodeFirstLine, calls.CodeFirstLine - code);
        Set(InCodeName, calls.CodeName - code);
        Set(InCodeFile, calls.CodeFile - code);
        Set(InCodeLines, calls.CodeLineTable - code);
        Set(InCodeVersion, ((calls.CodeVersion ?? calls.CodeFirstLine) & ~7) - code);
        Set(ThreadFrame, calls.ThreadFrame);
        Set(FrameInCFrame, calls.CFrameFrame is { } inside ? inside + 1 : 0);
        Set(ThreadLinks, runtime.ThreadNext - 8);
        Set(ThreadId, runtime.ThreadPthreadId);
        Set(InterpreterNext, runtime.InterpreterNext);
        Set(InterpreterThreads, runtime.InterpreterThreads);
        Set(TextLength, calls.TextLength);
        Set(TextState, calls.TextState);
        Set(TextAscii, calls.TextAscii);
        Set(TextCompact, calls.TextCompact);
        Set(ItemCount, values.ItemCount);
        Set(BytesData, values.BytesData);
        Set(CodeInstructions, values.CodeInstructions ?? 0);
        Set(LineForm, version.Minor >= 11 ? 11 : version.Minor == 10 ? 10 : 6);
        return row;

        void Set(int field, int value) => BinaryPrimitives.WriteInt32LittleEndian(row.AsSpan(field), value);
    }
}
