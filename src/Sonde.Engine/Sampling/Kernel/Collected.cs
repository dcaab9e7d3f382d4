using System.Buffers.Binary;
using Sonde.Engine.Recording;
using Sonde.Script.Types;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>What collectors share while a recording runs.</summary>
/// <param name="Program">The program in the kernel.</param>
/// <param name="Recorder">Takes the samples.</param>
/// <param name="Stacks">Puts stacks together.</param>
/// <param name="Threads">Knows threads.</param>
/// <param name="Options">What is sampled.</param>
sealed record Collection(SamplerProgram Program, SampleRecorder Recorder, KernelStacks Stacks, KernelThreads Threads, SamplingOptions Options)
{
    readonly HashSet<int> _pythons = [];

    /// <summary>Of what is watched only Python processes are wanted, and children only when they are asked for, or when the command itself is no Python.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="hasPython">Whether a Python stack of it was seen.</param>
    public bool IsWanted(int pid, bool hasPython)
    {
        if (hasPython)
        {
            _pythons.Add(pid);
        }

        var isGiven = !Options.All && Options.Pids.Contains(pid);
        return (isGiven && !Options.Launched)
            || (_pythons.Contains(pid) && (Options.All || Options.Subprocesses || isGiven || !Options.Pids.Any(_pythons.Contains)));
    }
}

/// <summary>Makes samples of what a program in the kernel tells.</summary>
interface ICollector : IDisposable
{
    /// <summary>Called once the program is attached.</summary>
    void Begin();

    /// <summary>Takes a tuple that the program printed.</summary>
    void Take(TupleType type, ReadOnlySpan<byte> value);

    /// <summary>Called now and then, and once more at the end.</summary>
    /// <param name="nowNs">The time, on the monotonic clock.</param>
    /// <param name="isLast">Whether it is the end.</param>
    void Collect(ulong nowNs, bool isLast);
}

/// <summary>Reads tuples of numbers.</summary>
static class TupleNumbers
{
    /// <summary>The number at a place of a tuple; 0 where it has no such place.</summary>
    public static ulong Number(this TupleType type, ReadOnlySpan<byte> value, int element) =>
        element < type.Elements.Count ? BinaryPrimitives.ReadUInt64LittleEndian(value[type.OffsetOf(element)..]) : 0;
}
