using Sonde.Engine.Recording;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Sampling;

/// <summary>Holds back the samples of one thread until the call they were taken in has lasted long enough to be recorded.</summary>
/// <remarks>
/// A call is known by its frame: the same address on the stack in one sample after the other. So a call is taken to begin at the first sample in it,
/// and calls that follow each other without a sample in between, from the same place, look like one.
/// </remarks>
/// <param name="thresholdNs">How long a call must have lasted, in nanoseconds.</param>
/// <param name="recorder">Takes the samples of slow calls.</param>
/// <param name="thread">The thread's number there.</param>
sealed class SlowCallWindow(ulong thresholdNs, SampleRecorder recorder, int thread)
{
    /// <summary>A call with more samples than this before it counts as slow has its first ones dropped.</summary>
    const int MostHeld = 1 << 20;

    readonly record struct Held(ulong TimeNs, int Stack, long WeightNs, ThreadState State, bool HoldsGil);

    readonly List<Held> _held = [];
    ulong _frame;
    ulong _beganNs;
    bool _isSlow;

    /// <summary>Takes a sample.</summary>
    /// <param name="frame">The address of the outermost frame of a function that is meant; 0 when there is none on the stack.</param>
    /// <param name="timeNs">When, on the monotonic clock.</param>
    /// <param name="stack">The stack's number.</param>
    /// <param name="weightNs">What it stands for.</param>
    /// <param name="state">What the thread was doing.</param>
    /// <param name="holdsGil">Whether it held the interpreter lock.</param>
    public void Add(ulong frame, ulong timeNs, int stack, long weightNs, ThreadState state, bool holdsGil)
    {
        if (frame != _frame)
        {
            _held.Clear();
            _frame = frame;
            _beganNs = timeNs;
            _isSlow = false;
        }

        if (frame == 0)
        {
            return;
        }

        if (!_isSlow && timeNs - _beganNs >= thresholdNs)
        {
            _isSlow = true;
            foreach (var held in _held)
            {
                recorder.Add(held.TimeNs, thread, held.Stack, held.WeightNs, held.State, held.HoldsGil);
            }

            _held.Clear();
        }

        if (_isSlow)
        {
            recorder.Add(timeNs, thread, stack, weightNs, state, holdsGil);
        }
        else if (_held.Count < MostHeld)
        {
            _held.Add(new Held(timeNs, stack, weightNs, state, holdsGil));
        }
        else
        {
            recorder.Lose("a call had too many samples before it counted as slow");
        }
    }
}
