using System.Globalization;
using System.Runtime.InteropServices;
using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Python.Stacks;

namespace Sonde.Engine.Sampling;

/// <summary>The numbers that a recorder gave to the frames of one process.</summary>
sealed class StackInterning(CodeTable codes, SampleRecorder recorder, SlowCalls? when)
{
    /// <summary>By the code object as it was decoded, not by its address, which another one may come to have.</summary>
    readonly Dictionary<(CodeObject Code, int Offset), int> _frames = [];

    readonly Dictionary<CodeObject, bool> _meant = [];

    readonly Dictionary<long, int> _interpreters = [];

    /// <summary>Whether a frame is of a function whose slow calls are recorded.</summary>
    public bool IsMeant(in RawFrame frame)
    {
        if (when is null || !codes.TryGet(frame.Code, out var code))
        {
            return false;
        }

        ref var meant = ref CollectionsMarshal.GetValueRefOrAddDefault(_meant, code, out var known);
        if (!known)
        {
            meant = when.Means(code.Function, code.File);
        }

        return meant;
    }

    /// <summary>The number of the stack in which a frame is called from <paramref name="caller"/>.</summary>
    /// <returns>False when its code object cannot be read.</returns>
    public bool TryIntern(int caller, in RawFrame frame, out int stack)
    {
        stack = caller;
        if (!codes.TryGet(frame.Code, out var code))
        {
            return false;
        }

        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_frames, (code, frame.InstructionOffsetBytes), out var known);
        if (!known)
        {
            number = recorder.Frame(new Frame(FrameKind.Python, code.Function, code.File, code.Locate(frame.InstructionOffsetBytes)?.Line ?? 0, code.FirstLine));
        }

        stack = recorder.Stack(caller, number);
        return true;
    }

    /// <summary>The number of the stack in which code of an interpreter is called from <paramref name="caller"/>: it is said where that is another one than it was, at first the main one.</summary>
    /// <param name="caller">The stack of the callers.</param>
    /// <param name="parts">Which of a stack's frames run in which interpreter, the innermost part first.</param>
    /// <param name="index">The frame to be called next, counted from the innermost.</param>
    public int Enter(int caller, IReadOnlyList<StackPart> parts, int index)
    {
        var frames = 0;
        for (var i = 0; i < parts.Count; i++)
        {
            frames += parts[i].Frames;
            if (index == frames - 1 && (i + 1 < parts.Count || parts[i].State.InterpreterId != 0))
            {
                return Enter(caller, parts[i].State.InterpreterId);
            }
        }

        return caller;
    }

    /// <summary>The number of the stack in which an interpreter is entered from <paramref name="caller"/>.</summary>
    public int Enter(int caller, long interpreter)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_interpreters, interpreter, out var known);
        if (!known)
        {
            number = recorder.Frame(new Frame(FrameKind.Marker, interpreter == 0 ? "[main interpreter]" : string.Create(CultureInfo.InvariantCulture, $"[sub-interpreter {interpreter}]"), "", 0));
        }

        return recorder.Stack(caller, number);
    }

    /// <summary>What a code object is called; null when it cannot be read.</summary>
    public string? NameOf(ulong code) => code != 0 && codes.TryGet(code, out var found) ? found.Function : null;
}
