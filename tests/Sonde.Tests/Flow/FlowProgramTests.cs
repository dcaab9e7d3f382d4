using System.Globalization;
using Sonde.Bpf;
using Sonde.Engine.Flow;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Python.Sites;
using Xunit;

namespace Sonde.Tests.Flow;

/// <summary>The programs of flow, for layouts that are known without an interpreter's file.</summary>
public sealed class FlowProgramTests
{
    static readonly ValueLocation _register = new(3);
    static readonly ValueLocation _stack = new(4, 8);

    static readonly ProbeSite _entry = new()
    {
        Kind = SiteKind.Entry, Address = 0, FileOffset = 0, Bytes = default, Cost = SiteCost.Emulated, Origin = "RESUME",
        ThreadState = _register, Current = CurrentFrame.New, Reasons = ExitReasons.None,
    };

    static readonly ProbeSite _exit = _entry with { Kind = SiteKind.Exit, Current = CurrentFrame.Dying };

    static readonly ProbeSite[] _sites =
    [
        _entry, _entry with { Frame = _register }, _entry with { Frame = _stack, ThreadState = _stack }, _entry with { Kind = SiteKind.Throw },
        _exit, _exit with { Frame = _stack }, _exit with { Current = CurrentFrame.Parent, ParentFrame = _register, Reasons = ExitReasons.Unwind },
        _exit with { Current = CurrentFrame.Parent, Frame = _register }, _exit with { Current = CurrentFrame.Parent, Reasons = ExitReasons.Return | ExitReasons.Unwind },
    ];

    static readonly FlowOptions[] _options =
    [
        new(), new() { Functions = ["main"] }, new() { Threads = ["worker"] }, new() { Depth = 5 }, new() { MinDuration = TimeSpan.FromMilliseconds(1), Depth = 3, Functions = ["f"] },
    ];

    [Theory, InlineData(6), InlineData(7), InlineData(8), InlineData(9), InlineData(10), InlineData(11), InlineData(12)]
    public void Every_site_has_a_program_whatever_is_filtered(int minor)
    {
        var version = new PythonVersion(minor, 0);
        var layout = CallLayout.For(version, image: null!);
        foreach (var options in _options)
        {
            var maps = new FlowMaps(options);
            foreach (var site in _sites)
            {
                Assert.NotEmpty(FlowProgram.Write(site, version, layout, options, maps, 1, null));
                Assert.NotEmpty(FlowProgram.Write(site, version, layout, options, maps, 1, new PidNamespace(4, 0xf0000000)));
            }
        }
    }

    [Theory, InlineData(6), InlineData(8), InlineData(10), InlineData(11), InlineData(12), InlineData(14), InlineData(15)]
    public void Conditions_as_large_as_they_may_be_leave_room_on_the_stack_for_what_they_call(int minor)
    {
        var version = new PythonVersion(minor, 0);
        var layout = CallLayout.For(new PythonVersion(Math.Min(minor, 12), 0), image: null!);
        layout = minor < 14 ? layout : layout with { FrameOwner = 74, CodeTagMask = 3, ResumeBeforeGeneratorCreation = minor == 15 };
        string[] names = [.. Enumerable.Range(0, 16).Select(static i => $"n{i}")];
        string[] conditions =
        [
            "o.name not in ('a', 'big') and 0 < o.id * o.id < 1000", "('\u00e9' in o['k'][0].name or b'x' in o.data or o.t == b'x') and (o.x in (None, 5, 2.5, 'abc', b'x', True) or not o.y)",
            $"{string.Join(" // (", names)} * ({string.Join(" % (", names)}{new string(')', 31)} > 5", $"{Balanced(5, 0)} == 3", $"{string.Join(" * ", names)} - ({string.Join(" // ", names)}) < 5",
            string.Join(" or ", Enumerable.Range(0, 64).Select(i => $"{names[i % 16]} > {i}.5")), string.Join(" and ", names.Select((name, i) => $"({name}.x + 1) * 2 > n{(i + 1) % 16} or '{new string('x', 60)}' in {name}")),
        ];
        foreach (var condition in conditions)
        {
            foreach (var arguments in new[] { false, true })
            {
                var options = new FlowOptions { Where = condition, Arguments = arguments, Functions = ["f"], Threads = ["worker"], Depth = 5, MinDuration = TimeSpan.FromMilliseconds(1) };
                Assert.NotEmpty(FlowProgram.Write(_entry with { Frame = _register }, version, layout, options, new FlowMaps(options), 1, new PidNamespace(4, 0xf0000000)));
            }
        }

        string Balanced(int depth, int first) => depth == 0 ? names[first % 16] : $"({Balanced(depth - 1, first)} % {Balanced(depth - 1, first + (1 << (depth - 1)))})";
    }

    [Fact]
    public void Without_filters_nothing_is_looked_up_but_the_code_object()
    {
        var options = new FlowOptions();
        var layout = CallLayout.For(new PythonVersion(12, 0), image: null!);
        string entry = Text(_entry with { Frame = _register }), exit = Text(_exit);

        Assert.Equal(1, Count(entry, "MapLookupElem"));
        Assert.Equal(0, Count(exit, "MapLookupElem"));
        Assert.Equal(0, Count(entry, "MapDeleteElem"));
        // The exception, the current frame by way of the cframe, the frame, and whether the generator it lies in is suspended.
        Assert.Equal(5, Count(exit, "ProbeReadUser"));

        string Text(ProbeSite site)
        {
            using var text = new StringWriter(CultureInfo.InvariantCulture);
            Disassembler.Print(FlowProgram.Write(site, new PythonVersion(12, 0), layout, options, new FlowMaps(options), 1, null), text);
            return text.ToString();
        }
    }

    static int Count(string text, string word) => text.Split(word).Length - 1;
}
