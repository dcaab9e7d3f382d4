using System.Runtime.InteropServices;
using Sonde.Engine.Profiles;
using Sonde.Linux;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Recording;

/// <summary>What a recorder has so far.</summary>
/// <param name="Samples">Samples recorded.</param>
/// <param name="Lost">Samples lost, whatever the cause.</param>
/// <param name="Threads">Threads seen since it began.</param>
/// <param name="Processes">Processes seen since it began.</param>
public readonly record struct RecorderCounts(long Samples, long Lost, int Threads, int Processes);

/// <summary>Takes samples from samplers into a profile, which can be copied or emptied meanwhile. Safe for concurrent use.</summary>
/// <remarks>The numbers it gives to processes, threads, frames and stacks stay the same as long as it lives, also when it is emptied.</remarks>
public sealed class SampleRecorder
{
    readonly Lock _gate = new();
    readonly Profile _profile;
    readonly Dictionary<ProfileProcess, int> _processes = [];
    readonly Dictionary<ProfileThread, int> _threads = [];
    ulong _startNs;

    /// <summary>A recorder without samples; its time begins now.</summary>
    /// <param name="info">What is recorded; its times are filled in when the profile is taken.</param>
    /// <param name="keepsTimeline">Whether every sample is kept with its time.</param>
    /// <param name="mostTimed">More samples with times are of no use to anyone; null where they are.</param>
    public SampleRecorder(ProfileInfo info, bool keepsTimeline, int? mostTimed = null)
    {
        _profile = new Profile(keepsTimeline) { Info = info, MostTimed = mostTimed };
        Restart();
    }

    /// <summary>The moment its time began, on <see cref="Clock.MonotonicNs"/>: the recorder's making, or the last time it was emptied.</summary>
    public ulong StartNs
    {
        get
        {
            lock (_gate)
            {
                return _startNs;
            }
        }
    }

    /// <summary>What it has so far.</summary>
    public RecorderCounts Counts
    {
        get
        {
            lock (_gate)
            {
                return new RecorderCounts(_profile.SampleCount, _profile.Losses.Total, _profile.Threads.Count, _profile.Processes.Count);
            }
        }
    }

    /// <summary>The number of a process, given to it now if it is new.</summary>
    public int Process(ProfileProcess process)
    {
        lock (_gate)
        {
            ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_processes, process, out var known);
            if (!known)
            {
                number = _profile.Processes.Count;
                _profile.Processes.Add(process);
            }

            return number;
        }
    }

    /// <summary>The number of a thread, given to it now if it is new.</summary>
    public int Thread(ProfileThread thread)
    {
        lock (_gate)
        {
            ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_threads, thread, out var known);
            if (!known)
            {
                number = _profile.Threads.Count;
                _profile.Threads.Add(thread);
            }

            return number;
        }
    }

    /// <summary>Gives a thread another name, as when it has found its own only after it was first seen.</summary>
    public void Rename(int thread, string name)
    {
        lock (_gate)
        {
            _profile.Threads[thread] = _profile.Threads[thread] with { Name = name };
        }
    }

    /// <summary>The number of a frame, given to it now if it is new.</summary>
    public int Frame(in Frame frame)
    {
        lock (_gate)
        {
            return _profile.Frames.Intern(frame);
        }
    }

    /// <summary>The number of the stack in which <paramref name="frame"/> is called from <paramref name="caller"/>, another stack or <see cref="StackTable.Empty"/>.</summary>
    public int Stack(int caller, int frame)
    {
        lock (_gate)
        {
            return _profile.Stacks.Intern(caller, frame);
        }
    }

    /// <summary>The number of a stack.</summary>
    /// <param name="frames">Numbers of frames, outermost first.</param>
    public int Stack(ReadOnlySpan<int> frames)
    {
        lock (_gate)
        {
            var stack = StackTable.Empty;
            foreach (var frame in frames)
            {
                stack = _profile.Stacks.Intern(stack, frame);
            }

            return stack;
        }
    }

    /// <summary>Records a sample.</summary>
    /// <param name="timeNs">When, on <see cref="Clock.MonotonicNs"/>.</param>
    /// <param name="thread">The thread's number.</param>
    /// <param name="stack">The stack's number.</param>
    /// <param name="weight">What it stands for, in the profile's unit.</param>
    /// <param name="state">What the thread was doing.</param>
    /// <param name="holdsGil">Whether it held the interpreter lock.</param>
    public void Add(ulong timeNs, int thread, int stack, long weight, ThreadState state, bool holdsGil)
    {
        lock (_gate)
        {
            // A sample taken before the recorder was emptied may come after.
            var sinceStart = timeNs > _startNs ? (long)(timeNs - _startNs) : 0;
            _profile.Add(new Sample(sinceStart, thread, stack, weight, state, holdsGil));
        }
    }

    /// <summary>Records samples of which only the sum is known.</summary>
    public void Add(in ProfileEntry entry)
    {
        lock (_gate)
        {
            _profile.Add(entry);
        }
    }

    /// <summary>Counts samples that were lost.</summary>
    /// <param name="cause">Why, in words a user reads.</param>
    /// <param name="function">In which function they fell; null when unknown.</param>
    /// <param name="count">How many.</param>
    public void Lose(string cause, string? function = null, long count = 1)
    {
        lock (_gate)
        {
            _profile.Losses.Add(cause, function, count);
        }
    }

    /// <summary>A copy of what there is so far: a profile of its own, with only what it has samples of.</summary>
    /// <param name="empty">Whether to begin anew after that; no sample is lost or counted twice.</param>
    public Profile Copy(bool empty = false)
    {
        lock (_gate)
        {
            var copy = ProfileCopy.Of(_profile);
            copy.Info = Finished(_profile.Info);
            if (empty)
            {
                Clear();
            }

            return copy;
        }
    }

    /// <summary>Forgets all samples and losses; time begins anew.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            Clear();
        }
    }

    void Clear()
    {
        _profile.Clear();
        Restart();
    }

    void Restart()
    {
        _startNs = Clock.MonotonicNs;
        _profile.Info = _profile.Info with { Start = DateTimeOffset.FromUnixTimeMilliseconds((long)(Clock.RealTimeNs / 1_000_000)) };
    }

    ProfileInfo Finished(ProfileInfo info) => info with { DurationNs = (long)(Clock.MonotonicNs - _startNs) };
}
