using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Sonde.Bpf;
using Sonde.Engine.Profiles;
using Sonde.Engine.Stacks;
using Sonde.Linux;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>
/// The time of threads off the processors, with the stack they left with: long waits one by one, short ones in sums. Those in progress count up to now: time on
/// processors and time off them are all the time there is.
/// </summary>
sealed class OffCpuWaits(Collection collection) : ICollector
{
    /// <summary>Waits of threads that were blocked before the program ran have their own numbers instead of Python stacks: even ones, as stacks never have.</summary>
    const ulong FirstBefore = 4;

    const ulong StoppedStates = 4 | 8;
    const ulong UninterruptibleState = 2;
    const ulong NoCall = 0xfff;

    /// <summary>How often what is in progress is counted.</summary>
    const ulong PeriodNs = 500_000_000;

    readonly List<(int Stack, ThreadState State)> _before = [];
    readonly Dictionary<int, (ulong FromNs, ulong UntilNs)> _counted = [];
    readonly Dictionary<byte[], ulong> _sums = new(Scripts.Values.MapContents.BytesEqual.Instance);
    readonly GilWaits _gil = new();
    ulong _collectedNs;

    /// <inheritdoc/>
    public void Begin()
    {
        foreach (var pid in collection.Options.All || collection.Options.Launched ? [] : collection.Options.Pids)
        {
            try
            {
                using var view = PythonProcessView.Open(pid);
                foreach (var thread in view.Snapshot().Threads)
                {
                    BeginBlocked(pid, thread);
                }
            }
            catch (Exception exception) when (exception is UserErrorException or LinuxException)
            {
                // It has ended, or has no interpreter yet: nothing of it waits that could be named.
            }
        }
    }

    /// <inheritdoc/>
    public void Take(TupleType type, ReadOnlySpan<byte> value)
    {
        var tid = (int)type.Number(value, 2);
        var from = type.Number(value, 0);
        var until = from + type.Number(value, 6);
        if (_counted.Remove(tid, out var counted) && counted.FromNs == from)
        {
            from = Math.Min(counted.UntilNs, until);
        }

        Add(type, value, (int)type.Number(value, 1), tid, type.Number(value, 3), type.Number(value, 4), type.Number(value, 5), machine: 7, from, (long)(until - from), 1);
    }

    /// <inheritdoc/>
    public void Collect(ulong nowNs, bool isLast)
    {
        if (!isLast && nowNs - _collectedNs < PeriodNs)
        {
            return;
        }

        _collectedNs = nowNs;
        ReadSums(nowNs, isLast);
        ReadInProgress(nowNs, isLast);
    }

    /// <inheritdoc/>
    public void Dispose() => _gil.Dispose();

    /// <summary>A thread that waits since before the program ran: it is put where the program puts those that leave, unless it has moved since.</summary>
    void BeginBlocked(int pid, ThreadSnapshot thread)
    {
        if (thread.Tid == 0 || thread.State is ThreadState.Running or ThreadState.Runnable or ThreadState.Unknown
            || collection.Program.Find(SamplerText.Away) is not var (description, map) || description.Value is not TupleType type)
        {
            return;
        }

        using var files = new ThreadFiles(pid, thread.Tid);
        if (!files.TryReadTurns(out var turns) || !files.TryReadCall(out var call) || call.IsRunning)
        {
            return;
        }

        var now = Clock.MonotonicNs;
        var value = new byte[map.ValueBytes];
        Set(0, now);
        Set(1, (ulong)pid);
        Set(2, FirstBefore + (2 * (ulong)_before.Count));
        for (var element = 5; element < type.Elements.Count; element++)
        {
            Set(element, ulong.MaxValue);
        }

        _before.Add((collection.Stacks.Of(thread.Frames), thread.State));
        var key = BitConverter.GetBytes((ulong)thread.Tid);
        if (map.Update(key, value, UpdateMode.OnlyNew) && (!files.TryReadTurns(out var after) || after.Turns != turns.Turns)
            && map.TryLookup(key, value) && type.Number(value, 0) == now)
        {
            map.Delete(key);
        }

        void Set(int element, ulong number) => BinaryPrimitives.WriteUInt64LittleEndian(value.AsSpan(type.OffsetOf(element)), number);
    }

