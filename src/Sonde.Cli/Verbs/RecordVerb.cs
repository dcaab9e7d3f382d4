using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sonde.Engine;
using Sonde.Engine.Sampling;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde record</c>: its options, and nothing of how it works. The short ones are those of py-spy.</summary>
static class RecordVerb
{
    const double MostPerSecond = 1_000_000;

    public static Command Create()
    {
        var pids = new Option<int[]>("--pid", "-p") { Description = "Record this process; may be given several times.", HelpName = "PID", CustomParser = ProcessId.ParseAll };
        var all = new Option<bool>("--all") { Description = "Record every Python process, those that start later included." };
        var subprocesses = new Option<bool>("--subprocesses", "-s") { Description = "Record the children of the processes too, those that start later included." };
        var duration = new Option<TimeSpan?>("--duration", "-d") { Description = "Stop after this time: 10 (seconds), 500ms, 2m. Without it Ctrl-C or the end of the process does.", HelpName = "TIME", CustomParser = Duration.Parse };
        var rate = new Option<double>("--rate", "-r") { Description = "Samples of each thread a second, 100 unless given: 1000, 10khz.", HelpName = "RATE", CustomParser = ParseRate, DefaultValueFactory = _ => 100 };
        var output = new Option<string?>("--output", "-o") { Description = "The file to write; its extension picks the format. %p in it is the process, %t the time, %n the number of the file. Without it PROGRAM-TIME.svg.", HelpName = "FILE" };
        var format = new Option<string?>("--format", "-f") { Description = "The format, whatever the extension: flamegraph, html, speedscope, raw, pprof, perfetto, chrome, gecko, jsonl.", HelpName = "FORMAT" };
        var function = new Option<bool>("--function", "-F") { Description = "One frame for each function, at its first line, instead of one for each line." };
        var noLines = new Option<bool>("--no-lines", "--nolineno") { Description = "No line numbers." };
        var threads = new Option<bool>("--threads", "-t") { Description = "Show each thread apart." };
        var gil = new Option<bool>("--gil", "-g") { Description = "Only threads that hold the interpreter lock." };
        var idle = new Option<bool>("--idle", "-i") { Description = "Threads that wait too: for time, files, locks, the interpreter lock." };
        var native = new Option<bool>("--native", "-n") { Description = "Frames of machine code too: extensions, libraries, the interpreter." };
        var cpu = new Option<bool>("--cpu") { Description = "Time on a processor instead of time by the clock; sampled in the kernel." };
        var offCpu = new Option<bool>("--off-cpu") { Description = "Time off the processors, and what was waited for; measured in the kernel." };
        var memory = new Option<bool>("--memory") { Description = "Bytes allocated instead of time; measured at the allocator." };
        var session = new Option<string?>("--session") { Description = "A name by which 'sonde session' can reach the recording while it goes on.", HelpName = "NAME" };
        var loop = new Option<TimeSpan?>("--loop") { Description = "Write a file, and begin the next, each time that this has passed: 60s.", HelpName = "TIME", CustomParser = Duration.Parse };
        var when = new Option<string?>("--when") { Description = "Only inside slow calls: 'calls > 50ms in app.handle'.", HelpName = "CONDITION" };
        var full = new Option<bool>("--full-filenames") { Description = "Whole paths of files in flame graphs." };
        var ignored = new Option<bool>("--nonblocking") { Description = "Accepted and needless: Sonde never stops a process.", Hidden = true };
        var command = new Argument<string[]>("command") { Description = "After --: a command to start and record.", Arity = ArgumentArity.ZeroOrMore, HelpName = "-- COMMAND" };

        var verb = new Command("record", "Record where running Python programs spend their time: flame graph, speedscope, pprof and more.")
        {
            pids, all, subprocesses, duration, rate, output, format, function, noLines, threads, gil, idle, native, cpu, offCpu, memory, session, loop, when, full, ignored, command,
        };
        verb.SetAction(parsed => RecordRun.Execute(new RecordRequest
        {
            Command = CommandOf(parsed, command),
            Duration = parsed.GetValue(duration),
            Output = parsed.GetValue(output),
            Format = parsed.GetValue(format),
            ByFunction = parsed.GetValue(function),
            NoLines = parsed.GetValue(noLines),
            Threads = parsed.GetValue(threads),
            FullFileNames = parsed.GetValue(full),
            Session = parsed.GetValue(session),
            Loop = parsed.GetValue(loop),
            Sampling = new SamplingOptions
            {
                Pids = parsed.GetValue(pids) ?? [],
                All = parsed.GetValue(all),
                Subprocesses = parsed.GetValue(subprocesses),
                Mode = ModeOf(parsed.GetValue(cpu), parsed.GetValue(offCpu), parsed.GetValue(memory)),
                IntervalNs = (long)Math.Round(1e9 / parsed.GetValue(rate)),
                // A call takes long most often because it waits.
                Idle = parsed.GetValue(idle) || parsed.GetValue(when) is not null,
                GilOnly = parsed.GetValue(gil),
                Native = parsed.GetValue(native),
                When = parsed.GetValue(when) is { } condition ? SlowCalls.Parse(condition) : null,
            },
        }));
        return verb;
    }

    static SamplingMode ModeOf(bool cpu, bool offCpu, bool memory) => (cpu, offCpu, memory) switch
    {
        (false, false, false) => SamplingMode.Wall,
        (true, false, false) => SamplingMode.Cpu,
        (false, true, false) => SamplingMode.OffCpu,
        (false, false, true) => SamplingMode.Memory,
        _ => throw new UsageException("record: --cpu, --off-cpu and --memory exclude each other; record twice, or leave them out for time by the clock, which is both kinds of time"),
    };

    static string[] CommandOf(ParseResult parsed, Argument<string[]> command) =>
        parsed.GetValue(command) is not [var first, ..] words ? []
        : parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash) ? words
        : throw new UsageException($"record: '{first}' is no option of record; a command to start goes after '--'");

    /// <summary>"100", "100hz", "10khz".</summary>
    internal static double ParseRate(ArgumentResult result)
    {
        var word = result.Tokens[^1].Value;
        var text = word.AsSpan();
        double factor = 1;
        if (text.EndsWith("hz", StringComparison.OrdinalIgnoreCase))
        {
            text = text[..^2];
            if (text.EndsWith("k", StringComparison.OrdinalIgnoreCase))
            {
                text = text[..^1];
                factor = 1000;
            }
        }

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate) && rate * factor is >= 0.01 and <= MostPerSecond)
        {
            return rate * factor;
        }

        result.AddError($"rate '{word}': write samples a second, from 0.01 to 1000000, such as 100, 1000 or 10khz");
        return 100;
    }
}
