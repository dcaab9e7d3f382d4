using System.Text.Json;
using Sonde.Engine;
using Sonde.Engine.Stacks;
using Sonde.Kernel.Tests.Targets;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Kernel.Tests.Stacks;

/// <summary>Snapshots of processes that know themselves what there is to see.</summary>
public sealed class StackTruthTests
{
    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Shows_what_Python_itself_knows_of_its_threads(string name)
    {
        var interpreter = Interpreters.Get(name);

        using var truth = new StackTruth(interpreter);

        Assert.Empty(truth.Differences);
        Assert.True(truth.Compared > 250, $"only {truth.Compared} frames were compared");
        Assert.Null(truth.Snapshot.Problem);
        Assert.Equal(0, truth.Snapshot.OtherThreads);
        Assert.All(
            truth.Snapshot.Threads.Where(thread => thread.Name?.StartsWith("work", StringComparison.Ordinal) == true),
            thread => Assert.Equal((ThreadState.WaitingForLock, "futex"), (thread.State, thread.Waiting)));
        var failing = truth.Snapshot.Threads.Single(thread => thread.Frames.Any(frame => frame.Function == "exceptions"));
        Assert.Equal("KeyError", failing.Exception);
        Assert.Equal(failing.Tid, truth.Snapshot.Threads.Single(thread => thread.Exception is not null).Tid);
        CheckSubinterpreter(truth, interpreter.Version);
    }

    [Fact]
    public void Tells_frames_that_C_code_called()
    {
        using var truth = new StackTruth(Interpreters.OfVersion(12));

        var calling = truth.Snapshot.Threads.Single(thread => thread.Frames.Any(frame => frame.Function == "callbacks"));
        Assert.Equal(
            ["here False", "callbacks.<locals>.<lambda>.<locals>.<lambda> True", "callbacks.<locals>.<lambda> True", "callbacks False"],
            calling.Frames.Take(4).Select(frame => $"{frame.Function} {frame.Raw.CalledFromC}"));
    }

    [Fact]
    public void Says_why_a_process_cannot_be_looked_into()
    {
        using var stranger = Strangers.NotPython();
        using var parent = Strangers.ParentOfZombie(out var zombie);

        Assert.Contains("runs no CPython", Refusal(stranger.Pid), StringComparison.Ordinal);
        Assert.Contains("has exited", Refusal(zombie), StringComparison.Ordinal);
        Assert.Contains("does not exist", Refusal(Strangers.NobodysPid()), StringComparison.Ordinal);
        if (Strangers.TryFindKernelThread(out var kernelThread))
        {
            Assert.Contains("kernel thread", Refusal(kernelThread), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(13)]
    public void Says_that_a_process_is_only_starting(int minor)
    {
        var interpreter = Interpreters.OfVersion(minor);
        using var target = Strangers.StartingPython(interpreter, "deep.py", out var gate);
        string said;
        try
        {
            using var view = PythonProcessView.Open(target.Pid);
            said = view.Snapshot().Problem ?? "nothing";
        }
        catch (UserErrorException refusal)
        {
            said = refusal.Message;
        }

        Assert.Contains("just starting", said, StringComparison.Ordinal);
        Strangers.LetGo(gate);
        target.WaitFor("ready");
        using var later = PythonProcessView.Open(target.Pid);
        Assert.Contains(later.Snapshot().Threads, thread => thread.Frames.Any(frame => frame.Function == "main"));
    }

    [Fact]
    public void Says_that_an_interpreter_is_being_shut_down()
    {
        using var target = Target.StartReady(Interpreters.Any(), "leaving.py", "--atexit");
        using var view = PythonProcessView.Open(target.Pid);

        Assert.Contains(view.Snapshot().Threads, thread => thread.Frames.Any(frame => frame.Function == "wait"));
        target.Send();
        target.WaitForExit();

        Assert.Equal("it has ended", view.Snapshot().Problem);
    }

    static void CheckSubinterpreter(StackTruth truth, Version version)
    {
        if (truth.Subinterpreter == "none")
        {
            Assert.True(version.Minor < 8, "sub-interpreters have been there since 3.8");
            return;
        }

        using var frames = JsonDocument.Parse(truth.Subinterpreter);
        var expected = frames.RootElement.EnumerateArray().Select(frame => $"{frame[0].GetString()} {frame[1].GetString()}:{frame[2].GetInt32()}");
        var thread = Assert.Single(truth.Snapshot.Threads, thread => thread.Parts is [{ State.InterpreterId: not 0 }, ..]);
        Assert.Equal("host", thread.Name);
        Assert.Equal(2, thread.Parts.Count);
        Assert.Equal(expected, thread.Frames.Take(thread.Parts[0].Frames).Select(frame => $"{frame.Code.Name} {frame.File}:{frame.Span?.Line}"));
        Assert.Equal((ThreadState.WaitingForIo, "read of a pipe"), (thread.State, thread.Waiting));
    }

    static string Refusal(int pid) => Assert.Throws<UserErrorException>(() => PythonProcessView.Open(pid)).Message;
}
