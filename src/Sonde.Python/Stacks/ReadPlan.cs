namespace Sonde.Python.Stacks;

/// <summary>Where a thread's frames are expected, from where they were: the places that one gathering read takes.</summary>
/// <remarks>Frames that lie close together are read as one place; the topmost of a data stack gets room for frames to come.</remarks>
sealed class ReadPlan
{
    const int JoinGapBytes = 1024, RoomBytes = 1536, MostBytes = 4 << 20, MostPlaces = 4096;

    ulong[] _addresses = new ulong[16];
    int[] _lengths = new int[16];
    int[] _offsets = new int[16];
    int _frames;
    int _frameCount;
    int _tooLarge;
    long _shortest;

    /// <summary>The outermost frame of the thread and its code, as last verified.</summary>
    public (ulong Frame, ulong Code) Outermost { get; set; }

    /// <summary>How many places there are.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes of all places together.</summary>
    public int TotalBytes { get; private set; }

    /// <summary>The places' addresses.</summary>
    public ReadOnlySpan<ulong> Addresses => _addresses.AsSpan(0, Count);

    /// <summary>The places' lengths in bytes.</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, Count);

    /// <summary>The index of the last place that holds frames.</summary>
    public int LastFrames => _frameCount - 1;

    /// <summary>Starts anew.</summary>
    public void Begin()
    {
        Count = 0;
        TotalBytes = 0;
    }

    /// <summary>Adds a frame; from the outermost on, so that callers are read before those they call.</summary>
    public void AddFrame(ulong address, int length)
    {
        const int room = 8;
        if (Count >= MostPlaces - room || TotalBytes > MostBytes - JoinGapBytes * room)
        {
            return;
        }

        if (Count > 0)
        {
            var last = Count - 1;
            var end = _addresses[last] + (ulong)_lengths[last];
            if (address >= _addresses[last] && address <= unchecked(end + JoinGapBytes) && unchecked(address + (ulong)length) > address)
            {
                var grown = (int)Math.Max(end - _addresses[last], address + (ulong)length - _addresses[last]);
                TotalBytes += grown - _lengths[last];
                _lengths[last] = grown;
                return;
            }
        }

        Add(address, length);
    }

    /// <summary>Makes the place that ends in a data stack's chunk longer, for calls to come.</summary>
    /// <param name="start">The chunk's beginning.</param>
    /// <param name="limit">Its end.</param>
    public void AddRoom(ulong start, ulong limit)
    {
        for (var i = Count - 1; i >= 0; i--)
        {
            var end = _addresses[i] + (ulong)_lengths[i];
            if (_addresses[i] >= start && end < limit)
            {
                var room = (int)Math.Min(RoomBytes, limit - end);
                _lengths[i] += room;
                TotalBytes += room;
                return;
            }
        }
    }

    /// <summary>Adds what says which frame is the innermost, and ends the plan. It is read last, right after the innermost frames: those change most.</summary>
    /// <param name="frames">How many frames the plan is made for.</param>
    /// <param name="holder">The structure that holds the innermost frame; 0 when the thread itself does.</param>
    /// <param name="holderLength">Its length in bytes.</param>
    /// <param name="thread">The thread.</param>
    /// <param name="threadLength">Its length in bytes.</param>
    public void End(int frames, ulong holder, int holderLength, ulong thread, int threadLength)
    {
        _frames = frames;
        _tooLarge = 0;
        _frameCount = Count;
        _shortest = 0;
        if (holder != 0)
        {
            Add(holder, holderLength);
        }

        Add(thread, threadLength);
        for (int i = 0, at = 0; i < Count; i++)
        {
            _offsets[i] = at;
            at += _lengths[i];
        }
    }

    /// <summary>Where the thread lies in what was read.</summary>
    public int ThreadOffset => _offsets[Count - 1];

    /// <summary>Whether a reading was not interrupted, by how long others of the same plan took.</summary>
    /// <param name="ticks">How long it took, in ticks of any clock.</param>
    public bool IsUnbroken(long ticks)
    {
        if (_shortest == 0)
        {
            _shortest = ticks;
            return false;
        }

        // The shortest is forgotten slowly: the machine's speed changes.
        var isUnbroken = ticks <= _shortest + _shortest / 2;
        _shortest = Math.Min(_shortest + _shortest / 64 + 1, ticks);
        return isUnbroken;
    }

    /// <summary>Whether there were far fewer frames than planned for, again and again.</summary>
    public bool IsTooLargeFor(int frames)
    {
        const int patience = 32, spare = 32;
        _tooLarge = frames + spare < _frames / 2 ? _tooLarge + 1 : 0;
        return _tooLarge > patience;
    }

    /// <summary>Where some bytes lie in what was read.</summary>
    /// <param name="address">Their address.</param>
    /// <param name="length">How many.</param>
    /// <param name="hint">The place to look in first; set to the one they are in.</param>
    /// <returns>-1 when they are not in it.</returns>
    public int Find(ulong address, int length, ref int hint)
    {
        for (var tried = 0; tried < Count; tried++)
        {
            var i = hint - tried;
            i = i < 0 ? i + Count : i;
            if (address >= _addresses[i] && address - _addresses[i] <= (ulong)Math.Max(_lengths[i] - length, 0) && _lengths[i] >= length)
            {
                hint = i;
                return _offsets[i] + (int)(address - _addresses[i]);
            }
        }

        return -1;
    }

    void Add(ulong address, int length)
    {
        // The thread itself always finds room.
        if (Count >= MostPlaces || TotalBytes > MostBytes)
        {
            return;
        }

        if (Count == _addresses.Length)
        {
            Array.Resize(ref _addresses, 2 * Count);
            Array.Resize(ref _lengths, 2 * Count);
            Array.Resize(ref _offsets, 2 * Count);
        }

        _addresses[Count] = address;
        _lengths[Count++] = length;
        TotalBytes += length;
    }
}
