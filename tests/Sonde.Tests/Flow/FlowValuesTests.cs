using System.Buffers.Binary;
using Sonde.Engine.Flow;
using Sonde.Engine.Targets;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Python.Values;
using Sonde.Symbols;
using Xunit;

namespace Sonde.Tests.Flow;

/// <summary>What is remembered of processes for their values, and for their names, has bounds; what is forgotten is counted, but for what belongs to processes that have ended.</summary>
public sealed class FlowValuesTests
{
    static readonly PythonVersion _version = new(12, 1);

    sealed class NoMemory : IMemory
    {
        public bool TryRead(ulong address, Span<byte> destination) => false;
    }

    readonly FlowCounts _counts = new();
    readonly List<int> _asked = [];

    PythonProcess Process(int pid, int image)
    {
        _asked.Add(pid);
        return new PythonProcess { Version = _version, Layout = CallLayout.For(_version, image: null!), CodeType = 0, Memory = new NoMemory(), Sources = new SourceFiles(pid, _version) };
    }

    FlowValues Values() => new(Process, new ValueLimits(), _counts);

    static byte[] Record(int pid, ulong code, ulong parent = 1)
    {
        var record = new byte[FlowRecord.Values];
        record[FlowRecord.KindOffset] = FlowRecord.EnterValues;
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(FlowRecord.ThreadOffset), (ulong)pid << 32 | (uint)pid);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(FlowRecord.EnterCode), code);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(FlowRecord.EnterParent), parent);
        return record;
    }

    [Fact]
    public void Of_too_many_processes_the_one_not_seen_for_longest_is_forgotten_and_that_is_counted()
    {
        var values = Values();
        for (var pid = 1; pid <= FlowValues.MaximumProcesses; pid++)
        {
            values.Arguments(Record(pid, 0x1000));
        }

        values.Arguments(Record(1, 0x1000));
        Assert.Equal(0, _counts.ValueProcessesForgotten);
        values.Arguments(Record(FlowValues.MaximumProcesses + 1, 0x1000));
        Assert.Equal(1, _counts.ValueProcessesForgotten);
        Assert.Equal(FlowValues.MaximumProcesses, values.Processes.Count());
        Assert.Contains(1, values.Processes);
        Assert.DoesNotContain(2, values.Processes);

        // It is asked for anew when it is seen again.
        _asked.Clear();
        values.Arguments(Record(2, 0x1000));
        Assert.Equal([2], _asked);
        Assert.Equal(2, _counts.ValueProcessesForgotten);
    }

    [Fact]
    public void Processes_that_have_ended_are_let_go_without_being_counted()
    {
        var values = Values();
        for (var pid = 1; pid <= 10_000; pid++)
        {
            values.Arguments(Record(pid, 0x1000));
            values.Hold(Record(pid, 0x1000));
            values.Forget(new HashSet<int> { pid });
        }

        Assert.Empty(values.Processes);
        Assert.Equal(0, _counts.ValueProcessesForgotten);
        Assert.Equal(0, _counts.ValuesDropped);
        Assert.Null(values.TakeHeld(Record(10_000, 0x1000)));
    }

    [Fact]
    public void Arguments_that_wait_to_be_shown_have_a_bound_and_what_is_given_up_is_counted()
    {
        var values = Values();
        for (var call = 0; call < FlowValues.MaximumHeld; call++)
        {
            values.Hold(Record(1, 0x1000, (ulong)call));
        }

        Assert.Equal(0, _counts.ValuesDropped);
        Assert.NotNull(values.TakeHeld(Record(1, 0x1000, 0)));
        values.Hold(Record(1, 0x1000, 0));
        values.Hold(Record(1, 0x1000, FlowValues.MaximumHeld));
        Assert.Equal(FlowValues.MaximumHeld, _counts.ValuesDropped);
        Assert.Null(values.TakeHeld(Record(1, 0x1000, 5)));
        Assert.NotNull(values.TakeHeld(Record(1, 0x1000, FlowValues.MaximumHeld)));
    }

    [Fact]
    public void Functions_of_a_process_without_end_leave_a_bounded_table()
    {
        var values = Values();
        for (var code = 0; code < FlowValues.MaximumFunctions; code++)
        {
            values.Arguments(Record(1, (ulong)code));
        }

        Assert.Equal(FlowValues.MaximumFunctions, values.Functions);
        values.Arguments(Record(1, FlowValues.MaximumFunctions));
        Assert.Equal(1, values.Functions);
    }

    [Fact]
    public void Functions_and_threads_of_processes_that_have_ended_leave_nothing_but_their_counts()
    {
        var codes = new CodeTable(Process, new FlowFilter(new FlowOptions()), decided: null);
        var decoder = new FlowDecoder(codes, new ThreadTable(static (_, _) => "thread", static _ => true), _counts);
        var numbers = new HashSet<int>();
        for (var pid = 1; pid <= 1000; pid++)
        {
            var record = Record(pid, 0x1000);
            record[FlowRecord.KindOffset] = FlowRecord.Enter;
            decoder.Decode(record.AsSpan(0, FlowRecord.EnterSize));
            numbers.Add(codes.Find(pid, 0x1000, 0).Id);
            Assert.Equal([(pid, 0x1000ul)], decoder.Forget(new HashSet<int> { pid }));
        }

        Assert.Single(numbers);
        Assert.Equal(1000, codes.Wanted);
        Assert.Equal(1000, decoder.OpenActivations);
        Assert.Equal("?@0x1000", codes.Busiest);
        Assert.Empty(decoder.Forget(new HashSet<int>(Enumerable.Range(1, 1000))));
    }
}
