using System.Text.Json;
using System.Text.RegularExpressions;
using Sonde.Engine;
using Sonde.Engine.Injection;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Injection;

/// <summary>Code gets into running programs, does what it should, and leaves nothing behind.</summary>
public sealed class InjectionTests
{
    const string Counter = """
        calls = []

        def install(configuration):
            channel.send(('{"installed":%s}' % quote(configuration["word"])).encode())

        def add(number):
            calls.append(number)
            channel.send(b'{"added":1}', b'{"added":2}')
            return sum(calls)

        def remove():
            channel.send(b'{"removed":true}')
        """;

    static readonly InjectionOptions _options = new()
    {
        IsAllowed = true,
        Configuration = JsonDocument.Parse("""{"word": "grüß \"dich\"", "deep": [1, true, null]}""").RootElement,
        Guard = [SondeCommand.Path, InjectionGuard.Verb],
    };

    public static TheoryData<string, string> Programs =>
        [.. Interpreters.Names.Select(row => row.Data).Where(name => name != "pyenv-3.6").SelectMany(_ => (string[])["idle", "busy", "threads"], (name, mode) => (name, mode))];

    [Theory, MemberData(nameof(Programs))]
    public void An_agent_is_put_in_asked_and_taken_out_and_nothing_is_left(string name, string mode)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, mode);
        string before = target.State();
        for (int round = 0; round < 3; round++)
        {
            InjectedAgent agent = Inject(target.Pid, Counter, _options);
            using (agent)
            {
                Assert.Equal("""{"installed":"grüß \"dich\""}""", Next(agent));
                Assert.Equal("3", Evaluate(agent, "add(3)"));
                Assert.Equal("7", Evaluate(agent, "add(4)"));
                Assert.Equal(["""{"added":1}""", """{"added":2}""", """{"added":1}""", """{"added":2}"""], [Next(agent), Next(agent), Next(agent), Next(agent)]);
                string message = Assert.Throws<UserErrorException>(() => Evaluate(agent, "1 / 0")).Message;
                Assert.Contains("ZeroDivisionError: division by zero", message, StringComparison.Ordinal);
                Assert.NotEqual(before, target.State());
            }

            Assert.Null(agent.Leftover);
            Assert.Equal("""{"removed":true}""", Next(agent));
        }

        target.AssertIsAgain(before);
        Assert.Equal("", target.Errors);
        target.AssertComputedRight();
    }

    [Theory, InlineData("pyenv-3.12"), InlineData("pyenv-3.13"), InlineData("sid-3.13"), InlineData("sid-3.14"), InlineData("sid-3.15")]
    public void Another_thread_does_it_while_the_main_one_waits_in_C(string name)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, "blocked");
        using (InjectedAgent agent = Inject(target.Pid, Counter, _options))
        {
            Assert.Equal("5", Evaluate(agent, "add(5)"));
        }

        target.AssertComputedRight();
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.11"), InlineData("pyenv-3.12"), InlineData("sid-3.14")]
    public void What_is_not_run_in_time_is_never_run_and_the_message_says_what_the_program_does(string name)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, "stuck");
        string message = Assert.Throws<UserErrorException>(
            () => Inject(target.Pid, "import sys; sys.stderr.write('it ran')", _options with { Patience = TimeSpan.FromSeconds(1) })).Message;
        Assert.Contains("did not run what it was given", message, StringComparison.Ordinal);
        Assert.Contains("guest.py", message, StringComparison.Ordinal);
        target.AssertComputedRight();
        Assert.Equal("", target.Errors);
    }

    [Fact]
    public void What_an_agent_raises_is_told_and_nothing_is_left()
    {
        Requires.Root();
        using Guest target = Guest.Start("pyenv-3.12", "idle");
        string before = target.State();
        string message = Assert.Throws<UserErrorException>(() => Inject(target.Pid, "def install(configuration): raise SystemExit('no\\x1b[31m')", _options)).Message;
        Assert.Contains("the agent could not be set up: SystemExit: no", message, StringComparison.Ordinal);
        message = Assert.Throws<UserErrorException>(() => Inject(target.Pid, "def (", _options)).Message;
        Assert.Contains("SyntaxError", message, StringComparison.Ordinal);
        target.AssertIsAgain(before);
        target.AssertComputedRight();
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.12"), InlineData("sid-3.14")]
    public void A_signal_that_comes_meanwhile_reaches_the_program(string name)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, "idle");
        const string interrupted = """
            def install(configuration):
                import posix
                posix.kill(posix.getpid(), 2)
                for number in range(1000000):
                    pass
            """;
        string message = Assert.Throws<UserErrorException>(() => Inject(target.Pid, interrupted, _options)).Message;
        Assert.Contains("KeyboardInterrupt", message, StringComparison.Ordinal);
        Strangers.WaitUntil(() => target.Errors.Contains("KeyboardInterrupt", StringComparison.Ordinal), "the program has ended as by Ctrl-C");
        Assert.DoesNotContain("<sonde>", target.Errors, StringComparison.Ordinal);
    }

    [Theory, InlineData("pyenv-3.9"), InlineData("pyenv-3.13"), InlineData("sid-3.15")]
    public void Several_sessions_can_begin_at_once(string name)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, "threads");
        string before = target.State();
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, number =>
        {
            using InjectedAgent agent = Inject(target.Pid, Counter, _options);
            Assert.Equal("""{"installed":"grüß \"dich\""}""", Next(agent));
        });
        target.AssertIsAgain(before);
        target.AssertComputedRight();
        Assert.Equal("", target.Errors);
    }

    [Fact]
    public void Nothing_is_put_into_a_process_without_being_asked_for()
    {
        string message = Assert.Throws<UserErrorException>(() => Inject(Environment.ProcessId, "", new InjectionOptions())).Message;
        Assert.Contains("--inject", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Interpreters_that_code_cannot_be_put_into_are_named()
    {
        Requires.Root();
        using Guest old = Guest.Start("pyenv-3.6", "busy");
        Assert.Contains("CPython 3.6.15", Assert.Throws<UserErrorException>(() => Inject(old.Pid, "", _options)).Message, StringComparison.Ordinal);
    }

    static InjectedAgent Inject(int pid, string source, InjectionOptions options) => InjectedAgent.Inject(pid, source, options, TestContext.Current.CancellationToken);

    static string? Evaluate(InjectedAgent agent, string expression) => agent.Evaluate(expression, TestContext.Current.CancellationToken);

    static string Next(InjectedAgent agent) =>
        agent.TryReceive(TimeSpan.FromSeconds(10), out ReadOnlyMemory<byte> record) ? System.Text.Encoding.UTF8.GetString(record.Span) : "nothing";

    [Theory, InlineData("pyenv-3.9"), InlineData("pyenv-3.12"), InlineData("sid-3.14")]
    public void Interpreters_that_are_not_looked_into_are_counted(string name)
    {
        Requires.Root();
        string[][] ways = [["flow", "--engine", "inside", "--function", "step"], ["snoop", "step"], ["point", "subinterpreters.py:15", "{count}", "--budget", "100"]];
        foreach (string[] words in ways)
        {
            using Target target = Target.StartReadyApart(Interpreters.Get(name), "subinterpreters.py", "one");
            using Target sonde = Target.Start(SondeCommand.Path, [words[0], "--inject", "-p", $"{target.Pid}", .. words[1..]]);
            Strangers.WaitUntil(() => Regex.IsMatch(sonde.Errors, "by an agent inside|telling 1 function|Ctrl-C ends it") || !sonde.IsAlive, "the program is watched");
            // The first one's place is free, and may be the second one's.
            target.Send("again");
            Assert.Equal("1", target.WaitFor("made"));
            target.Send("more");
            Assert.Equal("2", target.WaitFor("made"));

            sonde.Signal("INT");
            Assert.True(sonde.WaitForExit() == 0, sonde.Errors);
            Assert.Contains("has 1 sub-interpreter, in which nothing is watched", sonde.Errors, StringComparison.Ordinal);
            Assert.Contains("has made 2 sub-interpreters meanwhile, in all of which nothing was watched", sonde.Errors, StringComparison.Ordinal);
            target.Send("end");
            target.WaitFor("done");
            Assert.Equal(0, target.WaitForExit());
        }
    }
}
