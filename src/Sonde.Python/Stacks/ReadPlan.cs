namespace Sonde.Python.Stacks;

/// <summary>Where a thread's frames are expected, from where they were: the places that one gathering read takes.</summary>
/// <remarks>
/// Frames that lie close together are read as one place; the topmost of a data stack gets room for frames to come. Frames of the last plans are kept for a while:
/// a thread that goes up and down its stack comes back to them.
/// </remarks>
sealed class ReadPlan
{
    const int JoinGapBytes = 1024, RoomBytes = 1536, MostBytes = 4 << 20, MostFrames = 1 << 14, LeastKept = 64;

    ulong[] _frames = new ulong[64];
    int _frameCount;
    int _framesNeeded;
    ulong[] _addresses = new ulong[16];
    int[] _lengths = new int[16];
    int[] _offsets = new int[16];
    int _framePlaces;
    bool _hasHolder;
    int _tooLarge;
    double _shortest;

    /// <summary>The outermost frame of the thread and its code, as last verified.</summary>
    public (ulong Frame, ulong Code) Outermost { get; set; }

    /// <summary>The stack as last proven.</summary>
    public ProvenStack Proven { get; } = new();

    /// <summary>A place that is read along with the thread, right before it; its length 0 for none.</summary>
    public (ulong Address, int Length) Beside { get; private set; }

    /// <summary>How often the thread was seen to have gone on between two looks.</summary>
    public long Moves { get; set; }

    /// <summary>How many places there are.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes of all places together.</summary>
    public int TotalBytes { get; private set; }

    /// <summary>The places' addresses: frames by ascending address, what holds the innermost frame, and the thread.</summary>
    public ReadOnlySpan<ulong> Addresses => _addresses.AsSpan(0, Count);

    /// <summary>The places' lengths in bytes.</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, Count);

    /// <summary>Where the thread lies in what was read.</summary>
    public int ThreadOffset => _offsets[Count - 1];

    /// <summary>Where what is read along with it does.</summary>
    public int BesideOffset => _offsets[Count - 2];

    /// <summary>Plans to read nothing but the thread, and what is to be read along with it.</summary>
    public void Forget(ulong thread, int threadLength, (ulong Address, int Length) beside)
    {
        Beside = beside;
        _frameCount = 0;
        _framesNeeded = 0;
        Make([], 0, default, 0, 0, thread, threadLength);
    }

    /// <summary>Plans anew.</summary>
    /// <param name="frames">The frames there are.</param>
    /// <param name="frameLength">How much to read of each, in bytes.</param>
    /// <param name="chunk">The newest chunk of the thread's data stack, from its start to its end.</param>
    /// <param name="holder">The structure that holds the innermost frame; 0 when the thread itself does.</param>
    /// <param name="holderLength">Its length in bytes.</param>
    /// <param name="thread">The thread. It is read last, right after the innermost frames: those change most.</param>
    /// <param name="threadLength">Its length in bytes.</param>
    public void Make(ReadOnlySpan<SeenFrame> frames, int frameLength, (ulong Start, ulong End) chunk, ulong holder, int holderLength, ulong thread, int threadLength)
    {
        TakeFrames(frames);
        Count = 0;
        TotalBytes = 0;
        for (var i = 0; i < _frameCount; i++)
        {
            AddFrame(_frames[i], frameLength);
        }

        AddRoom(frames.IsEmpty ? 0 : frames[0].Address, chunk);
        _framePlaces = Count;
        _hasHolder = holder != 0;
        if (_hasHolder)
        {
            Add(holder, holderLength);
        }

        if (Beside.Length > 0)
        {
            Add(Beside.Address, Beside.Length);
        }

        Add(thread, threadLength);
        for (int i = 0, at = 0; i < Count; i++)
        {
            _offsets[i] = at;
            at += _lengths[i];
        }
    }

    /// <summary>Whether there were far fewer frames than planned for, again and again; then the plan ought to be made anew.</summary>
    public bool IsTooLargeFor(int frames)
    {
        const int patience = 64;
        _tooLarge = frames < _frameCount / 4 && _frameCount > LeastKept ? _tooLarge + 1 : 0;
        if (_tooLarge <= patience)
        {
            return false;
        }

        _frameCount = 0;
        _tooLarge = 0;
        return true;
    }

