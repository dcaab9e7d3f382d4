using System.CommandLine;
using System.CommandLine.Parsing;
using Sonde.Engine;
using Sonde.Engine.Flow;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde flow</c>: its options, and nothing of how it works.</summary>
static class FlowVerb
{
    public static Command Create()
    {
        var pids = new Option<int[]>("--pid", "-p") { Description = "Follow this process; may be given several times.", HelpName = "PID", CustomParser = ProcessId.ParseAll };
        var all = new Option<bool>("--all") { Description = "Follow every process of the interpreters that run now, and those that start later." };
        var function = Globs("--function", "Only functions whose qualified name matches, such as 'Server.*' or 'handle'.");
        var file = Globs("--file", "Only functions of files (or modules) that match, such as 'app.py', 'app' or '*/site-packages/*'.", "--module");
        var exclude = Globs("--exclude", "Leave out functions and files that match.");
        var thread = Globs("--thread", "Only threads with this id, or with a name that matches.");
        var where = new Option<string?>("--where") { Description = "Only calls whose arguments fulfil a condition, written as in Python: 'user_id == 42 and len(items) > 100'.", HelpName = "CONDITION" };
        var arguments = new Option<bool?>("--args") { Description = "Show calls with their arguments, as they are at the call. The default for a single --function without '*'; '--args false' leaves them out.", Arity = ArgumentArity.ZeroOrOne, CustomParser = Flag };
        var result = new Option<bool?>("--result") { Description = "Show returns with what is returned; the default with --args.", Arity = ArgumentArity.ZeroOrOne, CustomParser = Flag };
        var valueDepth = new Option<int?>("--depth-of-values") { Description = "With values: how many containers deep they are shown, and objects with their fields (4, and no fields).", HelpName = "N", CustomParser = Number.OptionalBetween(1, FlowValueOptions.MostDepth) };
        var items = new Option<int?>("--items") { Description = "With values: the most items of a container (20).", HelpName = "N", CustomParser = Number.OptionalBetween(1, FlowValueOptions.MostItems) };
        var characters = new Option<int?>("--chars") { Description = "With values: the most characters of a value (128).", HelpName = "N", CustomParser = Number.OptionalBetween(1, FlowValueOptions.MostCharacters) };
        var hide = new Option<string[]>("--hide") { Description = "Show no values of arguments, fields and keys of that name ('*' and '?' stand for anything).", HelpName = "NAME", AllowMultipleArgumentsPerToken = false };
        var secrets = new SecretOptions();
        var depth = new Option<int?>("--depth") { Description = "Only calls with fewer than N enclosing shown calls.", HelpName = "N", CustomParser = Number.OptionalBetween(1, int.MaxValue) };
        var minimum = new Option<TimeSpan>("--min-duration") { Description = "Only calls that took at least this long, with their callers: 5ms, 200us, 1.5s.", HelpName = "TIME", CustomParser = result => Duration.Parse(result) ?? default };
        var maximum = new Option<long?>("--max-events") { Description = "Stop after N events.", HelpName = "N", CustomParser = Number.OptionalBetween(1, long.MaxValue) };
        var duration = new Option<TimeSpan?>("--duration", "-d") { Description = "Stop after this time: 10 (seconds), 500ms, 2m.", HelpName = "TIME", CustomParser = Duration.Parse };
        var time = new Option<bool>("--time") { Description = "Show clock time instead of microseconds since the start." };
        var json = new Option<bool>("--json") { Description = "One JSON object a line instead of text." };
        var output = new Option<string?>("--output", "-o") { Description = "Write to FILE instead; the extension picks the format: .txt, .jsonl, or .json for a Chrome and Perfetto trace.", HelpName = "FILE" };
        var summary = new Option<bool>("--summary") { Description = "At the end, a table of calls, total, own, average and maximum time per function; without --json and -o nothing else." };
        var engine = FlowEngineChoice.CreateOption();
        var inject = InjectOption.Create();
        var risk = InjectOption.CreateRisk();
        var showProgram = new Option<bool>("--show-program") { Description = "Print the eBPF programs with their maps." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Find everything out, but attach nothing." };
        var buffer = CreateBuffer("Size of the buffer between kernel and Sonde in MiB.");
        var command = new Argument<string[]>("command") { Description = "After --: a command to start and follow.", Arity = ArgumentArity.ZeroOrMore, HelpName = "-- COMMAND" };

        var verb = new Command("flow", "Follow the calls and returns of running Python programs, as they are.")
        {
            pids, all, function, file, exclude, thread, where, arguments, result, valueDepth, items, characters, hide, secrets.None, secrets.File, depth, minimum, maximum, duration, time, json, output, summary, engine, inject, risk, showProgram, dryRun, buffer, command,
        };
        verb.SetAction(parsed => FlowRun.Execute(new FlowRequest
        {
            Arguments = parsed.GetValue(arguments),
            Results = parsed.GetValue(result),
            Pids = parsed.GetValue(pids) ?? [],
            All = parsed.GetValue(all),
            Engine = FlowEngineChoice.Read(parsed, engine),
            IsInjectionAllowed = parsed.GetValue(inject),
            AcceptsRisk = parsed.GetValue(risk),
            Command = CommandOf(parsed, command),
            Duration = parsed.GetValue(duration),
            ClockTime = parsed.GetValue(time),
            Json = parsed.GetValue(json),
            Output = parsed.GetValue(output),
            Summary = parsed.GetValue(summary),
            ShowProgram = parsed.GetValue(showProgram),
            DryRun = parsed.GetValue(dryRun),
            Options = new FlowOptions
            {
                Functions = parsed.GetValue(function) ?? [],
                Files = parsed.GetValue(file) ?? [],
                Excludes = parsed.GetValue(exclude) ?? [],
                Threads = parsed.GetValue(thread) ?? [],
                Where = Condition(parsed.GetValue(where)),
                Depth = parsed.GetValue(depth),
                MinDuration = parsed.GetValue(minimum),
                MaxEvents = parsed.GetValue(maximum),
                RingBufferBytes = BufferBytes(parsed.GetValue(buffer)),
                ValueLimits = FlowValueOptions.Limits(parsed.GetValue(valueDepth), parsed.GetValue(items), parsed.GetValue(characters), secrets.Read(parsed, parsed.GetValue(hide))),
            },
        }));
        return verb;
    }

    /// <summary>The command after the dashes. Without them a mistyped option would be taken for one.</summary>
    static string[] CommandOf(ParseResult parsed, Argument<string[]> command) =>
        parsed.GetValue(command) is not [var first, ..] words ? []
        : parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash) ? words
        : throw new UsageException($"flow: '{first}' is no option of flow; a command to start goes after '--'");

