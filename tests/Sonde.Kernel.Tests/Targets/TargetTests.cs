using Xunit;

namespace Sonde.Kernel.Tests.Targets;

/// <summary>The ground the other tests stand on.</summary>
public sealed class TargetTests
{
    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void The_known_calls_are_the_same_in_every_run(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        Truth truth = Truth.Of(interpreter);
        string file = Target.PathOf(interpreter, Truth.Program);
        Counts section = truth.Functions.Single(function => function.Key.File == file && function.Key.Name == "section").Value;
        Counts descents = truth.Functions.Single(function => function.Key.Name == "descend").Value;

        using Target target = Target.StartReady(interpreter, Truth.Program);
        target.Send();
        string checksum = target.WaitFor("done");
        target.Send();

        Assert.Equal(new Counts(1, 1, 0, 0, 0), section);
        Assert.Equal(new Counts(386, 386, 0, 0, 0), descents);
        Assert.Equal(truth.Checksum.ToString(System.Globalization.CultureInfo.InvariantCulture), checksum);
        Assert.Equal(0, target.WaitForExit());
    }

    [Fact]
    public void A_contained_target_sees_only_its_own_root()
    {
        Interpreter interpreter = Interpreters.Get("sid-3.13");
        using Target target = Target.StartReady(interpreter, "busy.py");

        Assert.Equal(interpreter.Path, File.ResolveLinkTarget($"/proc/{target.Pid}/exe", returnFinalTarget: false)?.FullName);
        Assert.True(File.Exists($"/proc/{target.Pid}/root{interpreter.Path}"));
    }

    [Fact]
    public void The_busy_program_knows_that_it_computed_right()
    {
        using Target target = Target.StartReady(Interpreters.Any(), "busy.py", "--calls", "10000", "--threads", "3");
        target.Send();

        Assert.Equal("10000 right", target.WaitFor("done"));
        Assert.Equal(0, target.WaitForExit());
    }

    [Fact]
    public void The_recursive_program_reaches_its_depth()
    {
        using Target target = Target.StartReady(Interpreters.Any(), "deep.py", "--depth", "500", "--times", "3");
        target.Send();

        Assert.Equal("1500", target.WaitFor("done"));
    }

    [Fact]
    public void A_python_can_be_met_before_it_has_loaded_anything()
    {
        using Target target = Strangers.StartingPython(Interpreters.Any(), "deep.py", out string gate);

        Assert.DoesNotContain("libc.so", File.ReadAllText($"/proc/{target.Pid}/maps"), StringComparison.Ordinal);
        Strangers.LetGo(gate);
        target.WaitFor("ready");
    }

    [Fact]
    public void A_python_can_be_met_without_its_main_thread()
    {
        using Target target = Target.StartReady(Interpreters.Any(), "leaving.py", "--leader");

        Assert.Equal('Z', Strangers.StateOf(target.Pid));
        target.Send();
        Assert.Equal("1000", target.WaitFor("done"));
    }

    [Fact]
    public void The_others_are_what_they_are_called()
    {
        using Target parent = Strangers.ParentOfZombie(out int zombie);
        using Target small = Strangers.ThirtyTwoBit();
        using Target sleep = Strangers.NotPython();

        Assert.Equal('Z', Strangers.StateOf(zombie));
        Assert.Equal(1, File.ReadAllBytes($"/proc/{small.Pid}/exe")[4]);
        Assert.Equal('X', Strangers.StateOf(Strangers.NobodysPid()));
        Assert.True(sleep.IsAlive);
        if (Strangers.TryFindKernelThread(out int thread))
        {
            Assert.Equal("", File.ReadAllText($"/proc/{thread}/cmdline"));
        }
    }
}
