using System.Globalization;

namespace Sonde.Engine.Stacks;

/// <summary>A frame of a stack of machine code and Python: one of the two.</summary>
/// <param name="Native">The frame of machine code; null for one of Python.</param>
/// <param name="PythonIndex">Which of the Python frames, counted from the innermost; -1 for machine code.</param>
public readonly record struct JoinedFrame(NativeFrame? Native, int PythonIndex);

/// <summary>A thread's machine code and Python in one.</summary>
public sealed record JoinedTrace
{
    /// <summary>The machine code alone.</summary>
    public required NativeTrace Native { get; init; }

    /// <summary>The frames, innermost first; empty when the two do not fit together.</summary>
    public IReadOnlyList<JoinedFrame> Frames { get; init; } = [];

    /// <summary>Why the two were not joined; null when they were.</summary>
    public string? Mismatch { get; init; }
}

/// <summary>Puts Python frames where the interpreter evaluates them.</summary>
/// <remarks>
/// Each activation of the evaluation function runs a row of Python frames: Python functions that call each other stay in it (3.11 and later), until one was called from C. Up to 3.10 each
/// Python frame has an activation of its own, so all count as called from C. Its functions for opcodes and the parts split off from it are all one activation, next to each other.
/// </remarks>
public static class NativeJoin
{
    /// <summary>Joins them.</summary>
    /// <param name="native">The machine code.</param>
    /// <param name="calledFromC">Of each Python frame, innermost first, whether it was called from C, and so is the first of its activation.</param>
    public static JoinedTrace Join(NativeTrace native, IReadOnlyList<bool> calledFromC)
    {
        ArgumentNullException.ThrowIfNull(native);
        ArgumentNullException.ThrowIfNull(calledFromC);
        if (native.Problem is { } problem)
        {
            return new() { Native = native, Mismatch = problem };
        }

        List<JoinedFrame> frames = new(native.Frames.Count + calledFromC.Count);
        var (python, activations) = (0, 0);
        for (var i = 0; i < native.Frames.Count; i++)
        {
            var frame = native.Frames[i];
            frames.Add(new(frame, -1));
            // Inlined functions of one activation, and a handler of an opcode called by the function that began it, are not activations of their own.
            if (!frame.IsEvaluation || frame.IsInlined || (i + 1 < native.Frames.Count && IsPartOf(frame, native.Frames[i + 1])))
            {
                continue;
            }

            activations++;
            var first = python;
            while (python < calledFromC.Count && !calledFromC[python++])
            {
            }

            if (first == python || !calledFromC[python - 1])
            {
                return Mismatched(native, calledFromC, activations);
            }

            frames.AddRange(Enumerable.Range(first, python - first).Select(index => new JoinedFrame(null, index)));
        }

        // A stack that was cut ends in the middle of Python.
        return python == calledFromC.Count || native.Truncated is not null
            ? new() { Native = native, Frames = [.. frames, .. Enumerable.Range(python, calledFromC.Count - python).Select(index => new JoinedFrame(null, index))] }
            : Mismatched(native, calledFromC, activations);
    }

    static bool IsPartOf(NativeFrame handler, NativeFrame caller) =>
        handler.IsHandler && caller is { IsEvaluation: true, IsHandler: false, IsInlined: false };

    static JoinedTrace Mismatched(NativeTrace native, IReadOnlyList<bool> calledFromC, int activations)
    {
        var all = native.Frames.Count(frame => frame is { IsEvaluation: true, IsInlined: false });
        return new()
        {
            Native = native,
            Mismatch = string.Create(
                CultureInfo.InvariantCulture,
                $"the machine code evaluates Python {Math.Max(all, activations)} times, but the Python stack has {calledFromC.Count(fromC => fromC)} calls from C; they were read while the thread was between the two, or its code is not known"),
        };
    }
}
