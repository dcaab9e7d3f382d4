using Sonde.Engine.Flow;
using Sonde.Engine.Targets;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Flow;

/// <summary>Whatever happens to the tracer, the traced program goes on, computes what it should, and has its own code back.</summary>
public sealed class FlowSafetyTests
{
    [Theory, InlineData("pyenv-3.9", 20), InlineData("pyenv-3.12", 200), InlineData("sid-3.14", 20)]
    public void Attaching_and_detaching_again_and_again_changes_nothing(string name, int rounds)
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get(name), "busy.py", "--threads", "2");
        using var code = new ProbedCode(target.Pid);
        target.Send();
        long events = 0;
        for (int round = 0; round < rounds; round++)
        {
            using var recording = new Recording(new FlowOptions { MaxEvents = 50 }, target.Pid);
            recording.WaitForEnd();
            events += recording.Events.Count;
        }

        Assert.Equal(rounds * 50, events);
        code.AssertRestored();
        AssertComputedRight(target);
    }

    [Fact]
    public void Killing_the_tracer_leaves_the_program_as_it_was()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.13"), "busy.py", "--threads", "2");
        using var code = new ProbedCode(target.Pid);
        target.Send();
        for (int round = 0; round < 20; round++)
        {
            using Target sonde = Target.Start(SondeCommand.Path, "flow", "--json", "-p", $"{target.Pid}");
            Assert.NotNull(sonde.ReadLine());
            Assert.True(code.IsPatched(), "no probe is there while the flow is shown");
            sonde.Signal("KILL");
            sonde.WaitForExit();
        }

        code.AssertRestored();
        AssertComputedRight(target);
    }

    [Theory, InlineData("INT"), InlineData("QUIT"), InlineData("TERM"), InlineData("HUP")]
    public void A_signal_ends_the_trace_with_all_that_was_seen(string signal)
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.12"), "busy.py", "--rate", "1000");
        using var code = new ProbedCode(target.Pid);
        target.Send();
        string file = Path.Combine(Path.GetTempPath(), $"sonde-{signal}-{Environment.ProcessId}.jsonl");
        try
        {
            // As a background job of a shell script is started.
            using Target sonde = Target.Start("sh", "-c", "trap '' INT QUIT; exec \"$@\"", "sh", SondeCommand.Path, "flow", "-p", $"{target.Pid}", "-o", file);
            Strangers.WaitUntil(() => File.Exists(file) && new FileInfo(file).Length > 10_000, "events are written");
            sonde.Signal(signal);
            Assert.Equal(0, sonde.WaitForExit());
            string[] lines = File.ReadAllLines(file);
            Assert.All(lines, line => Assert.EndsWith("}", line, StringComparison.Ordinal));
            Assert.Contains("events in", sonde.Errors, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }

        code.AssertRestored();
        AssertComputedRight(target);
    }

    [Fact]
    public void The_trace_ends_with_its_program_and_nothing_is_missing()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.13"), "busy.py", "--calls", "2000");
        using var recording = new Recording(new FlowOptions { Functions = ["step"] }, target.Pid);
        target.Send();
        recording.WaitForEnd();
        Assert.Equal(4000, recording.Events.Count);
    }

    [Fact]
    public void Two_tracers_at_once_see_the_same()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.12"), "busy.py", "--calls", "3000");
        using var first = new Recording(new FlowOptions { Functions = ["step"] }, target.Pid);
        using var second = new Recording(new FlowOptions(), target.Pid);
        target.Send();
        first.WaitForEnd();
        second.WaitForEnd();
        Assert.Equal(6000, first.Events.Count);
        Assert.Equal(6000, second.Events.Count(each => each.Code.Function == "step"));
    }

    static void AssertComputedRight(Target target)
    {
        Assert.True(target.IsAlive);
        target.Send();
        Assert.EndsWith("right", target.WaitFor("done"), StringComparison.Ordinal);
        Assert.Equal(0, target.WaitForExit());
    }

    /// <summary>The probed instructions in a process's memory, as they were before anything was attached.</summary>
    sealed class ProbedCode : IDisposable
    {
        readonly LiveMemory _memory;
        readonly (ulong Address, byte[] Bytes)[] _code;

        public ProbedCode(int pid)
        {
            _memory = new LiveMemory(pid);
            PythonTarget target = PythonTarget.Find(pid);
            using PythonImage image = PythonImage.Analyse(target.Image);
            _code = [.. image.Sites.Select(site => (target.Bias + site.Address, Read(target.Bias + site.Address)))];
            Assert.NotEmpty(_code);
        }

        public bool IsPatched() => _code.Any(each => !Read(each.Address).SequenceEqual(each.Bytes));

        public void AssertRestored() => Assert.All(_code, each => Assert.Equal(each.Bytes, Read(each.Address)));

        public void Dispose() => _memory.Dispose();

        byte[] Read(ulong address)
        {
            byte[] bytes = new byte[16];
            Assert.True(_memory.TryRead(address, bytes));
            return bytes;
        }
    }
}
