using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sonde.Engine;
using Sonde.Engine.Output;
using Sonde.Engine.Sampling;
using Sonde.Engine.Top;
using Sonde.Linux;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde top</c>: its options, and what is said when it has ended.</summary>
static class TopVerb
{
    public static Command Create()
    {
        var pids = new Option<int[]>("--pid", "-p") { Description = "Watch this process; may be given several times.", HelpName = "PID", CustomParser = ProcessId.ParseAll };
        var all = new Option<bool>("--all") { Description = "Watch every Python process, those that start later included." };
        var subprocesses = new Option<bool>("--subprocesses", "-s") { Description = "Watch the children of the processes too, those that start later included." };
        var rate = new Option<double>("--rate", "-r") { Description = "Samples of each thread a second, 100 unless given: 1000, 10khz.", HelpName = "RATE", CustomParser = RecordVerb.ParseRate, DefaultValueFactory = _ => 100 };
        var delay = new Option<TimeSpan>("--delay") { Description = "Time between two refreshes, 1s unless given.", HelpName = "TIME", CustomParser = result => Duration.Parse(result) ?? default, DefaultValueFactory = _ => TimeSpan.FromSeconds(1) };
        var duration = new Option<TimeSpan?>("--duration", "-d") { Description = "End after this time: 10 (seconds), 2m.", HelpName = "TIME", CustomParser = Duration.Parse };
        var gil = new Option<bool>("--gil", "-g") { Description = "Only threads that hold the interpreter lock; the key G changes it." };
        var idle = new Option<bool>("--idle", "-i") { Description = "Threads that wait too; the key I changes it." };
        var lines = new Option<bool>("--lines") { Description = "Begin with lines instead of functions; the key L changes it." };
        var native = new Option<bool>("--native", "-n") { Description = "Frames of machine code too: extensions, libraries, the interpreter." };
        var output = new Option<string?>("--output", "-o") { Description = "With a command: the file its output goes to, for the terminal is taken; unless given one in the directory for temporary files.", HelpName = "FILE" };
        var command = new Argument<string[]>("command") { Description = "After --: a command to start and watch.", Arity = ArgumentArity.ZeroOrMore, HelpName = "-- COMMAND" };

        var verb = new Command("top", "Watch live where running Python programs spend their time.")
        {
            pids, all, subprocesses, rate, delay, duration, gil, idle, lines, native, output, command,
        };
        verb.SetAction(parsed => Execute(new TopOptions
        {
            Command = CommandOf(parsed, command),
            CommandOutput = parsed.GetValue(output) is { } file ? Path.GetFullPath(file) : null,
            DelayMs = (int)Math.Clamp(parsed.GetValue(delay).TotalMilliseconds, 50, 60_000),
            Duration = parsed.GetValue(duration),
            Idle = parsed.GetValue(idle),
            GilOnly = parsed.GetValue(gil),
            Lines = parsed.GetValue(lines),
            UsesColour = Terminal.UsesColour(standardError: false),
            Sampling = new SamplingOptions
            {
                Pids = parsed.GetValue(pids) ?? [],
                All = parsed.GetValue(all),
                Subprocesses = parsed.GetValue(subprocesses),
                IntervalNs = (long)Math.Round(1e9 / parsed.GetValue(rate)),
                Native = parsed.GetValue(native),
            },
        }));
        return verb;
    }

    static int Execute(TopOptions options)
    {
        var sampling = options.Sampling;
        var ways = (sampling.Pids.Count > 0 ? 1 : 0) + (sampling.All ? 1 : 0) + (options.Command.Count > 0 ? 1 : 0);
        if (ways != 1)
        {
            throw new UsageException(ways == 0
                ? "top: what shall be watched? Give -p PID, --all, or -- COMMAND; 'sonde list' shows the Python processes"
                : "top: -p PID, --all and -- COMMAND exclude each other");
        }

        using var stop = new CancellationTokenSource();
        using var signals = new EndingSignals(stop.Cancel);
        using var output = options.Command.Count == 0 ? null : CommandOutput.Open(options.CommandOutput);
        int? goesOn;
        using (var session = new TopSession(options with
        {
            Title = Title(options),
            Command = options.Command.Count > 0 ? CommandLine.Resolve(options.Command) : [],
            CommandOutput = output?.Path,
        }))
        {
            session.Run(stop.Token);
            goesOn = session.RunningCommand;
        }

        output?.Tell(Console.Error, goesOn: goesOn is not null);
        if (goesOn is { } pid)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sonde: the command (process {pid}) goes on"));
        }

        return 0;
    }

    static string Title(TopOptions options) => options switch
    {
        { Command.Count: > 0 } => $"'{Escape.Text(string.Join(' ', options.Command), 80)}'",
        { Sampling.All: true } => "all Python processes",
        { Sampling.Pids: [var pid] } => string.Create(CultureInfo.InvariantCulture, $"'{Escape.Text(string.Join(' ', ProcFs.ReadCommandLine(pid)), 80)}' ({pid})"),
        { Sampling.Pids: var pids } => string.Create(CultureInfo.InvariantCulture, $"{pids.Count} processes"),
    };

    static string[] CommandOf(ParseResult parsed, Argument<string[]> command) =>
        parsed.GetValue(command) is not [var first, ..] words ? []
        : parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash) ? words
        : throw new UsageException($"top: '{first}' is no option of top; a command to start goes after '--'");
}
