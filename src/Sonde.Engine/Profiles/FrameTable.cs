using System.Runtime.InteropServices;

namespace Sonde.Engine.Profiles;

/// <summary>Every different frame of a profile once, by number. Not safe for concurrent use.</summary>
public sealed class FrameTable
{
    readonly Dictionary<Frame, int> _numbers = [];
    readonly List<Frame> _frames = [];

    /// <summary>How many there are.</summary>
    public int Count => _frames.Count;

    /// <summary>The frame of a number.</summary>
    public Frame this[int number] => _frames[number];

    /// <summary>The number of a frame, given to it now if it is new.</summary>
    public int Intern(in Frame frame)
    {
        if (_numbers.TryGetValue(frame, out var number))
        {
            return number;
        }

        var valid = frame with { Function = ProfileText.Of(frame.Function), File = ProfileText.Of(frame.File) };
        ref var added = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, valid, out var known);
        if (!known)
        {
            added = _frames.Count;
            _frames.Add(valid);
        }

        return added;
    }
}
