using System.Text;
using System.Text.Json;
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

        public void Hit(JsonElement hit) => Told.Add(hit.GetProperty("message").GetString()!);

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

    [Theory]
    [InlineData("""{"e":"hit","message":"x","time":1,"stack":[{}]}""")]
    [InlineData("""{"e":"hit","message":"x","time":1,"stack":[[]]}""")]
    [InlineData("""{"e":"hit","time":1,"locals":[[]]}""")]
    public void A_hit_that_makes_no_sense_is_counted_however_it_is_shown(string record)
    {
        foreach (var output in new IPointOutput[] { new PointText(TextWriter.Null), new PointJson(TextWriter.Null) })
        {
            _decoder.Read(Encoding.UTF8.GetBytes(record), output);
        }

        Assert.InRange(_decoder.Damaged, 1, 2);
    }
}
