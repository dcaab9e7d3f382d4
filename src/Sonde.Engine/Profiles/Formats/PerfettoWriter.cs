using Sonde.Engine.Output;
using Sonde.Engine.Profiles.Formats.Protobuf;
using Field = Sonde.Engine.Profiles.Formats.PerfettoFormat.Field;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Writes one profile as a Perfetto trace, packet by packet.</summary>
sealed class PerfettoWriter(Profile profile, OutputBuffer buffer)
{
    const int Sequence = 1;
    const int LargestPacket = 128 << 10;

    // BuiltinClock
    const int Realtime = 1, Monotonic = 3, MonotonicCoarse = 4, BootTime = 6;

    // Frame.Kind
    const int Native = 1, Kernel = 2, Interpreted = 3;

    // Profiling.CpuMode
    const int KernelMode = 1, UserMode = 2;

    // TrackEvent.Type
    const int SliceBegin = 1, SliceEnd = 2;

    readonly ProtobufMessage _packet = new();
    readonly ProtobufMessage _body = new();
    readonly ProtobufMessage _part = new();
    readonly ProtobufMessage _piece = new();
    readonly ProtobufMessage _head = new();
    readonly Dictionary<string, int> _functions = [];
    readonly Dictionary<string, int> _files = [];
    long _accumulated;

    bool IsMemory => profile.Info.Unit == ProfileUnit.Bytes;

    public void Write()
    {
        WriteHead();
        WriteProcesses();
        WriteFrames();
        WriteStacks();
        if (IsMemory)
        {
            WriteHeap();
        }
        else
        {
            WriteTracks();
            WriteSamples();
        }

        if (profile.Losses.Total > 0)
        {
            Emit(Begin(profile.Info.DurationNs).Message(Field.PerfSample, _body.Clear().Number(Field.RecordsLost, profile.Losses.Total)));
        }
    }

