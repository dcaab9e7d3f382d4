using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>Samples of threads on processors: each stands for one interval.</summary>
sealed class CpuSamples(Collection collection) : ICollector
{
    /// <inheritdoc/>
    public void Begin()
    {
    }

    /// <inheritdoc/>
    public void Take(TupleType type, ReadOnlySpan<byte> value)
    {
        var pid = (int)type.Number(value, 1);
        var python = type.Number(value, 3);
        if (!collection.IsWanted(pid, python != PythonStackRecord.None))
        {
            return;
        }

        var stack = collection.Stacks.Number(StackNumbers.Read(type, value, pid, python, machine: 4));
        collection.Recorder.Add(type.Number(value, 0), collection.Threads.Number(pid, (int)type.Number(value, 2)), stack, collection.Options.IntervalNs, ThreadState.Running, holdsGil: false);
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
