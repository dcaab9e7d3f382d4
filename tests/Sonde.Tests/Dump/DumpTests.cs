using System.Text;
using System.Text.Json;
using Sonde.Engine.Dump;
using Sonde.Engine.Stacks;
using Sonde.Python;
using Sonde.Python.Stacks;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Dump;

/// <summary>Dumps as text and JSON, of a made-up process.</summary>
public sealed class DumpTests
{
    [Theory]
    [InlineData("dump.txt", false, false)]
    [InlineData("dump-terminal.txt", true, true)]
    public void Writes_processes_as_text(string golden, bool isTerminal, bool fullFileNames)
    {
        var text = new StringWriter { NewLine = "\n" };

        new DumpText(text, isTerminal, fullFileNames).Write(Processes());

        Golden.Check(golden, text.ToString().Replace("\e", "ESC"));
    }

    [Fact]
    public void Writes_processes_as_json()
    {
        using var output = new MemoryStream();

        DumpJson.Write(output, Processes());

        var json = Encoding.UTF8.GetString(output.ToArray());
        using var parsed = JsonDocument.Parse(json);
        Assert.Equal(4, parsed.RootElement.GetArrayLength());
        Golden.Check("dump.json", json);
    }

    [Theory]
    [InlineData("    return f(x) + 1", 11, 15, "return f(x) + 1", 7, 4, 7, 4)]
    [InlineData("\treturn f(x)", 8, 12, "return f(x)", 7, 4, 7, 4)]
    [InlineData("x = \"日本\" + f(é)", 14, 19, "x = \"日本\" + f(é)", 10, 4, 12, 4)]
    [InlineData("    call()", 4, 10, "call()", 0, 0, 0, 0)]
    [InlineData("    call()", -1, -1, "call()", 0, 0, 0, 0)]
    [InlineData("x = f(\u202e1)  ", 4, 11, "x = f(\\u202e1)", 4, 10, 4, 10)]
    [InlineData("x = g", 4, 5000, "x = g", 4, 1, 4, 1)]
    [InlineData("x = g", 5000, 6000, "x = g", 0, 0, 0, 0)]
    [InlineData("x = g", 4, 2, "x = g", 0, 0, 0, 0)]
    public void Marks_the_running_part_of_a_line(string line, int column, int endColumn, string text, int start, int length, int indent, int width)
    {
        var excerpt = SourceExcerpt.Of(Encoding.UTF8.GetBytes(line), new SourceSpan(1, 1, column, endColumn));

        Assert.Equal(new SourceExcerpt(text, start, length, indent, width), excerpt);
    }

    [Fact]
    public void Marks_to_the_end_what_goes_on_in_further_lines()
    {
        var excerpt = SourceExcerpt.Of("    x = call(1,\n"u8, new SourceSpan(3, 5, 8, 2));

        Assert.Equal(new SourceExcerpt("x = call(1,", 4, 7, 4, 7), excerpt);
    }

    [Fact]
    public void Shows_nothing_of_an_empty_line_and_cuts_a_long_one()
    {
        Assert.Null(SourceExcerpt.Of("  \t\n"u8, new SourceSpan(1, 1, 0, 1)));
        var excerpt = SourceExcerpt.Of(Encoding.UTF8.GetBytes("x = " + new string('a', 100_000)), new SourceSpan(1, 1, 4, 100_004));
        Assert.InRange(excerpt!.Value.Text.Length, 100, 1000);
        Assert.EndsWith("…", excerpt.Value.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Keeps_what_the_target_says_from_the_terminal()
    {
        var text = new StringWriter { NewLine = "\n" };
        var thread = Thread(1, "\e]0;owned\a", []) with { Waiting = "x\e[2J" };
        var frame = new DumpedFrame("f\nThread 1 (idle)", "/a\e[1m.py", "a\e[1m.py", null) { Variables = [new DumpedVariable("a\rb", 1, false, "'\e'")] };

        new DumpText(text, isTerminal: true, fullFileNames: true).Write([new DumpedProcess { Pid = 1, CommandLine = ["a\eb"], Problem = "c\ed", Version = new PythonVersion(13, 1), Threads = [new DumpedThread(thread, [frame])] }]);

        Assert.DoesNotContain('\e', text.ToString());
        Assert.DoesNotContain('\a', text.ToString());
        Assert.DoesNotContain('\r', text.ToString());
        Assert.Single(text.ToString().Split('\n'), static line => line.StartsWith("Thread", StringComparison.Ordinal));
    }

    static IReadOnlyList<DumpedProcess> Processes()
    {
        var main = Thread(100, "MainThread", []) with { State = ThreadState.Running, HoldsGil = true, AskedToDropGil = true, CollectsGarbage = true, Exception = "ValueError" };
        var waiter = Thread(101, "Worker \"1\"", []) with { State = ThreadState.WaitingForGil, WaitsForGil = true, Waiting = "futex" };
        var reader = Thread(0, null, []) with { State = ThreadState.WaitingForIo, Waiting = "read of socket" };
        var lost = Thread(103, "Lost", []) with { State = ThreadState.Running, Problem = "its stack changed all the time it was looked at" };
        DumpedFrame[] frames =
        [
            new("Server.handle", "/srv/app/web/server.py", "web/server.py", new SourceSpan(12, 12, 15, 25))
            {
                Source = SourceExcerpt.Of("    return (parse(line), 1)"u8, new SourceSpan(12, 12, 12, 23)),
                Variables = [new("self", 0x7f01, true, "<web.server.Server object at 0x7f01>"), new("line", 0x7f02, true, "'é\\n'"), new("password", 0x7f03, false, "<hidden>")],
            },
            new("<module>", "/srv/app/main.py", "main.py", new SourceSpan(3, 3, -1, -1)) { Source = SourceExcerpt.Of("Server().handle(1)"u8, new SourceSpan(3, 3, -1, -1)), Variables = [], IsEntry = true },
            new("generated", "<string>", "<string>", null),
        ];
        return
        [
            new DumpedProcess
            {
                Pid = 100, ParentPid = 1, CommandLine = ["python3", "main.py"], Executable = "/usr/bin/python3.13", Version = new PythonVersion(13, 5), OtherThreads = 2,
                Threads = [new(main, frames), new(waiter, []), new(reader, []), new(lost, [])],
            },
            new DumpedProcess { Pid = 110, ParentPid = 100, CommandLine = ["sleep", "1"], Problem = "process 110 (/usr/bin/sleep) runs no CPython" },
        ];
    }

    static ThreadSnapshot Thread(int tid, string? name, IReadOnlyList<StackFrame> frames) =>
        new() { Record = new ThreadRecord(0x1000, 0x2000, 0, 0x7f0000000000, tid), Tid = tid, Name = name, State = ThreadState.Sleeping, Frames = frames };
}