    /// <summary>Whether a reading was not interrupted, by how long others took for as much.</summary>
    /// <param name="ticks">How long it took, in ticks of any clock.</param>
    public bool IsUnbroken(long ticks)
    {
        // What a system call, another place and another byte take, in nanoseconds, on common machines; only their proportion matters.
        const double perCall = 700, perPlace = 130, perByte = 0.1;
        const double mostOverShortest = 1.5, forgetting = 1.0 / 64;
        var pace = ticks / (perCall + perPlace * Count + perByte * TotalBytes);
        if (_shortest == 0)
        {
            _shortest = pace;
            return false;
        }

        // The shortest is forgotten slowly: the machine's speed changes.
        var isUnbroken = pace <= _shortest * mostOverShortest;
        _shortest = Math.Min(_shortest * (1 + forgetting), pace);
        return isUnbroken;
    }

    /// <summary>Where a frame lies in what was read.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="length">How many bytes are needed of it.</param>
    /// <param name="hint">The place to look in first; set to the one it is in.</param>
    /// <returns>-1 when it is not in it.</returns>
    public int FindFrame(ulong address, int length, ref int hint)
    {
        if (hint < _framePlaces && Holds(hint, address, length))
        {
            return _offsets[hint] + (int)(address - _addresses[hint]);
        }

        var at = _addresses.AsSpan(0, _framePlaces).BinarySearch(address);
        at = at < 0 ? ~at - 1 : at;
        if (at < 0 || !Holds(at, address, length))
        {
            return -1;
        }

        hint = at;
        return _offsets[at] + (int)(address - _addresses[at]);
    }

    /// <summary>Where the holder of the innermost frame lies in what was read; -1 when another one is meant.</summary>
    public int FindHolder(ulong address, int length) => _hasHolder && Holds(_framePlaces, address, length) ? _offsets[_framePlaces] : -1;

    bool Holds(int place, ulong address, int length) =>
        address >= _addresses[place] && _lengths[place] >= length && address - _addresses[place] <= (ulong)(_lengths[place] - length);

    /// <summary>Takes the frames there are, and as many again of those there were before.</summary>
    void TakeFrames(ReadOnlySpan<SeenFrame> frames)
    {
        if (frames.Length > MostFrames)
        {
            frames = frames[^MostFrames..];
        }

        var kept = Math.Min(_frameCount, Math.Max(LeastKept, 2 * Math.Max(frames.Length, _framesNeeded)));
        _framesNeeded = frames.Length;
        if (_frames.Length < frames.Length + kept)
        {
            Array.Resize(ref _frames, 2 * (frames.Length + kept));
        }

        // Of those kept every one is as likely to come back; the plan is small enough.
        var count = kept;
        foreach (ref readonly var frame in frames)
        {
            _frames[count++] = frame.Address;
        }

        _frames.AsSpan(0, count).Sort();
        _frameCount = 0;
        for (var i = 0; i < count; i++)
        {
            if (_frameCount == 0 || _frames[i] != _frames[_frameCount - 1])
            {
                _frames[_frameCount++] = _frames[i];
            }
        }
    }

    void AddFrame(ulong address, int length)
    {
        if (TotalBytes > MostBytes || unchecked(address + (ulong)length) < address)
        {
            return;
        }

        if (Count > 0)
        {
            var last = Count - 1;
            var end = _addresses[last] + (ulong)_lengths[last];
            if (address <= unchecked(end + JoinGapBytes) && end + JoinGapBytes > end)
            {
                var grown = (int)(address + (ulong)length - _addresses[last]);
                TotalBytes += grown - _lengths[last];
                _lengths[last] = grown;
                return;
            }
        }

        Add(address, length);
    }

    /// <summary>Makes the place of the innermost frame longer, for calls to come, as far as the data stack's chunk goes.</summary>
    void AddRoom(ulong innermost, (ulong Start, ulong End) chunk)
    {
        var at = _addresses.AsSpan(0, Count).BinarySearch(innermost);
        at = at < 0 ? ~at - 1 : at;
        if (at < 0 || innermost < chunk.Start || innermost >= chunk.End)
        {
            return;
        }

        var end = _addresses[at] + (ulong)_lengths[at];
        var limit = at + 1 < Count ? Math.Min(chunk.End, _addresses[at + 1]) : chunk.End;
        if (end < limit)
        {
            var room = (int)Math.Min(RoomBytes, limit - end);
            _lengths[at] += room;
            TotalBytes += room;
        }
    }

    void Add(ulong address, int length)
    {
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
