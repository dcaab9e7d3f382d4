using System.CommandLine;
using System.CommandLine.Parsing;
using Sonde.Engine;
using Sonde.Engine.Snoop;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde snoop</c>: its options, and nothing of how it works.</summary>
static class SnoopVerb
{
    public static Command Create()
    {
        var pid = new Option<int?>("--pid", "-p") { Description = "The process.", HelpName = "PID", CustomParser = ProcessId.Parse };
        var inject = InjectOption.Create();
        var risk = InjectOption.CreateRisk();
        var depth = new Option<int>("--depth") { Description = "Tell N levels of calls: 2 is also the functions that these call.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var watch = new Option<string[]>("--watch") { Description = "Follow the value of an expression too: a variable with attributes, keys and indices, such as 'self.items[0]'.", HelpName = "EXPR" };
        var explode = new Option<string[]>("--watch-explode") { Description = "Follow all parts of a value: attributes, entries or items.", HelpName = "EXPR" };
        var length = new Option<int>("--max-length") { Description = "The longest value, in characters; 0 for whole values.", HelpName = "N", DefaultValueFactory = _ => 100 };
        var fields = new Option<int>("--fields") { Description = "Show objects with their attributes, N objects deep.", HelpName = "N" };
        var callRepr = new Option<bool>("--repr") { Description = "Run the program's own __repr__ for its objects." };
        var secrets = new SecretOptions();
        var count = new Option<int>("--count", "-n") { Description = "Stop after N calls; 0 for no limit.", HelpName = "N" };
        var duration = new Option<TimeSpan?>("--duration", "-d") { Description = "Stop after this time: 10 (seconds), 500ms, 2m.", HelpName = "TIME", CustomParser = Duration.Parse };
        var prefix = new Option<string>("--prefix") { Description = "Begin every line with this.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
        var threads = new Option<bool>("--thread-info") { Description = "Show the thread in every line." };
        var relative = new Option<bool>("--relative-time") { Description = "Show times since the beginning of the call." };
        var normalize = new Option<bool>("--normalize") { Description = "Leave out times, directories and addresses, so that stories can be compared." };
        var json = new Option<bool>("--json") { Description = "One JSON object a line instead of text." };
        var output = new Option<string?>("--output", "-o") { Description = "Write to FILE instead.", HelpName = "FILE" };
        var functions = new Argument<string[]>("function")
        {
            Description = "What to tell about: a qualified name ('Server.handle', globs too), 'file.py:NAME', 'file.py:LINE' for the function that has the line, or 'file.py:FROM-TO' for these lines only.",
            Arity = ArgumentArity.ZeroOrMore,
            HelpName = "FUNCTION...",
        };

        var verb = new Command("snoop", "Tell, line by line, what calls of functions do to their variables.")
        {
            pid, inject, risk, depth, watch, explode, length, fields, callRepr, secrets.None, secrets.File, count, duration, prefix, threads, relative, normalize, json, output, functions,
        };
        verb.SetAction(parsed => SnoopRun.Execute(new SnoopRequest
        {
            Pid = parsed.GetValue(pid) ?? 0,
            IsAllowed = parsed.GetValue(inject),
            AcceptsRisk = parsed.GetValue(risk),
            Duration = parsed.GetValue(duration),
            Json = parsed.GetValue(json),
            Output = parsed.GetValue(output),
            Text = new SnoopTextOptions
            {
                Prefix = parsed.GetValue(prefix) ?? "",
                ShowsThreads = parsed.GetValue(threads),
                IsRelative = parsed.GetValue(relative),
                IsNormalized = parsed.GetValue(normalize),
            },
            Options = new SnoopOptions
            {
                Functions = [.. FunctionWords(parsed, functions).Select(FunctionPlace.Parse)],
                Depth = AtLeast(1, parsed.GetValue(depth), "--depth"),
                Watch = [.. (parsed.GetValue(watch) ?? []).Select(WatchExpression.Parse)],
                Explode = [.. (parsed.GetValue(explode) ?? []).Select(WatchExpression.Parse)],
                MaximumLength = parsed.GetValue(length) is var longest && longest is 0 or >= 10 ? longest
                    : throw new UsageException($"--max-length {longest}: must be at least 10, or 0 for whole values"),
                Fields = AtLeast(0, parsed.GetValue(fields), "--fields"),
                CallsRepr = parsed.GetValue(callRepr),
                Count = AtLeast(0, parsed.GetValue(count), "--count"),
                Redaction = secrets.Read(parsed),
            },
        }, CommandOf(parsed)));
        return verb;
    }

    /// <summary>The words before the dashes.</summary>
    static IEnumerable<string> FunctionWords(ParseResult parsed, Argument<string[]> functions) =>
        (parsed.GetValue(functions) ?? []).SkipLast(CommandOf(parsed).Count);

    /// <summary>The words after the dashes: a command to start.</summary>
    static List<string> CommandOf(ParseResult parsed) =>
        [.. parsed.Tokens.SkipWhile(static token => token.Type != TokenType.DoubleDash).Skip(1).Select(static token => token.Value)];

    static int AtLeast(int least, int value, string option) => value >= least ? value : throw new UsageException($"{option} {value}: must be at least {least}");
}