    /// <summary>Mistakes are told before anything else happens.</summary>
    static string? Condition(string? text)
    {
        if (text is not null && FlowCondition.FindMistake(text) is { } mistake)
        {
            // Several lines, with the place underlined; what was typed is escaped in them.
            Console.Error.Write(mistake);
            throw new UsageException("flow: --where is not understood");
        }

        return text;
    }

    static bool? Flag(ArgumentResult result)
    {
        if (result.Tokens is [var word])
        {
            if (bool.TryParse(word.Value, out var value))
            {
                return value;
            }

            result.AddError($"'{word.Value}' is neither true nor false");
        }

        return true;
    }

    static Option<string[]> Globs(string name, string description, params string[] aliases)
    {
        var option = new Option<string[]>(name, aliases) { Description = description, HelpName = "GLOB" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Any(static token => token.Value.Length == 0))
            {
                result.AddError($"{name} '': nothing has an empty name; '*' stands for anything");
            }
        });
        return option;
    }

    /// <summary>The option for the size of a ring buffer.</summary>
    public static Option<int> CreateBuffer(string description) =>
        new("--buffer") { Description = description, HelpName = "MIB", CustomParser = Number.Between(1, 1024), DefaultValueFactory = _ => 32 };

    /// <summary>A ring buffer's bytes, a power of two.</summary>
    public static int BufferBytes(int mebibytes) => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)mebibytes) << 20;
}
