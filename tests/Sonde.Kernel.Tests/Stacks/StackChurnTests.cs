using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sonde.Engine.Stacks;
using Sonde.Kernel.Tests.Targets;
using Sonde.Python.Stacks;
using Xunit;

namespace Sonde.Kernel.Tests.Stacks;

/// <summary>Stacks of a program that never stands still. SONDE_CHURN_SECONDS makes it longer than the short look of every run.</summary>
public sealed class StackChurnTests(ITestOutputHelper output)
{
    static readonly TimeSpan _duration = TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("SONDE_CHURN_SECONDS") ?? "1", CultureInfo.InvariantCulture));

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Every_caller_in_a_stack_really_calls_its_callee(string name)
    {
        var interpreter = Interpreters.Get(name);
        using var target = Target.StartReady(interpreter, "churn.py");
        var calls = Calls(target.WaitFor("calls"));
        target.Send();

        using var view = PythonProcessView.Open(target.Pid);
        var thread = Assert.Single(view.Runtime.ReadThreads());
        Strangers.WaitUntil(() => view.Snapshot().Threads[0].Frames.Any(frame => frame.Function == "once"), "it has begun");
        List<RawFrame> frames = [];
        HashSet<string> torn = [];
        int samples = 0, changed = 0, tooDeep = 0;
        var random = new Random(1);
        var start = Stopwatch.StartNew();
        long spent = 0;
        while (start.Elapsed < _duration)
        {
            var before = Stopwatch.GetTimestamp();
            var result = view.Stacks.Read(thread, frames);
            spent += Stopwatch.GetTimestamp() - before;
            samples++;
            changed += result == StackReadResult.Changed ? 1 : 0;
            Assert.True(result is StackReadResult.Verified or StackReadResult.Changed, $"the stack was {result}");
            if (result == StackReadResult.Verified)
            {
                tooDeep += frames.Count > 110 ? 1 : 0;
                AddTorn(view.Codes, frames, calls, torn);
            }

            // A thousand times a second, at no fixed distance.
            var due = Stopwatch.GetTimestamp() + (long)(random.NextDouble() * 2 * Stopwatch.Frequency / 1000);
            SpinWait.SpinUntil(() => Stopwatch.GetTimestamp() >= due);
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {samples} samples, {torn.Count} torn, {100.0 * changed / samples:0.00} % dropped, {spent * 1e6 / Stopwatch.Frequency / samples:0.0} us each"));
        Assert.Empty(torn);
        Assert.Equal(0, tooDeep);
        Assert.True(changed < samples / 2, $"{changed} of {samples} were dropped");
    }

    static void AddTorn(CodeTable codes, List<RawFrame> frames, HashSet<(string, int, string)> calls, HashSet<string> torn)
    {
        for (var i = 0; i + 1 < frames.Count; i++)
        {
            Assert.True(codes.TryGet(frames[i].Code, out var callee));
            Assert.True(codes.TryGet(frames[i + 1].Code, out var caller));
            var line = caller.Locate(frames[i + 1].InstructionOffsetBytes)?.Line ?? 0;
            if (!calls.Contains((caller.Name, line, callee.Name)) && !calls.Contains((caller.Name, 0, callee.Name)))
            {
                torn.Add($"{caller.Name}:{line} does not call {callee.Name}");
            }
        }

        Assert.True(codes.TryGet(frames[^1].Code, out var outermost));
        if (outermost.Name != "<module>")
        {
            torn.Add($"{outermost.Name} has no caller");
        }
    }

    static HashSet<(string Caller, int Line, string Callee)> Calls(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(call => (call[0].GetString()!, call[1].GetInt32(), call[2].GetString()!))];
    }
}
