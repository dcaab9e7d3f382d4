using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>Samples of memory that was asked for: each stands for so many bytes.</summary>
sealed class Allocations(Collection collection) : ICollector
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

        var bytes = (long)Math.Max(type.Number(value, 4), SamplerText.BytesPerSample);
        var stack = collection.Stacks.Number(StackNumbers.Read(type, value, pid, python, machine: 5));
        collection.Recorder.Add(type.Number(value, 0), collection.Threads.Number(pid, (int)type.Number(value, 2)), stack, bytes, ThreadState.Running, holdsGil: false);
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
