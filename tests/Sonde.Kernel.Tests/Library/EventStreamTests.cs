using Sonde.Kernel.Tests.Bpf;
using Sonde.Kernel.Tests.Targets;
using Sonde.Tracing;
using Sonde.Usdt;
using Xunit;

namespace Sonde.Kernel.Tests.Library;

/// <summary>Streams of the library, on probes that this very process has.</summary>
public sealed class EventStreamTests : IAsyncDisposable
{
    readonly UsdtProvider _provider = new("library");
    readonly UsdtProbe<string, string, uint, long, double> _probe;
    readonly Session _session;

    public EventStreamTests()
    {
        Requires.Root();
        _probe = _provider.AddProbe<string, string, uint, long, double>("transfer", "client", "path", "size", "delta", "rate");
        _provider.Load();
        _session = Session.Attach(Environment.ProcessId);
    }

    sealed record Transfer(string Client, string Path, uint Size);

    sealed class Made
    {
        public uint Size { get; init; }

        public required List<int> Own { get; init; }
    }

    sealed record Picky
    {
        public Picky(uint size) => throw new InvalidOperationException($"no {size}");
    }

    enum Kind : short
    {
        Small = -1,
        Large = 7,
    }

    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        Assert.False(_probe.IsEnabled);
        _provider.Dispose();
    }

    /// <summary>What a stream gives of these firings.</summary>
    async Task<List<T>> Of<T>(EventStream<T> stream, params (string Client, string Path, uint Size, long Delta, double Rate)[] firings)
    {
        await using var reader = stream.Open();
        Assert.True(_probe.IsEnabled);
        foreach (var (client, path, size, delta, rate) in firings)
        {
            _probe.Fire(client, path, size, delta, rate);
        }

        await reader.DisposeAsync();
        Assert.False(_probe.IsEnabled);
        Assert.Equal(0, reader.Losses.Total);
        var events = new List<T>();
        await foreach (var one in reader)
        {
            events.Add(one);
        }

        return events;
    }

    /// <summary>What a reader that is disposed of still holds.</summary>
    static async Task<List<T>> Rest<T>(EventReader<T> reader) => await reader.ToListAsync();

    static readonly (string, string, uint, long, double)[] _firings =
    [
        ("10.0.0.1", "/a.iso", 4_000_000_000, -5, 0.5),
        ("10.0.0.2", "/größe", 12, 70_000_000_000, -2.25),
        ("192.168.0.9", "", 2_000_000, 3, 1e300),
    ];

    [Fact]
    public async Task An_anonymous_type_is_filtered_by_what_was_selected()
    {
        var floor = 1_000_000L;
        var found = await Of(_session.Usdt("library:transfer", p => new { Client = p.String(0), Path = p.String(1), Size = p.UInt32(2) }).Where(x => x.Size > floor), _firings);
        Assert.Equal([new { Client = "10.0.0.1", Path = "/a.iso", Size = 4_000_000_000 }, new { Client = "192.168.0.9", Path = "", Size = 2_000_000u }], found);
    }

    [Fact]
    public async Task Records_tuples_and_single_values_are_made_of_names_and_places()
    {
        Assert.Equal(
            _firings.Select(f => new Transfer(f.Item1, f.Item2, f.Item3)),
            await Of(_session.Usdt("library:transfer", p => new Transfer(p.String("client"), p.String("path"), p.UInt32("size"))), _firings));
        Assert.Equal(_firings.Select(f => (f.Item4, f.Item5)), await Of(_session.Usdt("library:transfer", p => ValueTuple.Create(p.Int64(3), p.Double(4))), _firings));
        Assert.Equal(["/größe"], await Of(_session.Usdt("library:transfer").Select(p => p.String(1)).Where(path => path.StartsWith("/gr", StringComparison.Ordinal)), _firings));
    }

    [Fact]
    public async Task Objects_are_made_by_initializers_one_for_each_event()
    {
        var found = await Of(_session.Usdt("library:transfer", p => new Made { Size = p.UInt32(2), Own = new List<int>() }).Where(x => x.Size < 3_000_000), _firings);
        Assert.Equal([12u, 2_000_000u], found.Select(x => x.Size));
        Assert.NotSame(found[0].Own, found[1].Own);
    }

    static EventStream<UsdtHit> WithText(EventStream<UsdtHit> stream, int i, string text) => stream.Where(p => p.String(i) == text);

    [Fact]
    public async Task Values_that_are_written_alike_are_told_apart()
    {
        var i = 1;
        Assert.Equal(["/größe"], await Of(WithText(_session.Usdt("library:transfer"), 0, "10.0.0.2").Select(p => p.String(i)), _firings));
        var sums = await Of(_session.Usdt("library:transfer", p => new { Narrow = p.UInt32(2) + 1u, Wide = p.UInt32(2) + 1L, First = p.UInt32(2) }), ("", "", uint.MaxValue, 0, 0));
        Assert.Equal([new { Narrow = 0u, Wide = 1L << 32, First = uint.MaxValue }], sums);
    }

    [Fact]
    public async Task Conditions_before_and_after_a_projection_must_all_hold()
    {
        var wanted = new { Net = "10.", Least = 13 };
        var stream = _session.Usdt("library:transfer").Where(p => p.String(0).StartsWith(wanted.Net, StringComparison.Ordinal)).Where(p => p.Pid == Environment.ProcessId && p.Cpu >= 0)
            .Select(p => new { p.Tid, Where = new { Path = p.String(1), Size = p.UInt32(2) }, Fixed = wanted.Net })
            .Where(x => x.Where.Size >= wanted.Least && !(x.Where.Path == "/größe" || x.Where.Path.Contains("xyz"))).Select(x => x.Where.Path + "");
        await Assert.ThrowsAsync<ExpressionException>(() => Of(stream, _firings));
        var right = _session.Usdt("library:transfer").Where(p => p.String(0).StartsWith(wanted.Net, StringComparison.Ordinal)).Where(p => p.Pid == Environment.ProcessId && p.Cpu >= 0)
            .Select(p => new { p.Tid, Where = new { Path = p.String(1), Size = p.UInt32(2) }, Fixed = wanted.Net })
            .Where(x => x.Where.Size >= wanted.Least && !(x.Where.Path == "/größe" || x.Where.Path.Contains("xyz")));
        var found = Assert.Single(await Of(right, _firings));
        Assert.Equal(("/a.iso", 4_000_000_000, "10."), (found.Where.Path, found.Where.Size, found.Fixed));
    }

    [Fact]
    public async Task Arithmetic_has_the_widths_and_signs_it_has_in_CSharp()
    {
        long[] values = [0, 1, -1, 5, -7, 255, 256, -129, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue, 0x1234_5678_9abc_def0];
        var kernel = await Of(
            _session.Usdt("library:transfer", p => new
            {
                Byte = (byte)p.Int64(3),
                Short = (short)(p.Int64(3) * 3),
                Sum = (int)p.Int64(3) + 5,
                Difference = (uint)p.Int64(3) - 7u,
                Long = (ulong)p.Int64(3) - 1,
                Quotient = p.Int64(3) / 7,
                Rest = (int)p.Int64(3) % 10,
                Left = (int)p.Int64(3) << 35,
                Right = p.Int64(3) >> 3,
                Unsigned = (ulong)p.Int64(3) >> 60,
                Bits = (p.Int64(3) & 0xff) | 0x100,
                Flipped = ~(int)p.Int64(3) ^ 5,
                Negative = -(int)p.Int64(3),
                Choice = p.Int64(3) < 0 ? -1 : (int)p.Int64(3) > 200 ? 2 : 1,
                Less = (int)p.Int64(3) < -6 && (uint)p.Int64(3) > 0x8000_0000u,
                Kind = p.Int64(3) > 100 ? Kind.Large : Kind.Small,
                Letter = (char)(p.Int64(3) & 0x7f),
            }),
            [.. values.Select(value => ("", "", 0u, value, 0.0))]);
        unchecked
        {
            Assert.Equal(
                values.Select(v => new
                {
                    Byte = (byte)v,
                    Short = (short)(v * 3),
                    Sum = (int)v + 5,
                    Difference = (uint)v - 7u,
                    Long = (ulong)v - 1,
                    Quotient = v / 7,
                    Rest = (int)v % 10,
                    Left = (int)v << 35,
                    Right = v >> 3,
                    Unsigned = (ulong)v >> 60,
                    Bits = (v & 0xff) | 0x100,
                    Flipped = ~(int)v ^ 5,
                    Negative = -(int)v,
                    Choice = v < 0 ? -1 : (int)v > 200 ? 2 : 1,
                    Less = (int)v < -6 && (uint)v > 0x8000_0000u,
                    Kind = v > 100 ? Kind.Large : Kind.Small,
                    Letter = (char)(v & 0x7f),
                }),
                kernel);
        }
    }

    [Fact]
    public void What_cannot_be_compiled_is_named_as_it_is_written()
    {
        AssertWrong("p.String(0).ToUpper()", _session.Usdt("library:transfer", p => new { Client = p.String(0).ToUpper(System.Globalization.CultureInfo.InvariantCulture) }));
        AssertWrong("p.String(0).StartsWith(\"Ab\", true", _session.Usdt("library:transfer").Where(p => p.String(0).StartsWith("Ab", true, System.Globalization.CultureInfo.InvariantCulture)).Select(p => p.Pid));
        AssertWrong("p.Result.Value", _session.Calls($"{LibcFunction.Path}:lldiv", c => c.Result.Value));
        AssertWrong("p.Double(4) > 2", _session.Usdt("library:transfer").Where(p => p.Double(4) > 2).Select(p => p.Pid));
        AssertWrong("10 / p.Int64(3)", _session.Usdt("library:transfer", p => 10 / p.Int64(3)));
        AssertWrong("p.String(0).Length", _session.Usdt("library:transfer", p => p.String(0).Length));
        AssertWrong("p.UInt32(9)", _session.Usdt("library:transfer", p => p.UInt32(9)));
        AssertWrong("p.Int64(\"nothing\")", _session.Usdt("library:transfer", p => p.Int64("nothing")));
        AssertWrong("p", _session.Usdt("library:transfer"));
    }

    [Fact]
    public void Of_an_odd_expression_the_odd_part_is_named_with_its_reason()
    {
        var (list, array, zero, one) = (new List<int> { 1, 2 }, new[] { 1, 2 }, 0, (string?)null);
        Func<int, bool> isOwn = static pid => pid == Environment.ProcessId;
        AssertOdd("list.Contains(p.Pid)", "List<int>.Contains runs in .NET only", p => list.Contains(p.Pid));
        AssertOdd("array.Contains(p.Pid)", "MemoryExtensions.Contains runs in .NET only", p => array.Contains(p.Pid));
        AssertOdd("isOwn(p.Pid)", "a delegate runs in .NET only", p => isOwn(p.Pid));
        AssertOdd("(double)p.Int64(3) * 1.5", "does not compute with double", p => p.Int64(3) * 1.5);
        AssertOdd("p.Time.TotalMilliseconds", "TimeSpan.TotalMilliseconds is of .NET only", p => p.Time.TotalMilliseconds);
        AssertOdd("p.String(0)[0]", "runs in .NET only", p => p.String(0)[0] == 'a');
        AssertOdd("p.ToString()", "runs in .NET only", p => p.ToString());
        AssertOdd("p.NativeStack(1000)", "1 to 127", p => p.NativeStack(1000));
        AssertOdd("p.PythonStack(0)", "1 to 1024", p => p.PythonStack(0));
        AssertOdd("p.UInt32(-1)", "count from 0", p => p.UInt32(-1));
        AssertOdd("p.String(one)", "not null", p => p.String(one!));
        AssertOdd("p.Int64(p.Pid)", "must be known", p => p.Int64(p.Pid));
        AssertOdd("array[5]", "failed: Index was outside", p => array[5] + p.Pid);
        AssertOdd("5 % zero", "failed: Attempted to divide by zero", p => (5 % zero) + p.Pid);
        AssertOdd("p.Int64(3) / zero", "other than 0", p => p.Int64(3) / zero);
        AssertOdd("new List<int>() { p.Pid }", "List<int> can only be made", p => new List<int> { p.Pid });
        AssertOdd("new int[p.Pid]", "int[] can only be made", p => new int[p.Pid]);
        AssertOdd("(int)p.Double(4)", "double cannot become int", p => (int)p.Double(4));
    }

    void AssertOdd<T>(string part, string reason, System.Linq.Expressions.Expression<Func<UsdtHit, T>> projection)
    {
        var problem = Assert.Throws<ExpressionException>(() => _session.Usdt("library:transfer", projection).Open());
        Assert.Equal(part, problem.Expression);
        Assert.StartsWith($"'{part}' ", problem.Message, StringComparison.Ordinal);
        Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
    }

    static void AssertWrong<T>(string part, EventStream<T> stream)
    {
        var problem = Assert.Throws<ExpressionException>(() => stream.Open());
        Assert.StartsWith(part.Split(')')[0], problem.Expression, StringComparison.Ordinal);
        Assert.Contains($"'{problem.Expression}'", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_probe_that_is_not_there_is_said()
    {
        Assert.Contains("library:nothing", Assert.Throws<TracingException>(() => _session.Usdt("library:nothing", p => p.Pid).Open()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _session.Usdt("nothing"));
        Assert.Throws<TracingException>(() => Session.Attach(int.MaxValue));
        await using var machine = Session.OfMachine();
        Assert.Throws<ArgumentException>(() => machine.Usdt("library:transfer"));
    }

    [Fact]
    public async Task A_reader_that_does_not_read_loses_events_and_is_told()
    {
        await using var session = Session.Attach(Environment.ProcessId, new SessionOptions { BufferedEvents = 10 });
        var stream = session.Usdt("library:transfer", p => p.UInt32(2));
        await using var reader = stream.Open();
        for (var i = 0u; i < 100; i++)
        {
            _probe.Fire("", "", i, 0, 0);
        }

        await reader.DisposeAsync();
        Assert.Equal(90, reader.Losses.Unread);
        Assert.Equal(90, stream.Losses.Unread);
        Assert.Equal(90, session.Losses.Total);
        var read = new List<uint>();
        await foreach (var one in reader)
        {
            read.Add(one);
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => (uint)i), read);
        await using var second = stream.Open();
        for (var i = 0u; i < 11; i++)
        {
            _probe.Fire("", "", i, 0, 0);
        }

        await second.DisposeAsync();
        Assert.Equal(91, stream.Losses.Unread);
    }

    [Fact]
    public async Task Texts_that_are_cut_or_not_there_are_told()
    {
        await using var session = Session.Attach(Environment.ProcessId, new SessionOptions { TextBytes = 5 });
        await using var reader = session.Usdt("library:transfer", p => p.String(0)).Open();
        _probe.Fire("abcdefgh", "", 0, 0, 0);
        _probe.Fire("abc", "", 0, 0, 0);
        await reader.DisposeAsync();
        Assert.Equal(1, reader.Losses.CutTexts);
        Assert.Equal(["abcde", "abc"], await Rest(reader));
    }

    [Fact]
    public async Task Keys_that_are_cut_are_counted_once_however_often_they_are_read()
    {
        await using var session = Session.Attach(Environment.ProcessId, new SessionOptions { TextBytes = 5 });
        await using var counts = session.Usdt("library:transfer").CountBy(p => p.String(0));
        _probe.Fire("abcdefgh", "", 0, 0, 0);
        Assert.Equal(1, counts.Snapshot()["abcde"]);
        Assert.Equal(1, counts.Snapshot()["abcde"]);
        Assert.Equal(1, counts.Losses.CutTexts);
        await counts.DisposeAsync();
        Assert.Equal(1, session.Losses.CutTexts);
    }

    [Fact]
    public async Task A_text_that_is_not_there_is_an_empty_key()
    {
        await using var counts = _session.Usdt("library:transfer").CountBy(p => p.String(0));
        _probe.Fire(null!, "", 0, 0, 0);
        _probe.Fire("", "", 0, 0, 0);
        Assert.Equal(new Dictionary<string, long> { [""] = 2 }, counts.Snapshot());
    }

    [Fact]
    public async Task An_aggregate_that_failed_says_so_whenever_it_is_asked()
    {
        await using var counts = _session.Usdt("library:transfer").CountBy(p => new Picky(p.UInt32(2)));
        Assert.Empty(counts.Snapshot());
        _probe.Fire("", "", 7, 0, 0);
        await counts.DisposeAsync();
        Assert.Equal("no 7", Assert.Throws<InvalidOperationException>(counts.Snapshot).Message);
        Assert.Throws<InvalidOperationException>(counts.Snapshot);
    }

    [Fact]
    public async Task Leaving_the_loop_takes_the_probes_off()
    {
        var stream = _session.Usdt("library:transfer", p => p.UInt32(2));
        using var stop = new CancellationTokenSource();
        var firing = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                _probe.Fire("", "", 1, 0, 0);
                Thread.Sleep(1);
            }
        });
        firing.Start();
        await foreach (var one in stream)
        {
            Assert.Equal(1u, one);
            break;
        }

        Assert.False(_probe.IsEnabled);
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var one in stream.WithCancellation(cancel.Token))
            {
                await cancel.CancelAsync();
            }
        });
        Assert.False(_probe.IsEnabled);
        var reader = stream.Open();
        await _session.DisposeAsync();
        Assert.False(_probe.IsEnabled);
        Assert.Throws<ObjectDisposedException>(() => stream.Open());
        await Rest(reader);
        await stop.CancelAsync();
        firing.Join();
    }

    [Fact]
    public async Task Aggregates_are_kept_in_the_kernel_and_read_at_any_time()
    {
        await using var counts = _session.Usdt("library:transfer").CountBy(p => new { Client = p.String(0), Large = p.UInt32(2) > 100 });
        await using var sums = _session.Usdt("library:transfer", p => new { Client = p.String(0), Size = p.UInt32(2) }).Where(x => x.Size != 7).SumBy(x => x.Client, x => x.Size);
        await using var sizes = _session.Usdt("library:transfer").HistogramBy(p => p.Pid, p => p.UInt32(2));
        Assert.Empty(counts.Snapshot());
        foreach (var size in new uint[] { 0, 1, 3, 7, 100, 4000 })
        {
            _probe.Fire("a", "", size, 0, 0);
        }

        _probe.Fire("b", "", 5000, 0, 0);
        Assert.Equal(5, counts.Snapshot()[new { Client = "a", Large = false }]);
        Assert.Equal(1, counts.Snapshot()[new { Client = "a", Large = true }]);
        Assert.Equal(3, counts.Snapshot().Count);
        await sums.DisposeAsync();
        Assert.Equal(new Dictionary<string, long> { ["a"] = 4104, ["b"] = 5000 }, sums.Snapshot());
        var histogram = sizes.Snapshot()[Environment.ProcessId];
        Assert.Equal(7, histogram.Count);
        Assert.Equal([(0, 0, 1), (1, 1, 1), (2, 3, 1), (4, 7, 1), (64, 127, 1), (2048, 4095, 1), (4096, 8191, 1)], histogram.Buckets.Select(b => (b.Minimum, b.Maximum, b.Count)));
        Assert.Equal(7, histogram.Percentile(0.5));
    }

    [Fact]
    public async Task Calls_of_a_native_function_have_arguments_and_a_duration()
    {
        var function = $"{LibcFunction.Path}:lldiv";
        await using var calls = _session.Calls(function, c => new { N = c.Int64(0), c.Duration, c.Time, Twice = c.Int64(0) * 2 }).Where(c => c.N != 42 && c.Duration < TimeSpan.FromMinutes(1)).Open();
        await using var entries = _session.Function(function, f => f.Int64(0)).Open();
        await using var latency = _session.Calls(function).HistogramBy(c => c.Comm, c => c.Duration);
        LibcFunction.Call(41, 3);
        await calls.DisposeAsync();
        await entries.DisposeAsync();
        var found = await Rest(calls);
        Assert.Equal([(41, 82), (43, 86)], found.Select(c => (c.N, c.Twice)));
        Assert.All(found, c => Assert.True(c.Duration > TimeSpan.Zero && Math.Abs((Session.ToDateTime(c.Time) - DateTimeOffset.UtcNow).TotalMinutes) < 1));
        Assert.Equal([41, 42, 43], await Rest(entries));
        Assert.Equal(3, latency.Snapshot().Values.Single().Count);
        Assert.Equal(0, _session.Losses.Total);
    }

    [Fact]
    public async Task Calls_that_never_return_are_in_no_others_way()
    {
        Requires.Program("/usr/bin/gcc");
        var program = Path.Combine(Path.GetTempPath(), $"sonde-calls-{Guid.NewGuid():n}");
        try
        {
            using (var compiler = Target.Start("gcc", ["-O0", "-o", program, Path.Combine(Repository.Targets, "library_calls.c")]))
            {
                Assert.Equal(0, compiler.WaitForExit());
            }

            using var target = Target.Start(program);
            Assert.Equal("ready", target.ReadLine());
            await using var session = Session.Attach(target.Pid);
            await using var deep = session.Calls($"{program}:deep", c => new { N = c.Int32(0), Result = c.Result.Int32 }).Open();
            await using var left = session.Calls($"{program}:leave", c => new { N = c.Int32(0), Result = c.Result.Int32 }).Open();
            await using var never = session.Calls($"{program}:leave", c => c.Int32(0)).Where(n => n == 1).Open();
            for (var i = 0; i < 2; i++)
            {
                target.Send("go");
                Assert.Equal("done", target.ReadLine());
            }

            await deep.DisposeAsync();
            await left.DisposeAsync();
            await never.DisposeAsync();
            var found = await Rest(deep);
            Assert.All(found, static call => Assert.Equal(call.N, call.Result));
            Assert.Equal(2, found.Count(static call => call.N == 100));
            Assert.Equal([(0, 7), (0, 7)], (await Rest(left)).Select(static call => (call.N, call.Result)));
            Assert.Empty(await Rest(never));
        }
        finally
        {
            File.Delete(program);
        }
    }

    [Fact]
    public async Task Tracepoints_have_their_fields_and_only_those_of_the_process()
    {
        var path = Path.Combine(Path.GetTempPath(), $"sonde-library-{Guid.NewGuid():n}");
        await using var opened = _session.Tracepoint("syscalls:sys_enter_openat", p => new { File = p.UserString("filename"), Flags = p.Int32("flags"), p.Pid }).Where(x => x.File == path).Open();
        await File.WriteAllTextAsync(path, "text", TestContext.Current.CancellationToken);
        File.Delete(path);
        await opened.DisposeAsync();
        Assert.Equal(new { File = path, Flags = 1, Pid = Environment.ProcessId }, (await Rest(opened)).Select(x => new { x.File, Flags = x.Flags & 3, x.Pid }).First());
    }
}
