using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Runtimes;

/// <summary>The verbs that ask a runtime: counts are those that the programs of tests/targets/runtimes are known to make.</summary>
public sealed class RuntimeVerbTests
{
    [Fact]
    public void Java_calls_objects_collections_and_threads_are_counted()
    {
        using RuntimeTarget java = RuntimeTarget.Java();
        CommandResult calls = java.Watch("calls", "-L", "-T", "0");
        Assert.Matches(@"(?m)^Work\.leaf +300 +\d+\.\d\d$", calls.Output);
        Assert.Matches(@"(?m)^Work\.branch +100 +\d+\.\d\d$", calls.Output);
        Assert.Equal("", calls.Errors);
        Assert.Matches(@"(?m)^Work\$Thing +50$", java.Watch("new", "-T", "0").Output);
        Assert.Matches(@"(?m)^\S+ \d+ +\d+\.\d{3}  full$", java.Watch("gc").Output);
        string threads = java.Watch("threads").Output;
        Assert.Matches(@"(?m)^\S+ \d+ +\d+ +start  worker-of-the-test$", threads);
        Assert.Matches(@"(?m)^\S+ \d+ +\d+ +stop   worker-of-the-test$", threads);
    }

    [Fact]
    public void Ruby_methods_objects_and_collections_are_counted()
    {
        using RuntimeTarget ruby = RuntimeTarget.Ruby();
        CommandResult calls = ruby.Watch("calls", "-T", "0");
        Assert.Matches(@"(?m)^Exception\.exception +7$", calls.Output);
        Assert.Matches(@"(?m)^Integer\.times +3$", calls.Output);
        Assert.DoesNotMatch(@"(?m)^Thing\.leaf ", calls.Output);
        Assert.Contains("TracePoint", calls.Errors, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^Thing +50 +0$", ruby.Watch("new", "-T", "0").Output);
        Assert.Matches(@"(?m)^\S+ \d+ +\d+\.\d{3}  (mark|sweep)$", ruby.Watch("gc").Output);
    }

    [Fact]
    public void Ruby_methods_are_told_where_the_program_traces_them()
    {
        using RuntimeTarget ruby = RuntimeTarget.Ruby(traced: true);
        string output = ruby.Watch("calls", "-T", "0").Output;
        Assert.Matches(@"(?m)^Thing\.leaf +300$", output);
        Assert.Matches(@"(?m)^Thing\.branch +100$", output);
    }

    [Fact]
    public void Php_functions_and_exceptions_are_counted()
    {
        using RuntimeTarget php = RuntimeTarget.Php();
        CommandResult calls = php.Watch("calls", "--latency", "--syscalls");
        Assert.Matches(@"(?m)^Thing::leaf +300 +\d+\.\d\d$", calls.Output);
        Assert.Matches(@"(?m)^Thing::branch +100 +\d+\.\d\d$", calls.Output);
        Assert.Matches(@"(?m)^fails +7 +\d+\.\d\d$", calls.Output);
        Assert.Matches(@"(?m)^write +[1-9]", calls.Output);
        Assert.Equal("", calls.Errors);
        Assert.Matches($@"(?m)^PID     COMMAND +CALLS/s +LOADS/s +EXC/s +THR/s\n{php.Pid} ", php.Watch("stat", "--calls", "-i", "600s").Output);
    }

    [Fact]
    public void What_a_process_was_not_asked_to_tell_is_said()
    {
        using RuntimeTarget php = RuntimeTarget.Php(tells: false);
        Assert.Contains("USE_ZEND_DTRACE=1", php.Watch("calls").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_runtime_cannot_tell_is_said()
    {
        using RuntimeTarget php = RuntimeTarget.Php();
        CommandResult result = SondeCommand.Run("gc", "-p", $"{php.Pid}");
        Assert.Equal(1, result.ExitCode);
        Assert.Matches($@"^sonde: garbage collections of process {php.Pid}: PHP \(.*php8\.2\) has no probes for that; 'sonde list -p {php.Pid}' shows what it has\n$", result.Errors);
    }

    [Fact]
    public void A_build_without_probes_is_told_from_no_runtime()
    {
        Requires.Root();
        Requires.Program("/usr/bin/perl");
        using Target perl = Target.Start("/usr/bin/perl", "-e", "$| = 1; print qq(ready\\n); sleep 1000");
        perl.WaitFor("ready");
        Assert.Contains("-Dusedtrace", SondeCommand.Run("calls", "-p", $"{perl.Pid}").Complaint, StringComparison.Ordinal);
        using Target sleep = Target.Start("sleep", "1000");
        Assert.Contains("it runs no language runtime that is known", SondeCommand.Run("calls", "-p", $"{sleep.Pid}").Complaint, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Python_calls_collections_and_threads_are_counted(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        using Target python = Target.StartReady(interpreter, "runtimes/work.py");
        string calls = Watch(python, "calls", "-L", "-T", "0");
        Assert.Matches(@"(?m)^(Thing\.)?leaf \(.*work\.py\) +300 +\d+\.\d\d$", calls);
        Assert.Matches(@"(?m)^(Thing\.)?branch \(.*work\.py\) +100 +\d+\.\d\d$", calls);
        Assert.Contains("sonde record --memory", SondeCommand.Run("new", "-p", $"{python.Pid}").Complaint, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^\S+ \d+ +\d+\.\d{3}  (generation 2|collection)$", Watch(python, "gc"));
        Assert.Matches(@"(?m)^\S+ \d+ +\d+ +create ", Watch(python, "threads"));
    }

    static string Watch(Target python, string verb, params string[] options)
    {
        using Target sonde = Target.Start("env", ["__BPFTRACE_NOTIFY_PROBES_ATTACHED=1", SondeCommand.Path, verb, "-p", $"{python.Pid}", .. options]);
        sonde.WaitFor("__BPFTRACE_NOTIFY_PROBES_ATTACHED");
        python.Send();
        python.WaitFor("done");
        sonde.Signal("INT");
        string output = sonde.ReadToEnd();
        Assert.True(sonde.WaitForExit() == 0, sonde.Errors);
        return output;
    }
}
