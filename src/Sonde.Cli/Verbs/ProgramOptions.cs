using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sonde.Cli.Scripts;
using Sonde.Engine;
using Sonde.Engine.Runtimes;

namespace Sonde.Cli.Verbs;

/// <summary>The options that all verbs have which are programs in Sonde's language, and how such a program is run.</summary>
sealed class ProgramOptions
{
    public Option<int?> Pid { get; } = new("--pid", "-p") { Description = "Narrow to this process; end when it ends.", HelpName = "PID", CustomParser = ProcessId.Parse };

    public Option<TimeSpan?> Interval { get; } = new("--interval", "-i") { Description = "Tell again and again after this time, and begin anew: 1s, 500ms. Without it the end does.", HelpName = "TIME", CustomParser = Duration.Parse };

    public Option<int?> Count { get; } = new("--count", "-c") { Description = "With --interval: end after so many times.", HelpName = "N", CustomParser = ParsePositive };

    public Option<TimeSpan?> For { get; } = new("--duration", "-d") { Description = "Stop after this time: 10 (seconds), 500ms, 2m. Without it Ctrl-C or the end of the process does.", HelpName = "TIME", CustomParser = Duration.Parse };

    public Option<int> Top { get; } = new("--top", "-T") { Description = "The most rows, 20 unless given; 0 for all.", HelpName = "N", CustomParser = Number.Between(0, int.MaxValue), DefaultValueFactory = _ => 20 };

    public Option<string?> Output { get; } = new("--output", "-o") { Description = "Write to this file.", HelpName = "FILE" };

    public Option<bool> Json { get; } = new("--json") { Description = "One JSON object a line: the program's maps and lines." };

    public Option<bool> ShowProgram { get; } = new("--show-program") { Description = "Print the program in Sonde's language that would be run, and end." };

    public Option<string?> Command { get; } = new("--command", "-C") { Description = "Start a command, trace it from its first instruction on, and end with it: -C './program argument'.", HelpName = "COMMAND" };

    /// <summary>When is told what.</summary>
    /// <exception cref="UsageException">The options contradict each other.</exception>
    public ReportTimes Times(ParseResult parsed)
    {
        var times = new ReportTimes(parsed.GetValue(Interval), parsed.GetValue(Count), parsed.GetValue(For));
        return times is { Count: not null, Interval: null } ? throw new UsageException($"--count {times.Count}: how often is told only with --interval") : times;
    }

    /// <summary>Runs it; the exit code.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="verb">The verb's name.</param>
    /// <param name="program">The program.</param>
    /// <exception cref="UsageException">A process and a command are given.</exception>
    public int Run(ParseResult parsed, string verb, VerbProgram program)
    {
        if (parsed.GetValue(Pid) is not null && parsed.GetValue(Command) is not null)
        {
            throw new UsageException($"{verb}: -p PID and -C COMMAND exclude each other");
        }

        if (parsed.GetValue(ShowProgram))
        {
            Console.Out.Write(program.Text);
            return 0;
        }

        foreach (var warning in program.Warnings)
        {
            Console.Error.WriteLine($"sonde: {warning}");
        }

        return ScriptRun.Execute(new ScriptRequest
        {
            File = $"sonde {verb}",
            Embedded = program.Text,
            Form = program.Form,
            ProcessId = parsed.GetValue(Pid) ?? 0,
            Command = parsed.GetValue(Command) ?? "",
            Output = parsed.GetValue(Output),
            Json = parsed.GetValue(Json),
            Quiet = true,
            NoWarnings = true,
        }, $"sonde {verb}");
    }

    static int? ParsePositive(ArgumentResult result)
    {
        var word = result.Tokens[^1].Value;
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
        {
            return number;
        }

        result.AddError($"'{word}': a number above 0 is needed");
        return null;
    }
}
