using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>Samples of threads that run, recorded as they come: on processors each stands for one interval, where memory was asked for so many bytes.</summary>
/// <param name="collection">Where they go.</param>
/// <param name="weight">The place in a record of how many bytes it stands for; null where it stands for an interval. The machine code's stack is what comes after.</param>
sealed class SampledMoments(Collection collection, int? weight) : ICollector
{
    const int Time = 0, Process = 1, Thread = 2, Python = 3, AfterPython = 4;

    /// <inheritdoc/>
    public void Begin()
    {
    }

    /// <inheritdoc/>
    public void Take(TupleType type, ReadOnlySpan<byte> value)
    {
        var pid = (int)type.Number(value, Process);
        var python = type.Number(value, Python);
        if (!collection.IsWanted(pid, python != PythonStackRecord.None))
        {
            return;
        }

        var standsFor = weight is { } place ? (long)Math.Max(type.Number(value, place), SamplerText.BytesPerSample) : collection.Options.IntervalNs;
        var stack = collection.Stacks.Number(StackNumbers.Read(type, value, pid, python, machine: weight + 1 ?? AfterPython));
        collection.Recorder.Add(type.Number(value, Time), collection.Threads.Number(pid, (int)type.Number(value, Thread)), stack, standsFor, ThreadState.Running, holdsGil: false);
    }

    /// <inheritdoc/>
    public void Collect(ulong nowNs, bool isLast)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
