using System.Globalization;
using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Stacks;
using Sonde.Python.Stacks;

namespace Sonde.Engine.Sampling;

/// <summary>Takes the stacks of one process with its machine code between the Python frames.</summary>
/// <remarks>The interpreter's evaluation of Python code is not shown: the Python frames are what it does.</remarks>
sealed class NativeSampling(int pid, StackInterning interning, SampleRecorder recorder) : IDisposable
{
    /// <summary>A thread that runs is waited for by the kernel's clock, whose ticks may be some milliseconds apart.</summary>
    static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(12);

    readonly NativeStacks _stacks = NativeStacks.Open(pid);
    readonly Dictionary<(string? Function, ulong Address, string Place, int Line), int> _frames = [];
    int? _unknown;

    /// <summary>The number of a thread's stack now.</summary>
    /// <param name="tid">The thread.</param>
    /// <param name="states">The thread as its interpreters know it.</param>
    /// <param name="reader">Reads Python stacks.</param>
    /// <param name="python">Filled with its Python frames, innermost first.</param>
    /// <returns>Null when neither part could be read.</returns>
    public int? Take(int tid, IReadOnlyList<ThreadRecord> states, NestedStacks reader, List<RawFrame> python)
    {
        var joined = _stacks.TakeJoined(tid, _patience, reader, states, python);
        if (joined.Mismatch is null)
        {
            return Intern(joined, python, reader.Parts);
        }

        return python.Count > 0 ? WithoutNative(python, reader.Parts) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _stacks.Dispose();

    int? Intern(JoinedTrace joined, List<RawFrame> python, IReadOnlyList<StackPart> parts)
    {
        var stack = StackTable.Empty;
        for (var i = joined.Frames.Count - 1; i >= 0; i--)
        {
            var frame = joined.Frames[i];
            if (frame.Native is { } native)
            {
                stack = native.IsEvaluation || native.IsHandler ? stack : recorder.Stack(stack, NumberOf(native));
            }
            else if (!interning.TryIntern(interning.Enter(stack, parts, frame.PythonIndex), python[frame.PythonIndex], out stack))
            {
                return null;
            }
        }

        return stack;
    }

    /// <summary>The Python frames alone, and that the machine code is missing.</summary>
    int? WithoutNative(List<RawFrame> python, IReadOnlyList<StackPart> parts)
    {
        var stack = StackTable.Empty;
        for (var i = python.Count - 1; i >= 0; i--)
        {
            if (!interning.TryIntern(interning.Enter(stack, parts, i), python[i], out stack))
            {
                return null;
            }
        }

        _unknown ??= recorder.Frame(new Frame(FrameKind.Marker, "[machine code not seen]", "", 0));
        return recorder.Stack(stack, _unknown.Value);
    }

    int NumberOf(in NativeFrame frame)
    {
        var place = frame.File ?? frame.Module;
        var key = (frame.Function, frame.Function is null ? frame.Address : 0, place, frame.Line);
        if (!_frames.TryGetValue(key, out var number))
        {
            var function = frame.Function ?? string.Create(CultureInfo.InvariantCulture, $"0x{frame.Address:x}");
            number = recorder.Frame(new Frame(FrameKind.Native, function, place, frame.Line));
            _frames.Add(key, number);
        }

        return number;
    }
}
