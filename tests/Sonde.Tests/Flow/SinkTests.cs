using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sonde.Engine;
using Sonde.Engine.Flow;
using Sonde.Engine.Flow.Sinks;
using Xunit;

namespace Sonde.Tests.Flow;

[Collection(nameof(Alone))]
public sealed partial class SinkTests
{
    static string Output(FlowScript script, Func<Stream, IFlowSink> make)
    {
        using var stream = new MemoryStream();
        using (var sink = make(stream))
            script.WriteTo(sink);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Fact]
    public void Text_shows_the_tree() =>
        Golden.Check("flow.txt", Output(FlowScript.Sample(), stream => new TextSink(stream, FlowScript.StartNs)));

    [Fact]
    public void Text_shows_the_time_of_day_on_request()
    {
        long wallOffsetNs = 1_795_226_400L * 1_000_000_000 - FlowScript.StartNs - 20_000;
        Golden.Check("flow-time.txt", Output(FlowScript.Sample(), stream => new TextSink(stream, FlowScript.StartNs, wallOffsetNs)));
    }

    [Fact]
    public void Text_is_the_same_with_colours_taken_out()
    {
        string coloured = Output(FlowScript.Sample(), stream => new TextSink(stream, FlowScript.StartNs, colour: true));
        string plain = Output(FlowScript.Sample(), stream => new TextSink(stream, FlowScript.StartNs));
        Assert.Contains("\e[31m<! \\x1b[2J", coloured);
        Assert.Equal(plain, Colour().Replace(coloured, ""));
        Assert.All(coloured.Split('\n')[..^1], line => Assert.EndsWith("\e[0m", line));
    }

    [GeneratedRegex("\e\\[[0-9]*m")]
    private static partial Regex Colour();

    [Fact]
    public void Text_indents_to_a_limit_and_then_writes_the_level()
    {
        var script = new FlowScript();
        var thread = FlowScript.Thread();
        var deep = script.Code("deep");
        for (int i = 0; i <= 1000; i++)
        {
            script.Enter(thread, deep);
        }

        string[] lines = Output(script, stream => new TextSink(stream, FlowScript.StartNs)).Split('\n');
        int arrow = lines[1].IndexOf("-> ", StringComparison.Ordinal);
        Assert.Equal(arrow + 120, lines[61].IndexOf("-> deep", StringComparison.Ordinal));
        Assert.Equal(arrow + 120, lines[62].IndexOf("[61] -> deep", StringComparison.Ordinal));
        Assert.Equal(arrow + 120, lines[1001].IndexOf("[1000] -> deep", StringComparison.Ordinal));
    }

