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

    /// <summary>What a code object is called; null when it cannot be read.</summary>
    public string? NameOf(ulong code) => code != 0 && codes.TryGet(code, out var found) ? found.Function : null;
}
