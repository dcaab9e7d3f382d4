namespace Sonde.Python.Stacks;

/// <summary>What one look at a thread saw: its chain of frames, innermost first.</summary>
sealed class FrameLook
{
    SeenFrame[] _frames = new SeenFrame[64];
    ulong _machinePlace;

    /// <summary>The frames.</summary>
    public ReadOnlySpan<SeenFrame> Frames => _frames.AsSpan(0, Count);

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Whether all came in one reading; else some were read later than the others.</summary>
    public bool IsAtOnce { get; set; }

    /// <summary>Whether the chain was followed to its end.</summary>
    public bool IsWhole { get; set; }

    /// <summary>Whether that reading took no longer than such readings do, so that nothing held it up in the middle.</summary>
    public bool IsUnbroken { get; set; }

    /// <summary>Where on the machine's stack the evaluation loop runs the innermost frames; 0 when that cannot be told.</summary>
    public ulong MachinePlace
    {
        get
        {
            if (_machinePlace == 0)
            {
                foreach (ref readonly var frame in Frames)
                {
                    if (frame.IsShim)
                    {
                        return frame.Address;
                    }
                }
            }

            return _machinePlace;
        }

        set => _machinePlace = value;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        Count = 0;
        _machinePlace = 0;
        IsAtOnce = true;
        IsWhole = false;
    }

    /// <summary>Adds the next outer frame.</summary>
    public void Add(in SeenFrame frame)
    {
        if (Count == _frames.Length)
        {
            Array.Resize(ref _frames, 2 * Count);
        }

        _frames[Count++] = frame;
    }

    /// <summary>How many frames, from the outermost on, are the same as another look's, the instruction they are at included.</summary>
    public int CountSame(FrameLook other)
    {
        var most = Math.Min(Count, other.Count);
        var same = 0;
        while (same < most && _frames[Count - 1 - same] == other._frames[other.Count - 1 - same])
        {
            same++;
        }

        return same;
    }
}
