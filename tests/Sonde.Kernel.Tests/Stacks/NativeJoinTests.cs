using Sonde.Engine.Stacks;
using Sonde.Kernel.Tests.Targets;
using Sonde.Python.Stacks;
using Xunit;

namespace Sonde.Kernel.Tests.Stacks;

public sealed class NativeJoinTests
{
    static readonly string[] _chain = ["leaf", "numbers", "step", "plain", "by_key", "outer", "<module>"];

    [Theory]
    [MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Python_stands_between_the_code_that_called_it_and_the_code_it_called(string name)
    {
        Check(name, "wait");
        Check(name, "spin");
    }

    static void Check(string name, string mode)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "native_join.py", mode);
        using var view = PythonProcessView.Open(target.Pid);
        using var stacks = NativeStacks.Open(target.Pid, withLines: false);
        List<RawFrame> frames = [];
        var deadline = Environment.TickCount64 + (long)Target.Patience.TotalMilliseconds;
        JoinedTrace joined;
        string[] functions;
        do
        {
            joined = stacks.TakeJoined(target.Pid, TimeSpan.FromSeconds(5), view.Nested, view.Runtime.ReadThreads(), frames);
            functions = [.. frames.Select(frame => view.Codes.TryGet(frame.Code, out var code) ? code.Name : "?")];
        }
        while ((joined.Mismatch is not null || functions.FirstOrDefault() != "leaf") && Environment.TickCount64 < deadline);

        Assert.Null(joined.Native.Problem);
        Assert.True(joined.Native.Truncated is null, $"{mode}: {joined.Native.Truncated}\n{Text(joined.Native)}");
        Assert.True(joined.Mismatch is null, $"{mode}: {joined.Mismatch}\n{Text(joined.Native)}");
        Assert.Equal(_chain, functions);
        Assert.Equal(Enumerable.Range(0, _chain.Length), joined.Frames.Where(frame => frame.Native is null).Select(frame => frame.PythonIndex));
        // What sorted() and reduce() call back stands below them.
        Assert.Contains(Between(joined, 3, 4), function => function.Contains("reduce", StringComparison.Ordinal) || Unnamed(name));
        Assert.Contains(Between(joined, 4, 5), function => function.Contains("sort", StringComparison.Ordinal) || Unnamed(name));
        Assert.Equal("_start", joined.Frames[^1].Native?.Function);
    }

    /// <summary>Whether the interpreter has no names for the functions it does not export.</summary>
    static bool Unnamed(string name) => !name.StartsWith("pyenv", StringComparison.Ordinal);

    static IEnumerable<string> Between(JoinedTrace joined, int inner, int outer) =>
        joined.Frames.SkipWhile(frame => frame.PythonIndex != inner).Skip(1).TakeWhile(frame => frame.PythonIndex != outer).Select(frame => frame.Native!.Value.Function ?? "?");

    static string Text(NativeTrace stack) =>
        $"{stack.Source}\n" + string.Join('\n', stack.Frames.Select(frame => $"{frame.Address:x} {frame.Function}+{frame.Offset} {frame.Module} {frame.Trust} {(frame.IsEvaluation ? "evaluation" : "")}{(frame.IsHandler ? " handler" : "")}{(frame.IsInlined ? " inlined" : "")}"));
}
