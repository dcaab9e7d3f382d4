using Sonde.Engine.Scripts.Values;
using Sonde.Script;
using Sonde.Script.Syntax;
using Sonde.Script.Types;
using Xunit;

namespace Sonde.Tests.Script.Values;

/// <summary>Maps as bpftrace 0.27.1 prints them, save that small numbers are in order.</summary>
public sealed class MapTextTests
{
    static readonly ValueFormatter _formatter = new(new ScriptConfig(), [], new FixtureNames());
    static readonly StringType _word = new(4);

    [Theory]
    [InlineData(10, 3, true, 3)]
    [InlineData(10, -1, true, -10)]
    [InlineData(long.MinValue, -1, true, long.MinValue)]
    [InlineData(10, -1, false, 0)]
    [InlineData(-1, -1, false, 1)]
    [InlineData(10, 0, true, 0)]
    public void Quotients_are_those_of_the_sign(long value, long by, bool isSigned, long expected) => Assert.Equal(expected, Aggregate.Divide(value, by, isSigned));

    [Fact]
    public void Charts_look_alike_byte_for_byte()
    {
        var hist = new AggregateType(AggregateKind.Histogram, true);
        var fine = hist with { Bits = 2 };
        var steps = new AggregateType(AggregateKind.LinearHistogram, true) { Minimum = 0, Maximum = 100, Step = 10 };
        var wide = steps with { Maximum = 8192, Step = 1024 };
        var below = steps with { Minimum = -2, Maximum = 3, Step = 1 };
        var series = new AggregateType(AggregateKind.TimeSeries, true) { Interval = 100_000_000, Intervals = 6 };
        var text = new Utf8Text();
        Both(text, Map("@h", null, hist), ([], Counters(hist, (0, 1), (1, 1), (14, 1))));
        Both(text, Map("@h1", null, fine), ([], Counters(fine, (4, 1), (21, 1))));
        Both(text, Map("@huge", null, hist), ([], Counters(hist, (64, 7), (65, 3))));
        Both(text, Map("@l", null, steps), ([], Counters(steps, (0, 1), (6, 5), (11, 2))));
        Both(text, Map("@l2", null, wide), ([], Counters(wide, (3, 1), (8, 2))));
        Both(text, Map("@l3", null, below), ([], Counters(below, (1, 1), (5, 1000))));
        Both(text, Map("@empty", null, steps), ([], Counters(steps)));
        Both(text, Map("@t", null, series), ([], Series(series, (100, -5), (101, 3), (103, 16))));
        Both(text, Map("@one", null, series with { Interval = 1_000_000_000 }), ([], Series(series, (1795262631, 5))));
        Both(text, Map("@seconds", null, series with { Interval = 1_000_000_000, IsSigned = false }), ([], Series(series, (1795262631, 13), (1795262632, 23), (1795262633, 33), (1795262634, 35))));
        Golden.Check("map-charts.txt", text.ToString());
    }

    [Fact]
    public void Keys_have_brackets_and_tuples_lose_their_parentheses()
    {
        var pair = new TupleType([IntegerType.Int64, _word]);
        Assert.Equal("@a[1, b]: 2\n", Text(Map("@a", pair, IntegerType.Int64), ([.. ValueTests.Bytes(1L), .. "b\0\0\0"u8, 0, 0, 0, 0], ValueTests.Bytes(2L))));
        Assert.Equal("{\"@a\": {\"1,b\": 2}}", Json(Map("@a", pair, IntegerType.Int64), ([.. ValueTests.Bytes(1L), .. "b\0\0\0"u8, 0, 0, 0, 0], ValueTests.Bytes(2L))));
        Assert.Equal("@: 5\n", Text(Map("@", null, IntegerType.Int64), ([], ValueTests.Bytes(5L))));
        Assert.Equal("{\"@\": 5}", Json(Map("@", null, IntegerType.Int64), ([], ValueTests.Bytes(5L))));
        Assert.Equal("", Text(Map("@a", pair, IntegerType.Int64)));
        Assert.Equal("{\"@a\": {}}", Json(Map("@a", pair, IntegerType.Int64)));
    }

    [Fact]
    public void Numbers_are_in_order_whatever_their_size()
    {
        Entry[] entries = [Of("x", 2), Of("y", 1), Of("z", 3), Of("m", unchecked((byte)-1))];
        Assert.Equal("@b[m]: -1\n@b[y]: 1\n@b[x]: 2\n@b[z]: 3\n", Text(Map("@b", _word, IntegerType.Int8), Raw(entries)));
        Assert.Equal("@b[y]: 1\n@b[x]: 2\n@b[z]: 3\n@b[m]: 255\n", Text(Map("@b", _word, IntegerType.UInt8), Raw(entries)));
    }

    [Fact]
    public void Top_keeps_the_last_and_a_divisor_divides()
    {
        var entries = Raw([Of("x", 20), Of("y", 10), Of("z", 35)]);
        var contents = MapContents.Order(Map("@b", _word, IntegerType.Int8), entries, isEmpty: false);
        var text = new Utf8Text();
        MapText.Write(text, _formatter, contents, 2, 10);
        Assert.Equal("@b[x]: 2\n@b[z]: 3\n", text.ToString());
    }

