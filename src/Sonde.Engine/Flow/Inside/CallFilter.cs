using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Sonde.Engine.Flow.Inside;

/// <summary>The filters that need to know the calls in progress, <c>--depth</c> and <c>--min-duration</c>, on their way to the decoder; elsewhere the kernel's programs do this.</summary>
sealed class CallFilter(FlowDecoder decoder, FlowOptions options)
{
    readonly bool _isActive = options.Depth is not null || options.MinDuration > TimeSpan.Zero;
    readonly int _depth = options.Depth ?? int.MaxValue;
    readonly long _minimumNs = (long)options.MinDuration.TotalNanoseconds;
    readonly Dictionary<ulong, List<PendingCall>> _threads = [];
    readonly byte[] _late = new byte[FlowRecord.EnterSize];
    long _seenLoss;

    /// <summary>A call in progress: its record, and whether the decoder has it.</summary>
    record struct PendingCall(ulong Header, ulong Time, ulong Code, ulong Frame, ulong Parent, bool IsShown);

    /// <summary>Takes an entry.</summary>
    public void Enter(ReadOnlySpan<byte> record)
    {
        if (!_isActive)
        {
            decoder.Decode(record);
            return;
        }

        var calls = CallsOf(record);
        var call = new PendingCall(
            FlowRecord.UInt64(record, 0), FlowRecord.UInt64(record, FlowRecord.TimeOffset), FlowRecord.UInt64(record, FlowRecord.EnterCode), FlowRecord.UInt64(record, FlowRecord.EnterFrame),
            FlowRecord.UInt64(record, FlowRecord.EnterParent), _minimumNs == 0);
        // A frame has one callee at a time, so another that it had has ended unseen.
        var stale = Find(calls, call.Parent);
        if (stale >= 0)
        {
            calls.RemoveRange(stale, calls.Count - stale);
        }

        if (calls.Count >= _depth)
        {
            return;
        }

        calls.Add(call);
        if (call.IsShown)
        {
            decoder.Decode(record);
        }
    }

    /// <summary>Takes an exit.</summary>
    public void Exit(ReadOnlySpan<byte> record)
    {
        if (!_isActive)
        {
            decoder.Decode(record);
            return;
        }

        var calls = CallsOf(record);
        var index = Find(calls, FlowRecord.UInt64(record, FlowRecord.ExitParent));
        if (index < 0)
        {
            return;
        }

        if (_minimumNs == 0 || (long)(FlowRecord.UInt64(record, FlowRecord.TimeOffset) - calls[index].Time) >= _minimumNs)
        {
            var thread = FlowRecord.UInt64(record, FlowRecord.ThreadOffset);
            for (var i = index; i >= 0 && !calls[i].IsShown; i--)
            {
                SendLate(thread, CollectionsMarshal.AsSpan(calls)[i]);
                CollectionsMarshal.AsSpan(calls)[i].IsShown = true;
            }

            decoder.Decode(record);
        }

        // Without a loss it is taken out from between the others: programs that switch stacks end calls in any order.
        calls.RemoveRange(index, _seenLoss == decoder.Lost ? 1 : calls.Count - index);
        _seenLoss = decoder.Lost;
    }

    void SendLate(ulong thread, in PendingCall call)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_late, call.Header);
        _late[FlowRecord.KindOffset] = FlowRecord.Late;
        Set(FlowRecord.ThreadOffset, thread);
        Set(FlowRecord.TimeOffset, call.Time);
        Set(FlowRecord.EnterCode, call.Code);
        Set(FlowRecord.EnterFrame, call.Frame);
        Set(FlowRecord.EnterParent, call.Parent);
        decoder.Decode(_late);
    }

    void Set(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(_late.AsSpan(offset), value);

    List<PendingCall> CallsOf(ReadOnlySpan<byte> record)
    {
        ref var calls = ref CollectionsMarshal.GetValueRefOrAddDefault(_threads, FlowRecord.UInt64(record, FlowRecord.ThreadOffset), out _);
        return calls ??= [];
    }

    static int Find(List<PendingCall> calls, ulong parent)
    {
        for (var i = calls.Count - 1; i >= 0; i--)
        {
            if (calls[i].Parent == parent)
            {
                return i;
            }
        }

        return -1;
    }
}
