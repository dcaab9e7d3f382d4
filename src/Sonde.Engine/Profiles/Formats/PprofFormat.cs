using System.IO.Compression;
using Sonde.Engine.Output;
using Sonde.Engine.Profiles.Formats.Protobuf;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>The format of Go's <c>pprof</c>: a compressed <c>profile.proto</c> (github.com/google/pprof, proto/profile.proto).</summary>
/// <remarks>
/// Two values for each sum, how many samples and their weight; labels <c>thread</c>, <c>tid</c>, <c>pid</c>, <c>state</c> and <c>gil</c>. Kinds of frames are told by their
/// mapping: <c>[python]</c>, <c>[kernel]</c>, <c>[marker]</c>, otherwise the library. Comments hold the title, the mode, the processes, and what was lost. Times of samples have no place in it.
/// </remarks>
public sealed class PprofFormat : IProfileFormat
{
    internal const string PythonMapping = "[python]";
    internal const string KernelMapping = "[kernel]";
    internal const string MarkerMapping = "[marker]";
    internal const string NativeMapping = "[native]";

    /// <inheritdoc/>
    public string Name => "pprof";

    /// <inheritdoc/>
    public IReadOnlyList<string> Extensions { get; } = [".pb.gz", ".pprof", ".pprof.gz", ".pb"];

    /// <inheritdoc/>
    public bool NeedsTimeline => false;