    void ReadSums(ulong nowNs, bool isLast)
    {
        if (collection.Program.Find(SamplerText.Short) is not var (description, map) || description.Key is not TupleType type)
        {
            return;
        }

        var value = new byte[map.ValueBytes];
        foreach (var key in Scripts.Values.MapContents.Keys(map))
        {
            // A stack's own record may not have been read yet: it counts the next time.
            if (!map.TryLookup(key, value) || (!isLast && !IsKnown(type.Number(key, 2))))
            {
                continue;
            }

            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, key, out _);
            var sum = BinaryPrimitives.ReadUInt64LittleEndian(value);
            var more = sum - known;
            known = sum;
            if (more != 0)
            {
                Add(type, key, (int)type.Number(key, 1), (int)type.Number(key, 0), type.Number(key, 2), type.Number(key, 3), type.Number(key, 4), machine: 5,
                    nowNs, (long)(more >> SamplerText.CountBits), (long)(more & ((1UL << SamplerText.CountBits) - 1)));
            }
        }
    }

    void ReadInProgress(ulong nowNs, bool isLast)
    {
        if (collection.Program.Find(SamplerText.Away) is not var (description, map) || description.Value is not TupleType type)
        {
            return;
        }

        var value = new byte[map.ValueBytes];
        foreach (var key in Scripts.Values.MapContents.Keys(map))
        {
            if (!map.TryLookup(key, value) || type.Number(value, 0) is var start && (start >= nowNs || nowNs - start < SamplerText.LongWaitNs || (!isLast && !IsKnown(type.Number(value, 2)))))
            {
                continue;
            }

            var tid = (int)BinaryPrimitives.ReadUInt64LittleEndian(key);
            var from = _counted.TryGetValue(tid, out var counted) && counted.FromNs == start ? counted.UntilNs : start;
            _counted[tid] = (start, nowNs);
            Add(type, value, (int)type.Number(value, 1), tid, type.Number(value, 2), type.Number(value, 3), type.Number(value, 4), machine: 5, from, (long)(nowNs - from), 1);
        }
    }

    bool IsKnown(ulong python) => python % 2 == 0 || collection.Program.Codes.Stack(python) is not null;

    void Add(TupleType type, ReadOnlySpan<byte> value, int pid, int tid, ulong python, ulong reason, ulong address, int machine, ulong fromNs, long ns, long count)
    {
        var isBefore = python % 2 == 0 && python >= FirstBefore && python - FirstBefore < 2 * (ulong)_before.Count;
        if (ns <= 0 || !collection.IsWanted(pid, python != PythonStackRecord.None))
        {
            return;
        }

        var (stack, state) = isBefore
            ? _before[(int)(python - FirstBefore) / 2]
            : (collection.Stacks.Number(StackNumbers.Read(type, value, pid, python, machine)), State(pid, reason, address));
        var thread = collection.Threads.Number(pid, tid);
        if (count == 1)
        {
            collection.Recorder.Add(fromNs, thread, stack, ns, state, holdsGil: false);
        }
        else
        {
            collection.Recorder.Add(new ProfileEntry(thread, stack, state, HoldsGil: false, count, ns));
        }
    }

    ThreadState State(int pid, ulong reason, ulong address)
    {
        var state = reason & 0xff;
        if (state == 0)
        {
            return ThreadState.Runnable;
        }

        if ((state & StoppedStates) != 0)
        {
            return ThreadState.Stopped;
        }

        if ((state & UninterruptibleState) != 0)
        {
            return ThreadState.WaitingForIo;
        }

        var call = reason >> SamplerText.CallShift & NoCall;
        return address != 0 && _gil.Has(pid, address)
            ? ThreadState.WaitingForGil
            : WaitReason.Of(new ThreadCall(false, call == NoCall ? -1 : (long)call, Argument(SamplerText.FirstIsZero), Argument(SamplerText.SecondIsZero)));

        ulong Argument(int bit) => 1 - (reason >> bit & 1);
    }
}
