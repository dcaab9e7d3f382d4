using Sonde.Engine.Output;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>A trace of Perfetto (ui.perfetto.dev): samples with call stacks, and what each thread did as slices on a track of its own.</summary>
/// <remarks>
/// Samples are <c>PerfSample</c> packets with interned stacks, as Perfetto's own <c>linux.perf</c> source writes them (github.com/google/perfetto, protos/perfetto/trace). Its page draws a mark for
/// each and a flame graph of those that are selected, which says no more than was seen; slices for frames, that <see cref="ChromeFormat"/> makes, would claim calls that were never
/// watched. The samples' weights accumulate in the counter of the time base. Memory goes into a heap profile (<c>ProfilePacket</c>), for each process and without times.
/// Not kept: where functions begin, the title, in which functions samples were lost.
/// </remarks>
public sealed class PerfettoFormat : IProfileFormat
{
    /// <summary>Sums without times become as many samples as they count, up to this many; beyond, in proportion.</summary>
    internal const long MostMadeSamples = 4 << 20;

    internal const string TimeBase = " ns";

    /// <inheritdoc/>
    public string Name => "perfetto";

    /// <inheritdoc/>
    public IReadOnlyList<string> Extensions { get; } = [".pftrace", ".perfetto-trace", ".perfetto"];

    /// <inheritdoc/>
    public bool NeedsTimeline => true;

    /// <inheritdoc/>
    public void Write(Profile profile, Stream output)
    {
        using var buffer = new OutputBuffer(output, leaveOpen: true);
        new PerfettoWriter(profile, buffer).Write();
    }

    /// <inheritdoc/>
    public Profile Read(Stream input) => new PerfettoReader(input).Read();

    /// <summary>Fields by their numbers in trace_packet.proto and the messages in it.</summary>
    internal static class Field
    {
        public const int Packet = 1;

        // TracePacket
        public const int ProcessTree = 2, ClockSnapshot = 6, Timestamp = 8, Sequence = 10, TrackEvent = 11, InternedData = 12, SequenceFlags = 13,
            ProfilePacket = 37, Defaults = 59, TrackDescriptor = 60, PerfSample = 66, FirstOnSequence = 87;

        // InternedData
        public const int FunctionNames = 5, Frames = 6, Callstacks = 7, MappingPaths = 17, SourcePaths = 18, Mappings = 19;

        // PerfSample
        public const int Pid = 2, Tid = 3, Callstack = 4, CpuMode = 5, TimeBaseCount = 6, RecordsLost = 17;
    }

    /// <summary><c>TracePacket.SequenceFlags</c></summary>
    internal const int StateCleared = 1, NeedsState = 2;
}
