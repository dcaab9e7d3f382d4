using Sonde.Kernel.Tests.Targets;
using Sonde.Tracing;
using Xunit;

namespace Sonde.Kernel.Tests.Library;

/// <summary>The library on Python programs.</summary>
public sealed class PythonStreamTests
{
    public PythonStreamTests() => Requires.Root();

    static Target Start(string interpreter) => Target.StartReady(Interpreters.Get(interpreter), "library_calls.py");

    static async Task<List<T>> Rest<T>(EventReader<T> reader) => await reader.ToListAsync();

    static void Do(Target target, params string[] lines)
    {
        foreach (var line in lines)
        {
            target.Send(line);
            Assert.Equal("done", target.ReadLine());
        }
    }

    [Theory]
    [InlineData("pyenv-3.8")]
    [InlineData("pyenv-3.12")]
    [InlineData("sid-3.14")]
    public async Task Calls_have_names_arguments_results_and_exceptions(string interpreter)
    {
        using var target = Start(interpreter);
        await using var session = Session.Attach(target.Pid);
        await using var calls = session.PythonCalls("library_calls.py:*handle", c => new
        {
            c.Function,
            c.File,
            c.Line,
            User = c.Int64("user_id"),
            Name = c.String("name"),
            Price = c.Double("price"),
            Self = c.Value("self"),
            Result = c.Result.Int64,
            c.Exception,
            c.Duration,
        }).Where(c => c.User > 5).Open();
        await using var slow = session.PythonCalls("*handle", c => new { Id = c.Int64("user_id"), c.Duration }).Where(c => c.Duration > TimeSpan.FromMilliseconds(40)).Open();
        Do(target, "3", "7", "13", "99");
        await calls.DisposeAsync();
        await slow.DisposeAsync();
        var found = await Rest(calls);
        Assert.Equal([(7, "user7", 1.5, 14, ""), (13, "user13", 1.5, 0, "KeyError"), (99, "user99", 1.5, 198, "")], found.Select(c => (c.User, c.Name, c.Price, c.Result, c.Exception)));
        Assert.All(found, c => Assert.Equal(("Server.handle", "library_calls.py", 9, new PythonObject("Server")), (c.Function, Path.GetFileName(c.File), c.Line, c.Self)));
        Assert.Equal(99, Assert.Single(await Rest(slow)).Id);
        Assert.Equal(0, session.Losses.Total);
    }

    [Fact]
    public async Task A_call_that_an_exception_left_has_no_result()
    {
        using var target = Start("pyenv-3.12");
        await using var session = Session.Attach(target.Pid);
        await using var results = session.PythonCalls("*handle", c => c.Result.Value).Open();
        Do(target, "7", "13", "8");
        await results.DisposeAsync();
        Assert.Equal<object?>([14L, null, 16L], await Rest(results));
    }

    [Fact]
    public async Task Results_of_whatever_type_are_keys()
    {
        using var target = Start("pyenv-3.12");
        await using var session = Session.Attach(target.Pid);
        await using var results = session.PythonCalls("*handle").CountBy(c => c.Result.Value);
        await using var several = session.PythonCalls("*handle").CountBy(c => new { Result = c.Result.Value, Name = c.Value("name"), c.Exception });
        Do(target, "7", "13", "8", "7");
        Assert.Equal(new Dictionary<object, long> { [14L] = 2, [16L] = 1, [new PythonObject("NoneType")] = 1 }, results.Snapshot());
        Assert.Equal(2, several.Snapshot()[new { Result = (object)14L, Name = (object)"user7", Exception = "" }]);
        Assert.Equal(1, several.Snapshot()[new { Result = (object)null!, Name = (object)"user13", Exception = "KeyError" }]);
    }

    [Fact]
    public async Task What_fitted_nothing_is_a_warning_once_the_stream_has_ended()
    {
        using var target = Start("pyenv-3.12");
        await using var session = Session.Attach(target.Pid);
        await using var calls = session.PythonCalls("hamdle", c => c.Pid).Open();
        Do(target, "7");
        Assert.Empty(session.Warnings);
        await calls.DisposeAsync();
        Assert.StartsWith("hamdle: none of the ", Assert.Single(session.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Samples_are_of_all_threads()
    {
        using var target = Start("pyenv-3.12");
        await using var session = Session.Attach(target.Pid);
        await using var samples = session.Samples(200).Open();
        Do(target, "thread 0.3");
        await samples.DisposeAsync();
        var found = await Rest(samples);
        Assert.Contains(found, s => s.Tid != target.Pid && s.Python.Frames is [{ Function: "spin" }, ..]);
        Assert.All(found, s => Assert.Equal(target.Pid, s.Pid));
    }

    [Fact]
    public async Task Recursive_calls_are_counted_each()
    {
        using var target = Start("pyenv-3.12");
        await using var session = Session.Attach(target.Pid);
        await using var counts = session.PythonCalls("fib").CountBy(c => c.Int64("n"));
        Do(target, "fib 6");
        Assert.Equal(new Dictionary<long, long> { [6] = 1, [5] = 1, [4] = 2, [3] = 3, [2] = 5, [1] = 8, [0] = 5 }, counts.Snapshot());
    }

    [Fact]
    public async Task Samples_and_dumps_have_the_functions_that_run()
    {
        using var target = Start("pyenv-3.12");
        await using var session = Session.Attach(target.Pid);
        var idle = Assert.Single(session.Dump());
        Assert.Equal("<module>", idle.Stack.Frames[0].Function);
        await using var samples = session.Samples(200).Open();
        await using var counts = session.Samples(200, s => s.PythonStack(3)).CountBy(stack => stack);
        Do(target, "spin 0.5");
        await samples.DisposeAsync();
        var spinning = (await Rest(samples)).Where(s => s.Python.Frames is [{ Function: "spin" }, ..]).ToList();
        Assert.NotEmpty(spinning);
        Assert.All(spinning, s => Assert.Equal((target.Pid, "<module>", "<module>;spin"), (s.Pid, s.Python.Frames[^1].Function, s.Python.ToString())));
        Assert.Contains(spinning, s => s.Native.Frames.Count > 3);
        Assert.Contains(counts.Snapshot().Keys, stack => stack.ToString() == "<module>;spin");
    }
}
