using System.Text.Json;
using Sonde.Engine.Targets;
using Sonde.Kernel.Tests.Targets;
using Sonde.Python.Layouts;
using Sonde.Python.Values;
using Sonde.Symbols;
using Xunit;
using CPython = Sonde.Python.Interpreter;

namespace Sonde.Kernel.Tests.Values;

/// <summary>Values of every kind, read from outside, beside what Python itself shows for them.</summary>
public sealed class ValueTests
{
    static readonly ValueLimits _all = new() { Depth = 50, Items = 100_000, Characters = 1 << 20, Redaction = null };

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Shows_every_kind_as_repr_does(string name)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "reprs.py");
        using var memory = new LiveMemory(target.Pid);
        var values = Open(target.Pid, memory);
        var wrong = new List<string>();
        var count = 0;
        foreach (var (kind, address, expected) in ReadValues(target))
        {
            var shown = values.Describe(address, _all);
            count++;
            if (shown != expected)
            {
                wrong.Add($"{kind}: {expected}\n   shown {shown}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(count > 200, $"only {count} values");
    }

    [Fact]
    public void Shows_numbers_of_numpy_as_repr_does_and_arrays_in_a_row()
    {
        using var target = Interpreters.StartWithPackages("arrays.py");
        using var memory = new LiveMemory(target.Pid);
        var values = Open(target.Pid, memory);
        var all = ReadValues(target).ToList();

        Assert.Equal(all.Select(static value => $"{value.Kind}: {value.Repr}"), all.Select(value => $"{value.Kind}: {values.Describe(value.Address, _all)}"));
        Assert.True(all.Count > 60, $"only {all.Count} values");
        Assert.Equal("<numpy.ndarray int64 (3, 4) [0, 1, … 10 more]>", values.Describe(all.First(static value => value.Kind == "matrix").Address, ValueLimits.Default with { Items = 2 }));
    }

    /// <summary>Every bit of what is read may be wrong: the memory of another moment, or of something else.</summary>
    [Theory, InlineData(8), InlineData(11), InlineData(12), InlineData(13)]
    public void Stays_within_its_limits_whatever_the_memory_says(int minor)
    {
        using var target = Target.StartReady(Interpreters.OfVersion(minor), "reprs.py");
        using var memory = new LiveMemory(target.Pid);
        var damaged = new DamagedMemory(memory);
        var values = Open(target.Pid, damaged);
        var addresses = ReadValues(target).Select(static value => value.Address).ToList();
        var limits = new ValueLimits { Depth = 6, Items = 50, Characters = 1000, FieldDepth = 3, Redaction = null };
        for (var round = 0; round < 12; round++)
        {
            foreach (var address in addresses)
            {
                damaged.Begin(seed: round, oneIn: round % 3 == 0 ? 3 : round % 3 == 1 ? 10 : 40);
                var shown = values.Describe(address, limits);
                Assert.InRange(shown.Length, 1, 20_000);
                Assert.DoesNotContain(shown, char.IsControl);
                Assert.InRange(damaged.BytesRead, 0, 9 << 20);
            }
        }
    }

    [Fact]
    public void Says_what_is_cut_and_shows_nothing_of_what_is_hidden()
    {
        using var target = Target.StartReady(Interpreters.Any(), "reprs.py");
        using var memory = new LiveMemory(target.Pid);
        var values = Open(target.Pid, memory);
        var all = ReadValues(target).ToList();
        var limits = new ValueLimits { Depth = 2, Items = 3, Characters = 60 };

        Assert.Equal("[0, 1, 2, … 997 more]", Show("list long", limits));
        Assert.Equal("{0: 0, 1: 1, 2: 4, … 297 more}", Show("dict long", limits));
        Assert.Equal("[1, 'two', 3.0, … 2 more]", all.Where(static value => value.Kind == "list").Select(value => values.Describe(value.Address, limits)).First(static shown => shown.Contains("two", StringComparison.Ordinal)));
        Assert.Equal("(1, (2, (…)))", all.Where(static value => value.Kind == "tuple").Select(value => values.Describe(value.Address, limits)).Last());
        Assert.Equal("'" + new string('x', 58) + "'… 142 more", all.Where(static value => value.Kind == "str").Select(value => values.Describe(value.Address, limits)).First(static shown => shown.Contains("xxx", StringComparison.Ordinal)));
        Assert.Equal("b'" + new string('x', 57) + "'… 243 more", all.Where(static value => value.Kind == "bytes").Select(value => values.Describe(value.Address, limits)).Last());
        Assert.Equal("[1, [...]]", Show("list cycle", limits));
        Assert.Equal("Data(x=<hidden>, y='y', kind=1)", Show("dataclass", ValueLimits.Default with { Redaction = new Redaction([], static name => name == "x") }));
        Assert.Equal("namespace(a=1, b=<hidden>)", Show("namespace", ValueLimits.Default with { Redaction = new Redaction([], static name => name == "b") }));
        Assert.Equal("{'a': <hidden>}", Show("dict subclass", ValueLimits.Default with { Redaction = new Redaction([], static name => name == "a") }));
        Assert.StartsWith("<__main__.Slotted object at 0x", Show("slotted", ValueLimits.ForLevel(2)), StringComparison.Ordinal);
        Assert.EndsWith(" with first=1, second=2>", Show("slotted", ValueLimits.ForLevel(2)), StringComparison.Ordinal);
        Assert.EndsWith(" with x=1, y='two'>", Show("instance", ValueLimits.ForLevel(2)), StringComparison.Ordinal);

        string Show(string kind, ValueLimits limits) => values.Describe(all.First(value => value.Kind == kind).Address, limits);
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Says_when_an_object_is_freed_or_gone(string name)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "freed.py");
        using var memory = new LiveMemory(target.Pid);
        var values = Open(target.Pid, memory);

        foreach (var (kind, address, _) in ReadValues(target))
        {
            Assert.True(values.Describe(address, ValueLimits.Default) is "<freed>" or "<unreadable>", $"{kind}: {values.Describe(address, ValueLimits.Default)}");
            Assert.Null(values.TypeOf(address));
        }

        Assert.Equal("<unreadable>", values.Describe(0, ValueLimits.Default));
        Assert.Equal("<unreadable>", values.Describe(ulong.MaxValue, ValueLimits.Default));
        Assert.Equal("<unreadable>", values.Describe(0x1000, ValueLimits.Default));
    }

    static PythonValues Open(int pid, IMemory memory)
    {
        var target = PythonTarget.Find(pid);
        using var image = target.Image;
        var version = Assert.IsType<CPython.Image>(CPython.Recognize(image.Elf, image.Path)).Version;
        return new PythonValues(memory, version, CallLayout.For(version, image.Elf));
    }

    static IEnumerable<(string Kind, ulong Address, string Repr)> ReadValues(Target target)
    {
        while (target.ReadLine() is { } line && line != "end")
        {
            using var value = JsonDocument.Parse(line);
            var (kind, repr) = (value.RootElement[0].GetString()!, value.RootElement[2].GetString()!);
            yield return (kind, value.RootElement[1].GetUInt64(), repr);
        }
    }
}
