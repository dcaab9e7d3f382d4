using Sonde.Engine.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Flow.Inside;

/// <summary>What an agent inside the process tells is what really happened, on every interpreter.</summary>
public sealed class InsideTruthTests
{
    /// <summary>Code can be put into CPython 3.7 and later.</summary>
    public static TheoryData<string> Names => [.. Interpreters.Names.Select(row => row.Data).Where(name => !name.EndsWith("3.6", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Names))]
    public void Shows_every_call_and_every_way_out(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        Requires.Root();
        Truth truth = Truth.Of(interpreter);
        using Target target = InsideTarget.StartReady(interpreter, Truth.Program);
        FlowTruthTests.Compare(truth, target, InsideTarget.Record(new FlowOptions(), target));
        target.Send();
        Assert.Equal(0, target.WaitForExit());
    }

    [Fact]
    public void Threads_that_began_before_are_followed_too()
    {
        Requires.Root();
        foreach (int minor in (int[])[8, 10, 11, 12, 13])
        {
            using Target target = InsideTarget.StartReady(Interpreters.OfVersion(minor), "busy.py", "--threads", "2", "--rate", "2000");
            target.Send();
            Strangers.WaitUntil(() => Directory.GetDirectories($"/proc/{target.Pid}/task").Length >= 4, "its threads run");
            using Recording recording = InsideTarget.Record(new FlowOptions { Functions = ["step"] }, target);
            Strangers.WaitUntil(() => recording.Events.Select(each => each.Thread.Tid).Distinct().Count() == 2, $"both threads of 3.{minor} are seen");
            recording.Stop();
            Assert.All(recording.Events, each => Assert.Equal("step", each.Code.Function));
        }
    }
}
