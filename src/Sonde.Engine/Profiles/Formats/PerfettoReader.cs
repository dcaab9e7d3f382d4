using System.Buffers;
using System.Globalization;
using Sonde.Engine.Profiles.Formats.Protobuf;
using Field = Sonde.Engine.Profiles.Formats.PerfettoFormat.Field;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Reads the samples and heap profiles of Perfetto traces, of Sonde and of Perfetto's own <c>linux.perf</c> and <c>heapprofd</c> sources.</summary>
/// <remarks>A trace of other contents has nothing to say. What is interned is known by its number within the sequence of packets it is in.</remarks>
sealed class PerfettoReader(Stream input)
{
    const int LargestPacket = 64 << 20;

    readonly Profile _profile = Profile.ForFile(keepsTimeline: true);
    readonly Dictionary<ulong, PerfettoInterned> _sequences = new(Identifiers.Comparer);
    readonly Dictionary<int, string> _threadNames = [];
    readonly Dictionary<ulong, (ulong Parent, int Pid, int Tid)> _tracks = new(Identifiers.Comparer);
    readonly Dictionary<(int Pid, int Tid), (ThreadState State, bool HoldsGil)> _states = [];
    ThreadDirectory? _threads;
    ProfileUnit? _unit;
    long _latestNs;

    public Profile Read()
    {
        _threads = new ThreadDirectory(_profile);
        var stream = new BufferedStream(input, 64 << 10);
        byte[] packet = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            for (long offset = 0; ReadHead(stream, ref offset) is { } length;)
            {
                if (packet.Length < length)
                {
                    ArrayPool<byte>.Shared.Return(packet);
                    packet = ArrayPool<byte>.Shared.Rent(length);
                }

                if (stream.ReadAtLeast(packet.AsSpan(0, length), length, throwOnEndOfStream: false) < length)
                {
                    throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"byte {offset}: a packet of {length} bytes goes beyond the end"));
                }

