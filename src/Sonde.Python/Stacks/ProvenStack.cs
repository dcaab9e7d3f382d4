namespace Sonde.Python.Stacks;

/// <summary>A thread's stack as it was last proven: callers that are still where they were need not be described and proven again.</summary>
sealed class ProvenStack
{
    /// <summary>A caller not seen for so long is looked at again, in case its code object is another one by now.</summary>
    const int MostAgeMs = CodeTable.RecheckAfterMs;

    /// <summary>Of a deeper stack nothing is kept.</summary>
    const int MostFrames = 4096;

    SeenFrame[] _seen = [];
    RawFrame[] _frames = [];

    /// <summary>How many of <see cref="_frames"/> lie before (within) each of <see cref="_seen"/>; one more at the end.</summary>
    int[] _before = [0];

    int _seenCount;
    int _frameCount;
    int _changes;
    long _checkedAtMs;

    /// <summary>Keeps a stack, everything innermost first.</summary>
    /// <param name="seen">What was seen.</param>
    /// <param name="before">How many frames lie before each of those, and how many there are.</param>
    /// <param name="frames">The frames.</param>
    /// <param name="changes">The state of the code objects (<see cref="CodeTable.Changes"/>).</param>
    public void Keep(ReadOnlySpan<SeenFrame> seen, ReadOnlySpan<int> before, ReadOnlySpan<RawFrame> frames, int changes)
    {
        if (seen.Length > MostFrames)
        {
            (_seenCount, _frameCount) = (0, 0);
            _before[0] = 0;
            return;
        }

        if (_seen.Length < seen.Length)
        {
            var room = Math.Min(2 * seen.Length, MostFrames);
            _seen = new SeenFrame[room];
            _frames = new RawFrame[room];
            _before = new int[room + 1];
        }

        seen.CopyTo(_seen);
        frames.CopyTo(_frames);
        before.CopyTo(_before);
        (_seenCount, _frameCount, _changes) = (seen.Length, frames.Length, changes);
    }

    /// <summary>Whether the code objects of all frames have to be looked at again; says so once in a while.</summary>
    public bool IsOld()
    {
        var now = Environment.TickCount64;
        if (now - _checkedAtMs < MostAgeMs)
        {
            return false;
        }

        _checkedAtMs = now;
        return true;
    }

    /// <summary>The outermost frames that are as they were.</summary>
    /// <param name="seen">What is seen now.</param>
    /// <param name="changes">The state of the code objects.</param>
    /// <param name="from">The first of <paramref name="seen"/> that need not be looked at; as many as there are when all must be.</param>
    /// <returns>Their frames, innermost first.</returns>
    public ReadOnlySpan<RawFrame> FindSame(ReadOnlySpan<SeenFrame> seen, int changes, out int from)
    {
        var most = changes == _changes ? Math.Min(seen.Length, _seenCount) : 0;
        var same = 0;
        while (same < most && seen[^(same + 1)] == _seen[_seenCount - 1 - same])
        {
            same++;
        }

        // What is no frame itself tells something of the one before, so that it must not be the first.
        var at = _seenCount - same;
        while (at < _seenCount && _before[at] == _before[at + 1])
        {
            at++;
        }

        from = seen.Length - (_seenCount - at);
        return _frames.AsSpan(_before[at].._frameCount);
    }

    /// <summary>How many frames lie before what is seen at the end, for all from an index on that are as they were.</summary>
    /// <param name="before">Filled from that index on.</param>
    /// <param name="from">That index.</param>
    /// <param name="fresh">How many frames lie before it now.</param>
    public void CopyBefore(Span<int> before, int from, int fresh)
    {
        var at = _seenCount - (before.Length - 1 - from);
        for (var i = from; i < before.Length; i++)
        {
            before[i] = fresh + _before[at + i - from] - _before[at];
        }
    }
}