    /// <inheritdoc/>
    public void Write(Profile profile, Stream output)
    {
        using var gzip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true);
        using var buffer = new OutputBuffer(gzip, leaveOpen: true);
        new Writer(profile, buffer).Write();
    }

    /// <inheritdoc/>
    public Profile Read(Stream input)
    {
        var plain = FileContent.Unpack(input);
        if (plain.Length - plain.Position > FileContent.MostUnpacked)
        {
            throw new FormatException("it is larger than 1 GiB");
        }

        byte[] bytes = new byte[plain.Length - plain.Position];
        plain.ReadExactly(bytes);
        return new PprofReader(bytes).Read();
    }

    /// <summary>What the weights are called; the pair is also the type of the sampling period.</summary>
    internal static (string Type, string Unit) WeightType(ProfileInfo info) => info.Unit switch
    {
        ProfileUnit.Nanoseconds => (info.Mode, "nanoseconds"),
        ProfileUnit.Bytes => ("space", "bytes"),
        _ => ("samples", "count"),
    };

    /// <summary>Fields of the messages by their numbers in profile.proto.</summary>
    internal static class Field
    {
        public const int SampleType = 1, Sample = 2, Mapping = 3, Location = 4, Function = 5, StringTable = 6,
            TimeNanos = 9, DurationNanos = 10, PeriodType = 11, Period = 12, Comment = 13, DefaultSampleType = 14;
    }

    sealed class Writer(Profile profile, OutputBuffer buffer)
    {
        readonly ProtobufMessage _outer = new();
        readonly ProtobufMessage _inner = new();
        readonly ProtobufMessage _packed = new();
        readonly ProtobufMessage _head = new();
        readonly Dictionary<string, int> _texts = new() { [""] = 0 };
        readonly Dictionary<string, int> _mappings = [];
        readonly Dictionary<(string, string, int), int> _functions = [];

        bool HasWeights => profile.Info.Unit != ProfileUnit.Samples;

        public void Write()
        {
            Emit(Field.StringTable, "");
            WriteHead();
            WriteFrames();
            foreach (var entry in profile.Entries)
            {
                WriteSample(entry);
            }
        }

        void WriteHead()
        {
            var (type, unit) = WeightType(profile.Info);
            Emit(Field.SampleType, ValueType("samples", "count"));
            if (HasWeights)
            {
                Emit(Field.SampleType, ValueType(type, unit));
                Emit(Field.DefaultSampleType, Text(type));
            }

            Emit(Field.PeriodType, ValueType(type, unit));
            Emit(Field.Period, profile.Info.IntervalNs);
            Emit(Field.TimeNanos, (profile.Info.Start - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick);
            Emit(Field.DurationNanos, profile.Info.DurationNs);
            foreach (string comment in PprofComments.Of(profile))
            {
                Emit(Field.Comment, Text(comment));
            }
        }

        ProtobufMessage ValueType(string type, string unit) => _outer.Clear().Number(1, Text(type)).Number(2, Text(unit));

        void WriteFrames()
        {
            for (int number = 0; number < profile.Frames.Count; number++)
            {
                var frame = profile.Frames[number];
                string image = frame.Kind switch
                {
                    FrameKind.Python => PythonMapping,
                    FrameKind.Kernel => KernelMapping,
                    FrameKind.Marker => MarkerMapping,
                    _ => frame.File.Length > 0 ? frame.File : NativeMapping,
                };
                int mapping = Mapping(image), function = Function(frame);
                _inner.Clear().Number(1, function).Number(2, frame.Line);
                Emit(Field.Location, _outer.Clear().Number(1, number + 1).Number(2, mapping).Message(4, _inner));
            }
        }

        int Mapping(string image)
        {
            if (!_mappings.TryGetValue(image, out int id))
            {
                id = _mappings.Count + 1;
                _mappings.Add(image, id);
                // Everything is known about the functions, so that nobody looks for the file.
                Emit(Field.Mapping, _outer.Clear().Number(1, id).Number(5, Text(image)).Number(7, 1).Number(8, 1).Number(9, 1).Number(10, 1));
            }

            return id;
        }

        int Function(in Frame frame)
        {
            var key = (frame.Function, frame.File, frame.FirstLine);
            if (!_functions.TryGetValue(key, out int id))
            {
                id = _functions.Count + 1;
                _functions.Add(key, id);
                int name = Text(frame.Function), file = Text(frame.File);
                // Without a system name pprof takes the name for demangled, and leaves "<module>" as it is.
                Emit(Field.Function, _outer.Clear().Number(1, id).Number(2, name).Number(4, file).Number(5, frame.FirstLine));
            }

            return id;
        }

        void WriteSample(in ProfileEntry entry)
        {
            _packed.Clear();
            for (int stack = entry.Stack; stack != StackTable.Empty; stack = profile.Stacks.Caller(stack))
            {
                _packed.Varint((ulong)profile.Stacks.Innermost(stack) + 1);
            }

            var thread = profile.Threads[entry.Thread];
            // Texts that are new go out before the sample that needs them.
            int name = Text(thread.Name), state = entry.State == ThreadState.Unknown ? 0 : Text(JsonLinesFormat.States[(int)entry.State]);
            int threadKey = Text("thread"), tidKey = Text("tid"), pidKey = Text("pid"), stateKey = Text("state"), gilKey = Text("gil"), held = Text("held");
            _outer.Clear().Message(1, _packed);
            _packed.Clear().Varint((ulong)entry.Samples);
            if (HasWeights)
            {
                _packed.Varint((ulong)entry.Weight);
            }

            _outer.Message(2, _packed);
            Label(threadKey, name, 0);
            Label(tidKey, 0, thread.Tid);
            Label(pidKey, 0, profile.Processes[thread.Process].Pid);
            Label(stateKey, state, 0);
            Label(gilKey, entry.HoldsGil ? held : 0, 0);
            Emit(Field.Sample, _outer);
        }

        void Label(int key, int text, int number)
        {
            if (text != 0 || number != 0)
            {
                _outer.Message(3, _inner.Clear().Number(1, key).Number(2, text).Number(3, number));
            }
        }

        /// <summary>The text's number in the table, where it is written now if it is new.</summary>
        int Text(string text)
        {
            if (!_texts.TryGetValue(text, out int number))
            {
                number = _texts.Count;
                _texts.Add(text, number);
                Emit(Field.StringTable, text);
            }

            return number;
        }

        void Emit(int field, string text) => buffer.Write(_head.Clear().Text(field, text).Bytes);

        void Emit(int field, long number) => buffer.Write(_head.Clear().Number(field, number).Bytes);

        void Emit(int field, ProtobufMessage message)
        {
            buffer.Write(_head.Clear().LengthOf(field, message).Bytes);
            buffer.Write(message.Bytes);
        }
    }
}