    void WriteHead()
    {
        long realtimeNs = (profile.Info.Start - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        _body.Clear();
        foreach (var (clock, ns) in new[] { (BootTime, 0L), (Monotonic, 0L), (MonotonicCoarse, 0L), (Realtime, Math.Max(realtimeNs, 0)) })
        {
            _body.Message(1, _part.Clear().Number(1, clock).Present(2, ns));
        }

        // PerfSampleDefaults.timebase: its period, and what it counts.
        _part.Clear().Message(1, _piece.Clear().Number(1, profile.Info.IntervalNs).Text(10, profile.Info.Mode + PerfettoFormat.TimeBase));
        _packet.Clear().Number(Field.Sequence, Sequence).Number(Field.SequenceFlags, PerfettoFormat.StateCleared).Number(Field.FirstOnSequence, 1)
            .Message(Field.ClockSnapshot, _body).Message(Field.Defaults, _body.Clear().Number(58, BootTime).Message(12, _part));
        Emit(_packet);
    }

    void WriteProcesses()
    {
        _body.Clear();
        foreach (var process in profile.Processes)
        {
            _body.Message(1, _part.Clear().Number(1, process.Pid).Number(2, process.ParentPid).Text(3, process.CommandLine));
        }

        foreach (var thread in profile.Threads)
        {
            _body.Message(2, _part.Clear().Number(1, thread.Tid).Text(2, thread.Name).Number(3, profile.Processes[thread.Process].Pid));
        }

        Emit(Begin(0).Message(Field.ProcessTree, _body));
    }

    void WriteFrames()
    {
        _body.Clear();
        for (int number = 0; number < profile.Frames.Count; number++)
        {
            var frame = profile.Frames[number];
            int function = Intern(_functions, Field.FunctionNames, frame.Function), file = File(frame);
            _part.Clear().Number(1, number + 1).Number(2, function).Number(3, file).Number(4, number + 1).Number(5, frame.File.Length > 0 ? file : 0).Number(6, frame.Line);
            int kind = frame.Kind switch { FrameKind.Python => Interpreted, FrameKind.Native => Native, FrameKind.Kernel => Kernel, _ => 0 };
            _body.Message(Field.Frames, kind > 0 ? _part.Number(7, kind) : _part.Text(8, JsonLinesFormat.Kinds[(int)frame.Kind]));
            EmitInterned(LargestPacket);
        }

        EmitInterned(0);
    }

    /// <summary>A mapping for each file: older versions show a frame only with one, and newer ones where it is in the file.</summary>
    int File(in Frame frame)
    {
        string path = frame.File.Length > 0 ? frame.File : frame.Kind == FrameKind.Kernel ? "[kernel.kallsyms]" : "[unknown]";
        if (_files.TryGetValue(path, out int file))
        {
            return file;
        }

        file = Intern(_files, Field.MappingPaths, path);
        _body.Message(Field.SourcePaths, _part.Clear().Number(1, file).Text(2, path));
        _body.Message(Field.Mappings, _part.Clear().Number(1, file).Number(4, (long)file << 32).Number(5, ((long)file + 1) << 32).Number(7, file));
        return file;
    }

    int Intern(Dictionary<string, int> numbers, int field, string text)
    {
        if (!numbers.TryGetValue(text, out int number))
        {
            number = numbers.Count + 1;
            numbers.Add(text, number);
            _body.Message(field, _part.Clear().Number(1, number).Text(2, text));
        }

        return number;
    }

    void WriteStacks()
    {
        bool[] isUsed = new bool[profile.Stacks.Count];
        foreach (var entry in profile.Entries)
        {
            isUsed[entry.Stack] = true;
        }

        var path = new List<int>();
        _body.Clear();
        for (int stack = 0; stack < isUsed.Length; stack++)
        {
            if (!isUsed[stack])
            {
                continue;
            }

            path.Clear();
            for (int caller = stack; caller != StackTable.Empty; caller = profile.Stacks.Caller(caller))
            {
                path.Add(profile.Stacks.Innermost(caller));
            }

            _part.Clear().Number(1, stack + 1);
            for (int i = path.Count - 1; i >= 0; i--)
            {
                _part.Number(2, path[i] + 1);
            }

            _body.Message(Field.Callstacks, _part);
            EmitInterned(LargestPacket);
        }

        EmitInterned(0);
    }

    void EmitInterned(int when)
    {
        if (_body.Bytes.Length > when)
        {
            Emit(Begin(0).Message(Field.InternedData, _body));
            _body.Clear();
        }
    }

    /// <summary>A track below each thread for what it does.</summary>
    void WriteTracks()
    {
        for (int thread = 0; thread < profile.Threads.Count; thread++)
        {
            var owner = profile.Threads[thread];
            _part.Clear().Number(1, profile.Processes[owner.Process].Pid).Number(2, owner.Tid).Text(5, owner.Name);
            Emit(Begin(0).Message(Field.TrackDescriptor, _body.Clear().Number(1, ThreadTrack(thread)).Message(4, _part)));
            Emit(Begin(0).Message(Field.TrackDescriptor, _body.Clear().Number(1, StateTrack(thread)).Number(5, ThreadTrack(thread)).Text(2, "state")));
        }
    }

    static long ThreadTrack(int thread) => 2 * thread + 1;

    static long StateTrack(int thread) => 2 * thread + 2;

    void WriteSamples()
    {
        string[] states = new string[profile.Threads.Count];
        long[] ends = new long[profile.Threads.Count];
        foreach (var sample in profile.Timeline.Count > 0 ? profile.Timeline : Made())
        {
            WriteState(sample.Thread, sample.State == ThreadState.Unknown && !sample.HoldsGil ? "" : StateLabel.Of(sample.State, sample.HoldsGil), sample.TimeNs, states);
            _accumulated += sample.Weight;
            var thread = profile.Threads[sample.Thread];
            _body.Clear().Number(Field.Pid, profile.Processes[thread.Process].Pid).Number(Field.Tid, thread.Tid).Number(Field.Callstack, sample.Stack + 1)
                .Number(Field.CpuMode, IsInKernel(sample.Stack) ? KernelMode : UserMode).Number(Field.TimeBaseCount, _accumulated);
            Emit(Begin(sample.TimeNs).Message(Field.PerfSample, _body));
            ends[sample.Thread] = sample.TimeNs + sample.Weight;
        }

        for (int thread = 0; thread < states.Length; thread++)
        {
            WriteState(thread, "", ends[thread], states);
        }
    }

    void WriteState(int thread, string state, long timeNs, string[] states)
    {
        string before = states[thread] ?? "";
        if (state == before)
        {
            return;
        }

        if (before.Length > 0)
        {
            Emit(Begin(timeNs).Message(Field.TrackEvent, _body.Clear().Number(9, SliceEnd).Number(11, StateTrack(thread))));
        }

        if (state.Length > 0)
        {
            Emit(Begin(timeNs).Message(Field.TrackEvent, _body.Clear().Number(9, SliceBegin).Number(11, StateTrack(thread)).Text(22, "state").Text(23, state)));
        }

        states[thread] = state;
    }

    bool IsInKernel(int stack) => stack != StackTable.Empty && profile.Frames[profile.Stacks.Innermost(stack)].Kind == FrameKind.Kernel;

    /// <summary>As many samples as there were, one after the other.</summary>
    IEnumerable<Sample> Made()
    {
        long[] timeNs = new long[profile.Threads.Count];
        double share = Math.Min(1, (double)PerfettoFormat.MostMadeSamples / Math.Max(profile.SampleCount, 1));
        foreach (var entry in profile.Entries)
        {
            long count = Math.Max((long)(entry.Samples * share), 1), left = entry.Weight;
            for (; count > 0; count--)
            {
                long weight = left / count;
                left -= weight;
                yield return new Sample(timeNs[entry.Thread], entry.Thread, entry.Stack, weight, entry.State, entry.HoldsGil);
                timeNs[entry.Thread] += weight;
            }
        }
    }

    void WriteHeap()
    {
        int index = 0;
        foreach (var process in profile.Entries.GroupBy(entry => profile.Threads[entry.Thread].Process))
        {
            ulong number = (ulong)index++;
            _body.Clear().Number(1, profile.Processes[process.Key].Pid);
            foreach (var stack in process.GroupBy(entry => entry.Stack))
            {
                _part.Clear().Number(1, stack.Key + 1).Number(2, stack.Sum(entry => entry.Weight)).Number(5, stack.Sum(entry => entry.Samples));
                _body.Message(2, _part);
            }

            _body.Number(9, profile.Info.DurationNs);
            Emit(Begin(profile.Info.DurationNs).Message(Field.ProfilePacket, _part.Clear().Message(5, _body).Number(7, (long)number)));
        }
    }

    ProtobufMessage Begin(long timeNs) =>
        _packet.Clear().Present(Field.Timestamp, Math.Max(timeNs, 0)).Number(Field.Sequence, Sequence).Number(Field.SequenceFlags, PerfettoFormat.NeedsState);

    void Emit(ProtobufMessage packet)
    {
        buffer.Write(_head.Clear().LengthOf(Field.Packet, packet).Bytes);
        buffer.Write(packet.Bytes);
    }
}
