using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Runtimes;

/// <summary>A program of tests/targets/runtimes that runs in a runtime of tests/setup/runtimes, and what a verb tells of one round of its work.</summary>
sealed class RuntimeTarget : IDisposable
{
    static readonly Lazy<Dictionary<string, string>> _roots = new(() => File.ReadLines(Path.Combine(Repository.Artifacts, "runtimes.tsv"))
        .Select(line => line.Split('\t')).ToDictionary(fields => fields[0], fields => fields[1]));

    readonly Target _target;

    RuntimeTarget(Target target) => _target = target;

    public int Pid => _target.Pid;

    /// <summary>Java, with what makes it tell of calls and objects.</summary>
    public static RuntimeTarget Java() => Start("java", [], "usr/lib/jvm/java-17-openjdk-amd64/bin/java", "-XX:+ExtendedDTraceProbes", "-XX:TieredStopAtLevel=1", Program("Work.java"));

    /// <summary>Ruby; its own methods are told of only when it traces them itself.</summary>
    public static RuntimeTarget Ruby(bool traced = false) => Start("ruby", [], "usr/bin/ruby3.1", ["--disable-gems", Program("work.rb"), .. traced ? ["traced"] : Array.Empty<string>()]);

    /// <summary>PHP, told to tell or not.</summary>
    public static RuntimeTarget Php(bool tells = true) => Start("php", tells ? ["USE_ZEND_DTRACE=1"] : [], "usr/bin/php8.2", "-n", Program("work.php"));

    static RuntimeTarget Start(string name, string[] environment, string program, params string[] arguments)
    {
        Requires.Root();
        Requires.That(File.Exists(Path.Combine(Repository.Artifacts, "runtimes.tsv")) && _roots.Value[name] != "-", $"needs {name}, which tests/setup/runtimes brings");
        string root = _roots.Value[name];
        Target target = Target.Start("env", [$"LD_LIBRARY_PATH={root}/usr/lib/x86_64-linux-gnu", .. environment, $"{root}/{program}", .. arguments]);
        Assert.Equal($"{target.Pid}", target.WaitFor("ready").Trim());
        return new RuntimeTarget(target);
    }

    /// <summary>Runs a verb on it while it does one round, and gives what the verb printed.</summary>
    public CommandResult Watch(string verb, params string[] options)
    {
        using Target sonde = Target.Start("env", ["__BPFTRACE_NOTIFY_PROBES_ATTACHED=1", SondeCommand.Path, verb, "-p", $"{Pid}", .. options]);
        sonde.WaitFor("__BPFTRACE_NOTIFY_PROBES_ATTACHED");
        _target.Send();
        _target.WaitFor("done");
        sonde.Signal("INT");
        string output = sonde.ReadToEnd();
        int exitCode = sonde.WaitForExit();
        Assert.True(exitCode == 0, $"{verb} ended with {exitCode}: {sonde.Errors}{output}");
        return new CommandResult(exitCode, output, sonde.Errors);
    }

    /// <summary>Follows its calls while it does one round; events and messages.</summary>
    public string Follow(params string[] options)
    {
        using Target sonde = Target.Start("sh", "-c", $"exec {SondeCommand.Path} flow -p {Pid} {string.Join(' ', options)} 2>&1");
        sonde.WaitFor("sonde: following");
        _target.Send();
        _target.WaitFor("done");
        sonde.Signal("INT");
        string output = sonde.ReadToEnd();
        Assert.True(sonde.WaitForExit() == 0, output);
        return output;
    }

    public void Dispose() => _target.Dispose();

    static string Program(string name) => Path.Combine(Repository.Targets, "runtimes", name);
}