                ReadPacket(packet.AsSpan(0, length), offset);
                offset += length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packet);
        }

        _profile.Info = _profile.Info with { Unit = _unit ?? throw new FormatException("the trace has no samples with call stacks"), DurationNs = _latestNs };
        return _profile;
    }

    /// <summary>The length of the next packet; null at the end.</summary>
    static int? ReadHead(Stream stream, ref long offset)
    {
        int tag = stream.ReadByte();
        if (tag < 0)
        {
            return null;
        }

        ulong length = 0;
        int shift = 0, piece = 0x80;
        offset++;
        for (; piece >= 0x80 && shift < 35; shift += 7, offset++)
        {
            piece = stream.ReadByte();
            length |= (ulong)(piece & 0x7f) << shift;
        }

        return tag == ((Field.Packet << 3) | 2) && piece is >= 0 and < 0x80 && length <= LargestPacket ? (int)length
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"byte {offset}: no packet of a trace begins here"));
    }

    void ReadPacket(ReadOnlySpan<byte> packet, long offset)
    {
        ulong sequence = 0, flags = 0;
        long timeNs = 0;
        var fields = new ProtobufFields(packet, offset);
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case Field.Timestamp:
                    timeNs = fields.Signed;
                    break;
                case Field.Sequence:
                    sequence = fields.Number;
                    break;
                case Field.SequenceFlags:
                    flags = fields.Number;
                    break;
            }
        }

        if ((flags & PerfettoFormat.StateCleared) != 0 || !_sequences.TryGetValue(sequence, out var interned))
        {
            _sequences[sequence] = interned = new PerfettoInterned(_profile);
        }

        fields = new ProtobufFields(packet, offset);
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case Field.ClockSnapshot:
                    ReadClocks(fields.Message);
                    break;
                case Field.Defaults:
                    ReadDefaults(fields.Message, interned);
                    break;
                case Field.ProcessTree:
                    ReadProcesses(fields.Message);
                    break;
                case Field.InternedData:
                    interned.Read(fields.Message);
                    break;
                case Field.TrackDescriptor:
                    ReadTrack(fields.Message);
                    break;
                case Field.TrackEvent:
                    ReadState(fields.Message);
                    break;
            }
        }

        fields = new ProtobufFields(packet, offset);
        while (fields.Next())
        {
            if (fields.Field == Field.PerfSample)
            {
                ReadSample(fields.Message, timeNs, interned);
            }
            else if (fields.Field == Field.ProfilePacket)
            {
                ReadHeap(fields.Message, interned);
            }
        }
    }

    void ReadClocks(ProtobufFields snapshot)
    {
        while (snapshot.Next())
        {
            if (snapshot.Field != 1)
            {
                continue;
            }

            var (clock, ns) = Pair(snapshot.Message, 1, 2);
            if (clock == 1 && (long)ns > 0 && _profile.Info.Start == default)
            {
                _profile.Info = _profile.Info with { Start = DateTimeOffset.UnixEpoch.AddTicks((long)ns / TimeSpan.NanosecondsPerTick) };
            }
        }
    }

    void ReadDefaults(ProtobufFields defaults, PerfettoInterned interned)
    {
        while (defaults.Next())
        {
            if (defaults.Field != 12)
            {
                continue;
            }

            var sampling = defaults.Message;
            while (sampling.Next())
            {
                var timeBase = sampling.Field == 1 ? sampling.Message : default;
                while (timeBase.Next())
                {
                    if (timeBase.Field == 10)
                    {
                        interned.TimeBase = timeBase.Text;
                    }
                    else if (timeBase.Field == 1 && timeBase.Signed > 0)
                    {
                        _profile.Info = _profile.Info with { IntervalNs = timeBase.Signed };
                    }
                }
            }
        }
    }

    void ReadProcesses(ProtobufFields tree)
    {
        while (tree.Next())
        {
            int pid = 0, parent = 0, tid = 0;
            var commandLine = new List<string>();
            string name = "";
            var entry = tree.Field is 1 or 2 ? tree.Message : default;
            while (entry.Next())
            {
                switch (tree.Field, entry.Field)
                {
                    case (1, 1):
                        pid = Small(entry.Number);
                        break;
                    case (1, 2):
                        parent = Small(entry.Number);
                        break;
                    case (1, 3):
                        commandLine.Add(entry.Text);
                        break;
                    case (2, 1):
                        tid = Small(entry.Number);
                        break;
                    case (2, 2):
                        name = entry.Text;
                        break;
                }
            }

            if (tree.Field == 1)
            {
                _threads!.Process(pid, parent, string.Join(' ', commandLine));
            }
            else if (tree.Field == 2)
            {
                _threadNames[tid] = name;
            }
        }
    }

    void ReadTrack(ProtobufFields fields)
    {
        ulong uuid = 0, parent = 0;
        int pid = 0, tid = 0;
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case 1:
                    uuid = fields.Number;
                    break;
                case 5:
                    parent = fields.Number;
                    break;
                case 4:
                    var (process, thread) = Pair(fields.Message, 1, 2);
                    (pid, tid) = (Small(process), Small(thread));
                    break;
            }
        }

        _tracks[uuid] = (parent, pid, tid);
    }

    /// <summary>The state slices of Sonde; other slices are named otherwise.</summary>
    void ReadState(ProtobufFields fields)
    {
        ulong type = 0, track = 0;
        string category = "", name = "";
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case 9:
                    type = fields.Number;
                    break;
                case 11:
                    track = fields.Number;
                    break;
                case 22:
                    category = fields.Text;
                    break;
                case 23:
                    name = fields.Text;
                    break;
            }
        }

        if (_tracks.TryGetValue(track, out var state) && _tracks.TryGetValue(state.Parent, out var thread))
        {
            _states[(thread.Pid, thread.Tid)] =
                type == 1 && category == "state" && StateLabel.TryParse(name, out var now, out bool holdsGil) ? (now, holdsGil) : default;
        }
    }

    void ReadSample(ProtobufFields fields, long timeNs, PerfettoInterned interned)
    {
        int pid = 0, tid = 0;
        ulong callstack = 0, accumulated = 0;
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case Field.Pid:
                    pid = Small(fields.Number);
                    break;
                case Field.Tid:
                    tid = Small(fields.Number);
                    break;
                case Field.Callstack:
                    callstack = fields.Number;
                    break;
                case Field.TimeBaseCount:
                    accumulated = fields.Number;
                    break;
                case Field.RecordsLost when fields.Signed > 0:
                    _profile.Losses.Add("lost while recording", count: fields.Signed);
                    return;
            }
        }

        if (callstack == 0)
        {
            return;
        }

        bool hasWeights = interned.TimeBase.EndsWith(PerfettoFormat.TimeBase, StringComparison.Ordinal);
        var unit = hasWeights ? ProfileUnit.Nanoseconds : ProfileUnit.Samples;
        _unit ??= unit;
        if (_unit != unit)
        {
            _profile.Losses.Add("measured in another unit than the samples before");
            return;
        }

        if (hasWeights && accumulated < interned.Accumulated)
        {
            throw fields.Wrong("the counter of a sample runs backwards");
        }

        long weight = hasWeights ? checked((long)(accumulated - interned.Accumulated)) : 1;
        interned.Accumulated = accumulated;
        if (hasWeights)
        {
            _profile.Info = _profile.Info with { Mode = interned.TimeBase[..^PerfettoFormat.TimeBase.Length] };
        }

        int stack = interned.Stack(callstack, fields);
        var (state, holdsGil) = _states.GetValueOrDefault((pid, tid));
        _profile.Add(new Sample(timeNs, _threads!.Thread(pid, tid, _threadNames.GetValueOrDefault(tid, "")), stack, weight, state, holdsGil));
        _latestNs = Math.Max(_latestNs, checked(timeNs + (hasWeights ? weight : 0)));
    }

    void ReadHeap(ProtobufFields packet, PerfettoInterned interned)
    {
        while (packet.Next())
        {
            if (packet.Field != 5)
            {
                continue;
            }

            int pid = 0;
            var dump = packet.Message;
            while (dump.Next())
            {
                pid = dump.Field == 1 ? Small(dump.Number) : pid;
            }

            dump = packet.Message;
            while (dump.Next())
            {
                if (dump.Field == 2)
                {
                    ReadHeapSample(dump.Message, pid, interned);
                }
            }
        }
    }

    void ReadHeapSample(ProtobufFields fields, int pid, PerfettoInterned interned)
    {
        ulong callstack = 0;
        long bytes = 0, count = 0;
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case 1:
                    callstack = fields.Number;
                    break;
                case 2 or 8:
                    bytes = fields.Signed;
                    break;
                case 5:
                    count = fields.Signed;
                    break;
            }
        }

        _unit ??= ProfileUnit.Bytes;
        if (bytes < 0 || count < 0)
        {
            throw fields.Wrong("an allocation is negative");
        }

        _profile.Info = _profile.Info with { Mode = "memory" };
        int stack = interned.Stack(callstack, fields);
        _profile.Add(new ProfileEntry(_threads!.Thread(pid, pid, _threadNames.GetValueOrDefault(pid, "")), stack, ThreadState.Unknown, HoldsGil: false, Math.Max(count, 1), bytes));
    }

    static (ulong First, ulong Second) Pair(ProtobufFields fields, int first, int second)
    {
        ulong one = 0, two = 0;
        while (fields.Next())
        {
            (one, two) = fields.Field == first ? (fields.Number, two) : fields.Field == second ? (one, fields.Number) : (one, two);
        }

        return (one, two);
    }

    static int Small(ulong number) => number <= int.MaxValue ? (int)number : 0;
}