    [Fact]
    public void Maps_of_other_values_are_in_order_of_their_keys()
    {
        var map = Map("@s", IntegerType.Int32, _word);
        Assert.Equal("@s[-1]: a\n@s[2]: b\n@s[10]: c\n",
            Text(map, (ValueTests.Bytes(10), "c\0\0\0"u8.ToArray()), (ValueTests.Bytes(-1), "a\0\0\0"u8.ToArray()), (ValueTests.Bytes(2), "b\0\0\0"u8.ToArray())));
    }

    [Fact]
    public void Aggregates_are_put_together_from_all_processors()
    {
        Assert.Equal("@: 7\n", Text(Map("@", null, Of(AggregateKind.Count)), ([], ValueTests.Bytes(3L, 4L))));
        Assert.Equal("@: -1\n", Text(Map("@", null, Of(AggregateKind.Sum)), ([], ValueTests.Bytes(3L, 1L, -4L, 1L))));
        Assert.Equal("@: 3\n", Text(Map("@", null, Of(AggregateKind.Min)), ([], ValueTests.Bytes(3L, 1L, -4L, 0L))));
        Assert.Equal("@: -4\n", Text(Map("@", null, Of(AggregateKind.Min)), ([], ValueTests.Bytes(3L, 1L, -4L, 1L))));
        Assert.Equal("@: 18446744073709551612\n", Text(Map("@", null, Of(AggregateKind.Max) with { IsSigned = false }), ([], ValueTests.Bytes(3L, 1L, -4L, 1L))));
        Assert.Equal("@: 2\n", Text(Map("@", null, Of(AggregateKind.Average)), ([], ValueTests.Bytes(3L, 2L, 4L, 1L))));
        Assert.Equal("@: { .count = 3, .average = 2, .total = 7 }\n", Text(Map("@", null, Of(AggregateKind.Stats)), ([], ValueTests.Bytes(3L, 2L, 4L, 1L))));
        Assert.Equal("{\"@\": {\"count\": 3, \"average\": 2, \"total\": 7}}", Json(Map("@", null, Of(AggregateKind.Stats)), ([], ValueTests.Bytes(3L, 2L, 4L, 1L))));
        Assert.Equal("@: 0\n", Text(Map("@", null, Of(AggregateKind.Average)), ([], ValueTests.Bytes(0L, 0L))));
    }

    [Fact]
    public void Series_that_stopped_have_no_line_for_every_interval_since()
    {
        var series = new AggregateType(AggregateKind.TimeSeries, true) { Interval = 1_000, Intervals = 3 };
        var map = Map("@t", _word, series);
        (byte[], byte[])[] entries = [(ValueTests.Text(4, "old"), Series(series, (1, 5))), (ValueTests.Text(4, "new"), Series(series, (5_000_000_000, 7)))];
        Assert.Contains("@t[old]:\n<no data>\n", Text(map, entries), StringComparison.Ordinal);
        Assert.StartsWith("{\"@t\": {\"old\": [], \"new\": [{", Json(map, entries), StringComparison.Ordinal);
    }

    static AggregateType Of(AggregateKind kind) => new(kind, true);

    static Entry Of(string key, byte value) => new(key, value);

    static (byte[], byte[])[] Raw(Entry[] entries) => [.. entries.Select(entry => (ValueTests.Text(4, entry.Key), new[] { entry.Value }))];

    static ScriptMap Map(string name, DataType? key, DataType value) => new() { Name = name, Id = 0, Key = key, Value = value };

    static byte[] Counters(AggregateType type, params (int Bucket, long Count)[] counts)
    {
        var words = new long[type.Buckets];
        foreach (var (bucket, count) in counts)
        {
            words[bucket] = count;
        }

        return [.. words.SelectMany(BitConverter.GetBytes)];
    }

    static byte[] Series(AggregateType type, params (long Interval, long Value)[] values)
    {
        var words = new long[type.Intervals * 3];
        foreach (var (interval, value) in values)
        {
            new[] { interval, value, 1 }.CopyTo(words, (int)(interval % type.Intervals) * 3);
        }

        return [.. words.SelectMany(BitConverter.GetBytes)];
    }

    static void Both(Utf8Text text, ScriptMap map, params (byte[], byte[])[] entries)
    {
        text.Add(Text(map, entries));
        text.Add(Json(map, entries));
        text.Add("\n");
    }

    static string Text(ScriptMap map, params (byte[], byte[])[] entries)
    {
        var text = new Utf8Text();
        MapText.Write(text, _formatter, MapContents.Order(map, entries, isEmpty: false), 0, 0);
        return text.ToString();
    }

    static string Json(ScriptMap map, params (byte[], byte[])[] entries)
    {
        var text = new Utf8Text();
        MapText.WriteJson(text, _formatter, MapContents.Order(map, entries, isEmpty: false), 0, 0);
        return text.ToString();
    }

    sealed record Entry(string Key, byte Value);
}
