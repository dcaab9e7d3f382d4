using System.Text;
using Sonde.Engine.Points;
using Xunit;

namespace Sonde.Tests.Points;

/// <summary>What a point says of itself is understood, what it has lost told, and what cannot be understood counted.</summary>
public sealed class PointDecoderTests
{
    const string State = """{"e":"state","point":1,"hits":7,"skipped":2,"told":3,"troubles":1,"trouble":"x is not set","total":90,"least":10,"most":50,"lost":4}""";

    sealed class Output : IPointOutput
    {
        public List<string> Told { get; } = [];

        public void Hit(PointHit hit) => Told.Add(hit.Message!);

        public void Count(PointKind kind, PointState state) => Told.Add($"{kind} {state.Hits}");

        public void Flush()
        {
        }
    }

    readonly Output _output = new();
    readonly PointDecoder _decoder = new(PointKind.Counter);

    void Read(string record) => _decoder.Read(Encoding.UTF8.GetBytes(record), _output);

    static string End(string reason, int dropped = 0, int untold = 0, int failed = 0, string failure = "null") =>
        $$"""{"e":"end","reason":"{{reason}}","dropped":{{dropped}},"untold":{{untold}},"failed":{{failed}},"failure":{{failure}}}""";

    [Fact]
    public void What_is_lost_is_what_the_last_word_says()
    {
        Read(State);
        Assert.Equal(new PointState(7, 3, 2, 1, "x is not set", 90, 10, 50, 4), _decoder.State);
        Read(End("removed", dropped: 6));
        Assert.Equal(6, _decoder.State!.Value.Lost);
        Assert.Null(_decoder.Ended);
        Assert.Empty(_decoder.Remarks);
        Assert.Equal(["Counter 7"], _output.Told);
    }

    [Fact]
    public void An_end_of_its_own_says_why()
    {
        Read(State.Replace("\"state\"", "\"off\"", StringComparison.Ordinal)[..^1] + ",\"why\":\"it took too long\"}");
        Assert.Equal("it took too long", _decoder.Ended);
        Read(End("nobody listens any more"));
        Assert.Equal("it took too long", _decoder.Ended);
        Assert.Equal(4, _decoder.State!.Value.Lost);

        var other = new PointDecoder(PointKind.Log);
        other.Read(Encoding.UTF8.GetBytes(End("forked")), _output);
        Assert.Equal("forked", other.Ended);
        Assert.Null(other.State);
    }

    [Fact]
    public void Mistakes_of_the_agents_and_what_was_forgotten_are_told()
    {
        Read(End("removed", untold: 3, failed: 2, failure: "\"KeyError at tell\""));
        Assert.Equal(2, _decoder.Remarks.Count);
        Assert.Contains("made 2 mistakes, which the program has not seen: KeyError at tell", _decoder.Remarks.Dequeue(), StringComparison.Ordinal);
        Assert.Contains("3 generators", _decoder.Remarks.Dequeue(), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_else_traces_and_what_runs_elsewhere_is_told()
    {
        Read("""{"e":"foreign","thread":12,"by":"<function tracer>"}""");
        Read("""{"e":"elsewhere","count":5}""");
        Assert.Contains("thread 12 is traced by somebody else (<function tracer>)", _decoder.Remarks.Dequeue(), StringComparison.Ordinal);
        Assert.Contains("5 calls that run already", _decoder.Remarks.Dequeue(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"e":5}""")]
    [InlineData("""{"e":"state","hits":"many"}""")]
    [InlineData("""{"e":"end","dropped":1e400}""")]
    [InlineData("""{"e":"off"}""")]
    [InlineData("""{"e":"hit"}""")]
    [InlineData("""{"e":"foreign","thread":[],"by":7}""")]
    public void What_makes_no_sense_is_counted_and_nothing_else(string record)
    {
        Read(record);
        Assert.Equal(1, _decoder.Damaged);
        Assert.Empty(_output.Told);
        Assert.Null(_decoder.Ended);
    }

    const string Hit = """{"e":"hit","point":1,"time":1000000,"thread":7,"function":"step","file":"a.py","line":3,"message":"x"}""";

    static string HitWith(string more) => $"{Hit[..^1]},{more}}}";

    [Theory]
    [InlineData("""
        "stack":[{}]
        """)]
    [InlineData("""
        "stack":[[]]
        """)]
    [InlineData("""
        "stack":[["step","a.py","3"]]
        """)]
    [InlineData("""
        "locals":[[]]
        """)]
    [InlineData("""
        "locals":[["a",1]]
        """)]
    [InlineData("""
        "arguments":{}
        """)]
    [InlineData("""
        "trouble":[]
        """)]
    public void A_hit_that_makes_no_sense_is_counted_and_not_shown(string more)
    {
        Read(Hit);
        Assert.Equal(0, _decoder.Damaged);
        Read(HitWith(more));
        Assert.Equal(1, _decoder.Damaged);
        Assert.Equal(["x"], _output.Told);
    }

    [Fact]
    public void A_hit_is_shown_with_all_that_was_told()
    {
        using var json = new StringWriter();
        _decoder.Read(Encoding.UTF8.GetBytes(HitWith("""
            "stack":[["step","a.py",3],["main","b.py",null]]
            """)), new PointJson(json));
        _decoder.Read(Encoding.UTF8.GetBytes("""{"e":"hit","time":2,"thread":0,"function":"f","file":"a.py","line":4,"arguments":[["n","1"]],"locals":[["m","'2'"]],"trouble":"why"}"""), new PointText(json));
        Assert.Equal(
            """
            {"event":"log","time_ns":1000000,"thread":7,"function":"step","file":"a.py","line":3,"message":"x","stack":[{"function":"step","file":"a.py","line":3},{"function":"main","file":"b.py","line":0}]}
            {"event":"snapshot","time_ns":2,"thread":0,"function":"f","file":"a.py","line":4,"trouble":"why","arguments":{"n":"1"},"locals":{"m":"\u00272\u0027"}}

            """,
            json.ToString());
    }

    sealed class Broken : IPointOutput
    {
        public void Hit(PointHit hit) => throw new ArgumentException("a mistake of ours");

        public void Count(PointKind kind, PointState state) => throw new InvalidOperationException("another one");

        public void Flush()
        {
        }
    }

    [Fact]
    public void A_mistake_in_showing_is_not_taken_for_damage_by_the_program()
    {
        var output = new Broken();
        Assert.Throws<ArgumentException>(() => _decoder.Read(Encoding.UTF8.GetBytes(Hit), output));
        Assert.Throws<InvalidOperationException>(() => _decoder.Read(Encoding.UTF8.GetBytes(State), output));
        Assert.Equal(0, _decoder.Damaged);
    }

    [Fact]
    public void Of_remarks_without_end_the_first_are_kept_and_the_others_counted()
    {
        for (var i = 0; i < 1000; i++)
        {
            Read("""{"e":"elsewhere","count":5}""");
        }

        Assert.Equal(100, _decoder.Remarks.Count);
        Assert.Equal(900, _decoder.Unsaid);
    }

    [Fact]
    public void Lines_that_do_not_run_in_calls_are_told()
    {
        Read("""{"e":"defines","line":14,"name":"A.step","first":15}""");
        Read("""{"e":"passed","line":9}""");
        Assert.Contains("on line 14 A.step is defined, and it does not run when that is called: the first line that does is 15", _decoder.Remarks.Dequeue(), StringComparison.Ordinal);
        Assert.Contains("line 9 is in no function", _decoder.Remarks.Dequeue(), StringComparison.Ordinal);
    }
}