    [Fact]
    public void Json_lines_hold_every_field()
    {
        string text = Output(FlowScript.Sample(), stream => new JsonLinesSink(stream, FlowScript.StartNs));
        Golden.Check("flow.jsonl", text);
        Assert.All(text.Split('\n')[..^1], line =>
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            bool isEntry = root.GetProperty("event").GetString() is "call" or "resume";
            Assert.True(!isEntry || !root.TryGetProperty("duration_ns", out _));
        });
    }

    [Fact]
    public void Json_takes_any_name()
    {
        string name = new([.. Enumerable.Range(0, 0x300).Select(i => (char)i), '\ud800', '\ufffe', '\udc00', '"', '\\']);
        var script = new FlowScript();
        script.Enter(FlowScript.Thread(name: name), script.Code(name, name));
        using var document = JsonDocument.Parse(Output(script, stream => new JsonLinesSink(stream, 0)));
        string expected = name.Replace('\ud800', '\ufffd').Replace('\udc00', '\ufffd');
        Assert.Equal(expected, document.RootElement.GetProperty("function").GetString());
        Assert.Equal(expected, document.RootElement.GetProperty("file").GetString());
        Assert.Equal(expected, document.RootElement.GetProperty("thread").GetString());
    }

    [Fact]
    public void Chrome_trace_is_valid_and_balanced()
    {
        string text = Output(FlowScript.Sample(), stream => new ChromeTraceSink(stream, FlowScript.StartNs));
        Golden.Check("flow.json", text);
        AssertBalanced(text);
    }

    [Fact]
    public void Chrome_trace_of_nothing_is_an_empty_array() =>
        Assert.Equal("[]\n", Output(new FlowScript(), stream => new ChromeTraceSink(stream, 0)));

    [Fact]
    public void Chrome_trace_closes_what_is_open_and_what_got_lost()
    {
        var script = new FlowScript();
        var thread = FlowScript.Thread();
        script.Enter(thread, script.Code("outer"));
        script.Enter(thread, script.Code("lost"));
        script.LoseExit(thread);
        script.Enter(thread, script.Code("next"));
        script.Enter(thread, script.Code("lost too"));
        script.LoseExit(thread);
        script.Leave(thread);
        script.Enter(thread, script.Code("running"));
        string text = Output(script, stream => new ChromeTraceSink(stream, FlowScript.StartNs));
        AssertBalanced(text);
        string[] hows = [.. JsonDocument.Parse(text).RootElement.EnumerateArray()
            .Where(item => item.GetProperty("ph").GetString() == "E").Select(item => item.GetProperty("args").GetProperty("how").GetString()!)];
        Assert.Equal(["exit not seen", "exit not seen", "return", "still running", "still running"], hows);
    }

    static void AssertBalanced(string text)
    {
        using var document = JsonDocument.Parse(text);
        var open = new Dictionary<int, int>();
        double last = 0;
        foreach (var item in document.RootElement.EnumerateArray())
        {
            int tid = item.GetProperty("tid").GetInt32();
            string phase = item.GetProperty("ph").GetString()!;
            open[tid] = open.GetValueOrDefault(tid) + (phase == "B" ? 1 : phase == "E" ? -1 : 0);
            Assert.True(open[tid] >= 0, "an E without a B");
            if (phase == "M")
            {
                continue;
            }

            double now = item.GetProperty("ts").GetDouble();
            Assert.True(now >= last, "time goes backwards");
            last = now;
        }

        Assert.All(open.Values, count => Assert.Equal(0, count));
    }

    [Fact]
    public void A_trace_file_never_holds_part_of_an_event()
    {
        var script = new FlowScript();
        var thread = FlowScript.Thread();
        for (int i = 0; i < 300; i++)
        {
            script.Enter(thread, script.Code(new string('n', 250)));
        }

        var stream = new PieceStream();
        var sink = new ChromeTraceSink(stream, FlowScript.StartNs);
        script.WriteTo(sink);
        Assert.True(stream.Pieces.Count > 1);
        foreach (int count in Enumerable.Range(1, stream.Pieces.Count))
        {
            string text = string.Concat(stream.Pieces.Take(count));
            using var document = JsonDocument.Parse(text + "]");
        }

        sink.Dispose();
        AssertBalanced(string.Concat(stream.Pieces));
    }

    sealed class PieceStream : MemoryStream
    {
        public List<string> Pieces { get; } = [];

        public override void Write(byte[] buffer, int offset, int count) => Pieces.Add(Encoding.UTF8.GetString(buffer, offset, count));
    }

    public static TheoryData<string> Formats => ["text", "time", "colour", "jsonl", "chrome", "summary", "tee"];

    static IFlowSink Make(string format, Stream stream) => format switch
    {
        "text" => new TextSink(stream, FlowScript.StartNs),
        "time" => new TextSink(stream, FlowScript.StartNs, 0),
        "colour" => new TextSink(stream, FlowScript.StartNs, colour: true),
        "jsonl" => new JsonLinesSink(stream, FlowScript.StartNs),
        "chrome" => new ChromeTraceSink(stream, FlowScript.StartNs),
        "summary" => new SummarySink(),
        _ => new TeeSink([new NamedSink("text", Make("text", stream)), new NamedSink("json", Make("jsonl", stream))]),
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void Events_are_written_without_allocating(string format)
    {
        var script = FlowScript.Sample();
        FlowEvent[] events = [.. script.Events];
        using var sink = Make(format, Stream.Null);
        for (int i = 0; i < 100; i++)
        {
            script.WriteTo(sink);
        }

        // The runtime allocates on this thread too while it still compiles what runs often, so the least of three counts.
        Assert.Equal(0, Enumerable.Range(0, 3).Min(_ => AllocatedBytes()));

        long AllocatedBytes()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100_000 / events.Length; i++)
            {
                foreach (ref readonly var flowEvent in events.AsSpan())
                {
                    sink.Write(flowEvent);
                }

                sink.Flush();
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Many_threads_that_come_and_go_are_forgotten(string format)
    {
        using var sink = Make(format, Stream.Null);
        var code = new FlowScript().Code("work");
        WriteThreads(0, 2_000);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        WriteThreads(2_000, 40_000);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 1 << 20);

        void WriteThreads(int from, int to)
        {
            for (int tid = from; tid < to; tid++)
            {
                var thread = FlowScript.Thread(tid);
                var call = new FlowEvent { Kind = FlowEventKind.Call, Cpu = 0, Depth = 0, TimeNs = tid, DurationNs = -1, OwnNs = -1, Code = code, Thread = thread };
                sink.Write(call);
                var exit = new FlowEvent { Kind = FlowEventKind.Return, Cpu = 0, Depth = 0, TimeNs = tid, DurationNs = 1, OwnNs = 1, Code = code, Thread = thread };
                sink.Write(exit);
            }
        }
    }

    [Fact]
    public void A_failing_output_is_left_out_and_the_others_go_on()
    {
        var script = FlowScript.Sample();
        using var stream = new MemoryStream();
        var tee = new TeeSink(
        [
            new NamedSink("full disk", new TextSink(new FailingStream(), FlowScript.StartNs)),
            new NamedSink("good", new JsonLinesSink(stream, FlowScript.StartNs)),
        ]);
        script.WriteTo(tee);
        script.WriteTo(tee);
        tee.Dispose();
        var failure = Assert.Single(tee.Failures);
        Assert.Equal("full disk", failure.Name);
        Assert.Equal(2 * script.Events.Count, Encoding.UTF8.GetString(stream.ToArray()).Count(character => character == '\n'));
    }

    [Fact]
    public void When_the_last_output_fails_it_says_so()
    {
        using var tee = new TeeSink([new NamedSink("trace.txt", new TextSink(new FailingStream(), 0))]);
        var error = Assert.Throws<IOException>(() => FlowScript.Sample().WriteTo(tee));
        Assert.Equal("trace.txt: no space left on the device", error.Message);
    }

    sealed class FailingStream : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("full", 28);
    }

    [Theory]
    [InlineData("a.jsonl", "{\"t\":")]
    [InlineData("a.json", "[\n{")]
    [InlineData("a.txt", "    TIME")]
    public void The_extension_picks_the_format(string name, string beginning)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("sonde").FullName, name);
        File.WriteAllText(path, "what was there before, and is longer than what comes now" + new string('.', 100_000));
        using (var file = FlowFile.Open(path))
        {
            Assert.StartsWith("what was there before", File.ReadAllText(path));
            using var sink = file.Begin(FlowScript.StartNs);
            FlowScript.Sample().WriteTo(sink);
        }

        Assert.StartsWith(beginning, File.ReadAllText(path));
        Assert.DoesNotContain("...", File.ReadAllText(path), StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_explained()
    {
        var unknown = Assert.Throws<UsageException>(() => FlowFile.Open("/nowhere/flow.csv"));
        Assert.Equal("cannot write '/nowhere/flow.csv': its extension names no format. Use .jsonl (JSON lines), .json (Chrome/Perfetto trace) or .txt (text).", unknown.Message);
        var missing = Assert.ThrowsAny<UserErrorException>(() => FlowFile.Open("/nowhere/flow.json"));
        Assert.Equal("cannot write '/nowhere/flow.json': the directory does not exist. Choose another place.", missing.Message);
    }

    [Fact]
    public void A_file_that_was_made_and_not_begun_goes_again_and_others_stay()
    {
        var directory = Directory.CreateTempSubdirectory("sonde");
        var (made, kept) = (Path.Combine(directory.FullName, "made.txt"), Path.Combine(directory.FullName, "kept.txt"));
        File.WriteAllText(kept, "kept");
        FlowFile.Open(made).Dispose();
        FlowFile.Open(kept).Dispose();
        Assert.False(File.Exists(made));
        Assert.Equal("kept", File.ReadAllText(kept));
        directory.Delete(recursive: true);
    }

    [Fact]
    public void What_a_link_led_to_goes_again_and_the_link_stays()
    {
        var directory = Directory.CreateTempSubdirectory("sonde");
        var (link, made) = (Path.Combine(directory.FullName, "link.txt"), Path.Combine(directory.FullName, "made.txt"));
        File.CreateSymbolicLink(link, "made.txt");
        using (FlowFile.Open(link))
        {
            Assert.True(File.Exists(made));
        }

        Assert.False(File.Exists(made));
        Assert.Equal("made.txt", new FileInfo(link).LinkTarget);
        directory.Delete(recursive: true);
    }

    [Fact]
    public void What_is_no_ordinary_file_gets_text()
    {
        using var file = FlowFile.Open("/dev/null");
        using var sink = file.Begin(FlowScript.StartNs);
        Assert.IsType<TextSink>(sink);
        FlowScript.Sample().WriteTo(sink);
    }
}
