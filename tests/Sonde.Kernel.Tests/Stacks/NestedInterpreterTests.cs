using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Sampling;
using Sonde.Engine.Stacks;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Stacks;

/// <summary>A thread that runs in several interpreters is one thread.</summary>
public sealed class NestedInterpreterTests
{
    static readonly string[] _inside = ["innermost", "inner", "<module>"];

    public static TheoryData<string> Kinds => ["pyenv-3.8", "pyenv-3.9", "pyenv-3.10", "debian-3.11", "pyenv-3.11", "pyenv-3.12", "pyenv-3.13", "sid-3.14", "sid-3.15"];

    [Theory, MemberData(nameof(Kinds))]
    public void Is_shown_once_with_the_frames_of_all_of_them(string name)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "nested_interpreters.py");
        using (var early = PythonProcessView.Open(target.Pid))
        {
            WaitForAll(early);
        }

        // One that looked on while the program began can know code by an address that has become another's.
        using var view = PythonProcessView.Open(target.Pid);
        var threads = view.Snapshot().Threads.ToDictionary(static thread => thread.Name ?? "?");

        Assert.Equal(["MainThread", "nester", "worker"], threads.Keys.Order());
        Assert.Equal(ProcFs.Tasks(target.Pid).Order(), threads.Values.Select(static thread => thread.Tid).Order());
        Check(threads["MainThread"], [.. _inside, "enter", "main", "<module>"], 3);
        Check(threads["worker"], [.. _inside, "enter", "run", "_bootstrap_inner", "_bootstrap"], 3);
        Check(threads["nester"], [.. _inside, "between", "<module>", "enter", "run", "_bootstrap_inner", "_bootstrap"], 3, 2);
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.10"), InlineData("pyenv-3.12"), InlineData("sid-3.15")]
    public void Is_dumped_as_one_with_its_machine_code_and_variables(string name)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "nested_interpreters.py");
        using (var view = PythonProcessView.Open(target.Pid))
        {
            WaitForAll(view);
        }

        var result = SondeCommand.Run("dump", "-n", "-l", "-p", target.Pid.ToString(System.Globalization.CultureInfo.InvariantCulture));

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(3, result.Output.Split('\n').Count(static line => line.StartsWith("Thread ", StringComparison.Ordinal)));
        Assert.DoesNotContain("is missing", result.Output, StringComparison.Ordinal);
        Assert.Equal(3, result.Output.Split("(called from the main interpreter)").Length - 1);
        Assert.Equal(1, result.Output.Split("(called from sub-interpreter ").Length - 1);
        var nester = result.Output[result.Output.IndexOf("\"nester\"", StringComparison.Ordinal)..];
        Assert.Matches("^\"nester\" - waits in read of a pipe, in sub-interpreter [0-9]+\n", nester);
        string[] inOrder = ["    innermost (", "    inner (", "    PyEval_EvalCode", "    (called from sub-interpreter ", "    between (", "            code: '", "    PyEval_EvalCode", "    (called from the main interpreter)", "    enter (", "    Thread.run ("];
        var at = 0;
        foreach (var line in inOrder)
        {
            at = nester.IndexOf(line, at, StringComparison.Ordinal);
            Assert.True(at >= 0, $"'{line}' is not where it should be in\n{nester}");
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Is_sampled_as_one_while_it_comes_and_goes(string name)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "nested_interpreters.py", "spin");
        using (var view = PythonProcessView.Open(target.Pid))
        {
            WaitForAll(view);
        }

        var options = new SamplingOptions { Pids = [target.Pid], IntervalNs = 1_000_000, Idle = true };
        using var sampler = new OutsideSampler(options);
        var recorder = new SampleRecorder(new ProfileInfo { IntervalNs = options.IntervalNs }, keepsTimeline: true);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        sampler.Run(recorder, stop.Token);

        var profile = recorder.Copy();

        Assert.Equal(4, profile.Threads.Select(static thread => thread.Tid).Distinct().Count());
        Assert.Equal(4, profile.Threads.Count);
        // The waiting threads have one stack each, and each moment one sample.
        Assert.Equal(["MainThread;<module>;main;enter;[sub-interpreter];<module>;inner;innermost"], StacksOf("MainThread"));
        Assert.Equal(["worker;_bootstrap;_bootstrap_inner;run;enter;[sub-interpreter];<module>;inner;innermost"], StacksOf("worker"));
        Assert.Equal(["nester;_bootstrap;_bootstrap_inner;run;enter;[sub-interpreter];<module>;between;[sub-interpreter];<module>;inner;innermost"], StacksOf("nester"));
        var spinning = StacksOf("spinner");
        Assert.Contains("spinner;_bootstrap;_bootstrap_inner;run;come_and_go;enter;[sub-interpreter];<module>;spin", spinning);
        Assert.Contains("spinner;_bootstrap;_bootstrap_inner;run;come_and_go;pause", spinning);
        Assert.All(spinning, static stack => Assert.StartsWith("spinner;_bootstrap;_bootstrap_inner;run", stack, StringComparison.Ordinal));
        // It is there about as long as those that only wait.
        Assert.InRange(TimeOf("spinner") / TimeOf("MainThread"), 0.5, 1.1);

        double TimeOf(string thread) => profile.Timeline.Where(sample => profile.Threads[sample.Thread].Name == thread).Sum(static sample => (double)sample.Weight);

        List<string> StacksOf(string thread) => [.. profile.Timeline
            .Where(sample => profile.Threads[sample.Thread].Name == thread)
            .Select(sample => thread + ";" + string.Join(';', Names(profile, sample.Stack)))
            .Distinct().Order(StringComparer.Ordinal)];
    }

    [Theory, InlineData("pyenv-3.10"), InlineData("pyenv-3.12"), InlineData("pyenv-3.13")]
    public void Is_sampled_with_its_machine_code_while_it_waits(string name)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "nested_interpreters.py");
        using (var view = PythonProcessView.Open(target.Pid))
        {
            WaitForAll(view);
        }

        var options = new SamplingOptions { Pids = [target.Pid], IntervalNs = 10_000_000, Idle = true, Native = true };
        using var sampler = new OutsideSampler(options);
        var recorder = new SampleRecorder(new ProfileInfo { IntervalNs = options.IntervalNs }, keepsTimeline: true);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        sampler.Run(recorder, stop.Token);

        var profile = recorder.Copy();
        Assert.Equal(["MainThread", "nester", "worker"], profile.Threads.Select(static thread => thread.Name).Order());
        Assert.All(profile.Timeline, sample =>
        {
            var names = Names(profile, sample.Stack);
            Assert.DoesNotContain("[machine code not seen]", names);
            Assert.True(names.IndexOf("PyRun_StringFlags") is var call && call > names.IndexOf("enter") && call < names.IndexOf("[sub-interpreter]"), string.Join(';', names));
        });
    }

    static List<string> Names(Profile profile, int stack)
    {
        List<string> names = [];
        for (; stack != StackTable.Empty; stack = profile.Stacks.Caller(stack))
        {
            var name = profile.Frames[profile.Stacks.Innermost(stack)].Function;
            names.Add(name.StartsWith("[sub-interpreter ", StringComparison.Ordinal) ? "[sub-interpreter]" : name[(name.LastIndexOf('.') + 1)..]);
        }

        names.Reverse();
        return names;
    }

    /// <summary>The threads, when all have come to where they wait.</summary>
    static Dictionary<string, ThreadSnapshot> WaitForAll(PythonProcessView view)
    {
        var deadline = Environment.TickCount64 + (long)Target.Patience.TotalMilliseconds;
        IReadOnlyList<ThreadSnapshot> threads;
        do
        {
            threads = view.Snapshot().Threads;
        }
        while (threads.Count(static thread => thread.Frames is [{ Function: "innermost" }, ..] && thread.Waiting?.StartsWith("read of ", StringComparison.Ordinal) == true) < 3 && Environment.TickCount64 < deadline);

        return threads.ToDictionary(static thread => thread.Name ?? "?");
    }

    static void Check(ThreadSnapshot thread, string[] functions, params int[] inner)
    {
        Assert.Null(thread.Problem);
        Assert.Equal(functions, thread.Frames.Select(static frame => frame.Code.Name));
        Assert.Equal([.. inner, functions.Length - inner.Sum()], thread.Parts.Select(static part => part.Frames));
        Assert.Equal(0, thread.Parts[^1].State.InterpreterId);
        Assert.Equal(thread.Parts.Count, thread.Parts.Select(static part => part.State.InterpreterId).Distinct().Count());
        Assert.True(thread.Parts.SkipLast(1).All(static part => part.State.InterpreterId > 0));
    }
}
