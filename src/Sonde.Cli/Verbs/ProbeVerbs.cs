using System.CommandLine;
using Sonde.Engine;
using Sonde.Engine.Runtimes;

namespace Sonde.Cli.Verbs;

/// <summary>The verbs that take probes of any kind: <c>latency</c>, <c>stacks</c>, <c>trace</c>.</summary>
static class ProbeVerbs
{
    const string ProbeHelp = "libc:malloc, '/path/to/program:parse_*', vfs_read (the kernel's), u:LIBRARY:PROBE, t:CATEGORY:EVENT, or as in the language: usdt:PATH:PROVIDER:NAME, pycall:app.handle.";

    public static Command CreateLatency()
    {
        var options = new ProgramOptions();
        var probes = new Argument<string[]>("function") { Description = "Functions: " + ProbeHelp, Arity = ArgumentArity.OneOrMore };
        var micro = new Option<bool>("--microseconds", "-u") { Description = "In microseconds." };
        var milli = new Option<bool>("--milliseconds", "-m") { Description = "In milliseconds." };
        var each = new Option<bool>("--per-function", "-F") { Description = "A histogram for each function." };
        var verb = new Command("latency", "How long functions take, as a histogram: of native code, the kernel, or Python.")
        {
            probes, options.Pid, options.Command, micro, milli, each, options.Interval, options.Count, options.For, options.Output, options.Json, options.ShowProgram,
        };
        verb.SetAction(parsed =>
        {
            if (parsed.GetValue(micro) && parsed.GetValue(milli))
            {
                throw new UsageException("latency: -u and -m exclude each other");
            }

            var unit = parsed.GetValue(micro) ? LatencyUnit.Microseconds : parsed.GetValue(milli) ? LatencyUnit.Milliseconds : LatencyUnit.Nanoseconds;
            return options.Run(parsed, "latency", ProbePrograms.Latency(Spellings(parsed.GetValue(probes)!), unit, parsed.GetValue(each), options.Times(parsed)));
        });
        return verb;
    }

    public static Command CreateStacks()
    {
        var options = new ProgramOptions();
        var probes = new Argument<string[]>("probe") { Description = "Probes: " + ProbeHelp, Arity = ArgumentArity.OneOrMore };
        var kernel = new Option<bool>("--kernel", "-K") { Description = "Only the kernel's frames, with -U and -P those together." };
        var user = new Option<bool>("--user", "-U") { Description = "Only frames of machine code." };
        var python = new Option<bool>("--python", "-P") { Description = "Only frames of Python, which a Python process has in any case." };
        var depth = new Option<int>("--depth") { Description = "The most frames of each kind, 60 unless given.", HelpName = "N", DefaultValueFactory = _ => 60 };
        var folded = new Option<bool>("--folded", "-f") { Description = "A line a stack, as flame graphs are made of: 'sonde convert - out.svg' takes them." };
        var verb = new Command("stacks", "Count the stacks that lead to a function, probe or event.")
        {
            probes, options.Pid, options.Command, kernel, user, python, depth, folded, options.Interval, options.Count, options.For, options.Output, options.Json, options.ShowProgram,
        };
        verb.SetAction(parsed =>
        {
            var frames = parsed.GetValue(depth);
            if (frames is < 1 or > 127)
            {
                throw new UsageException($"--depth {frames}: from 1 to 127 frames can be taken");
            }

            var (k, u, p) = (parsed.GetValue(kernel), parsed.GetValue(user), parsed.GetValue(python));
            var all = !k && !u && !p;
            var isPython = parsed.GetValue(options.Pid) is { } pid && RunningRuntime.Of(pid).Exists(static runtime => runtime.IsPython);
            return options.Run(parsed, "stacks", ProbePrograms.Stacks(Spellings(parsed.GetValue(probes)!), k || all, u || all, tables: parsed.GetValue(options.Pid) is not null || parsed.GetValue(options.Command) is not null, p || (all && isPython), frames, parsed.GetValue(folded), options.Times(parsed)));
        });
        return verb;
    }

    public static Command CreateTrace()
    {
        var options = new ProgramOptions();
        var probes = new Argument<string[]>("probe") { Description = "Probes, each with a filter and a format if wanted, in the spelling of BCC's trace: 'p:libc:open (arg2 > 0) \"%s %d\", arg1, arg2'. Probes in the language's own spelling have its expressions: 'usdt:PATH:NAME \"%d\", arg0'.", Arity = ArgumentArity.OneOrMore };
        var most = new Option<int?>("--max-events", "-M") { Description = "End after so many lines.", HelpName = "N" };
        var kernel = new Option<bool>("--kernel-stack", "-K") { Description = "The kernel's frames below each line." };
        var user = new Option<bool>("--user-stack", "-U") { Description = "The frames of machine code below each line." };
        var python = new Option<bool>("--python-stack", "-P") { Description = "The frames of Python below each line." };
        var verb = new Command("trace", "A line for each time that a function, probe or event is hit, with the values you ask for.")
        {
            probes, options.Pid, options.Command, most, kernel, user, python, options.For, options.Output, options.Json, options.ShowProgram,
        };
        verb.SetAction(parsed =>
        {
            if (parsed.GetValue(most) is <= 0 and var wrong)
            {
                throw new UsageException($"--max-events {wrong}: a number above 0 is needed");
            }

            return options.Run(parsed, "trace", TracePrograms.Write(parsed.GetValue(probes)!, parsed.GetValue(most), parsed.GetValue(options.For), parsed.GetValue(kernel), parsed.GetValue(user), parsed.GetValue(python)));
        });
        return verb;
    }

    /// <summary>Reads probes.</summary>
    public static List<ProbeSpelling> Spellings(IEnumerable<string> words) => [.. words.Select(ProbeSpelling.Parse)];
}
