using System.CommandLine;
using System.Globalization;
using System.Text;
using Sonde.Engine;
using Sonde.Engine.Output;
using Sonde.Engine.Points;
using Sonde.Linux;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde point</c>: its options, and what is said when it has ended.</summary>
static class PointVerb
{
    public static Command Create()
    {
        var pid = new Option<int?>("--pid", "-p") { Description = "The process.", HelpName = "PID", CustomParser = ProcessId.Parse };
        var inject = InjectOption.Create();
        var risk = InjectOption.CreateRisk();
        var when = new Option<string?>("--when") { Description = "Only when this is true, such as 'len(items) > 100 and user.name == \"eve\"'.", HelpName = "CONDITION" };
        var snapshot = new Option<bool>("--snapshot") { Description = "Instead of a message: arguments, variables and the stack as JSON, once a second at most." };
        var counter = new Option<bool>("--counter") { Description = "Instead of a message: how often." };
        var timer = new Option<int?>("--timer") { Description = "Instead of a message: how long from the place's line to this one.", HelpName = "TO-LINE" };
        var stack = new Option<bool>("--stack") { Description = "The stack with each message." };
        var hits = new Option<int>("--hits") { Description = "End after so many hits.", HelpName = "COUNT" };
        var duration = new Option<TimeSpan?>("--duration", "-d") { Description = "End after this time; 1h unless given.", HelpName = "TIME", CustomParser = Duration.Parse };
        var budget = new Option<double>("--budget") { Description = "Percent of one processor that the point may take; when it takes more it switches itself off. 2 unless given.", HelpName = "PERCENT", DefaultValueFactory = static _ => 2 };
        var depth = new Option<int>("--depth") { Description = "How many containers deep values are shown.", HelpName = "COUNT", DefaultValueFactory = static _ => 4 };
        var items = new Option<int>("--items") { Description = "How many items of a container are shown.", HelpName = "COUNT", DefaultValueFactory = static _ => 20 };
        var characters = new Option<int>("--characters") { Description = "How many characters of a value are shown.", HelpName = "COUNT", DefaultValueFactory = static _ => 1000 };
        var json = new Option<bool>("--json", "-j") { Description = "Write lines of JSON." };
        var audit = new Option<string?>("--audit") { Description = "Append who has set the point to this file, too; the system's log has it anyway.", HelpName = "FILE" };
        var secrets = new SecretOptions();
        var place = new Argument<string>("place") { Description = "The line: app.py:42, or more of the path before it.", HelpName = "FILE:LINE" };
        var message = new Argument<string?>("message") { Description = "What is told: text with expressions in braces, such as 'user {user.name} has {len(items)} items'.", HelpName = "MESSAGE", Arity = ArgumentArity.ZeroOrOne };
        var verb = new Command("point", "Tell something whenever a line of a running Python program runs.")
        {
            pid, inject, risk, when, snapshot, counter, timer, stack, hits, duration, budget, depth, items, characters, json, audit, secrets.None, secrets.File, place, message,
        };
        verb.SetAction(parsed =>
        {
            var (file, line) = Place(parsed.GetValue(place)!);
            var to = parsed.GetValue(timer);
            var text = parsed.GetValue(message);
            var kinds = new[] { parsed.GetValue(snapshot), parsed.GetValue(counter), to is not null, text is not null };
            if (kinds.Count(static kind => kind) != 1)
            {
                throw new UsageException("point: what shall be told? Give a message, such as 'got {value}', or one of --snapshot, --counter and --timer TO-LINE");
            }

            var options = new PointOptions
            {
                Pid = parsed.GetValue(pid) ?? throw new UsageException("point: which process? Give -p PID; 'sonde list' shows the Python processes"),
                File = file,
                Line = line,
                ToLine = to,
                Kind = kinds[0] ? PointKind.Snapshot : kinds[1] ? PointKind.Counter : kinds[2] ? PointKind.Timer : PointKind.Log,
                Message = text ?? "",
                When = parsed.GetValue(when),
                Stack = parsed.GetValue(stack),
                Hits = Positive("--hits", parsed.GetValue(hits), 0),
                Expiry = parsed.GetValue(duration) ?? TimeSpan.FromHours(1),
                Budget = parsed.GetValue(budget) is > 0 and <= 100 and var percent ? percent / 100 : throw new UsageException("point: --budget is a share of one processor, above 0 and at most 100 percent"),
                Depth = Positive("--depth", parsed.GetValue(depth), 1),
                Items = Positive("--items", parsed.GetValue(items), 1),
                Characters = Positive("--characters", parsed.GetValue(characters), 1),
                Redaction = secrets.Read(parsed),
                Injection = InjectOption.Read(parsed, inject, risk),
            };
            return Execute(options, parsed.GetValue(json), parsed.GetValue(audit));
        });
        return verb;
    }

    static int Execute(PointOptions options, bool json, string? auditFile)
    {
        using var stop = new CancellationTokenSource();
        using var signals = new EndingSignals(stop.Cancel);
        PointSession.Check(options);
        var audit = PointAudit.Describe(options);
        PointAudit.Write(audit, auditFile);
        using var stream = new StandardStream(1);
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16);
        IPointOutput output = json ? new PointJson(writer) : new PointText(writer);
        PointSession session;
        try
        {
            session = PointSession.Begin(options, stop.Token);
        }
        catch (OperationCanceledException)
        {
            return 0;
        }

        using (session)
        {
            Console.Error.WriteLine($"sonde: {audit}. Ctrl-C ends it");
            session.Run(output, static remark => Console.Error.WriteLine($"sonde: {remark}"), stop.Token);
            session.End(output);
            return Report(session);
        }
    }

    static int Report(PointSession session)
    {
        var state = session.State;
        if (state is { } known)
        {
            var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{known.Hits} hits"));
            Add(text, known.Skipped, "not told, for the last one was told less than a second before");
            Add(text, known.Lost, "lost, for they came faster than they were read");
            Add(text, known.Troubles, $"times the condition had no value ({Escape.Text(known.Trouble ?? "?", 200)})");
            Add(text, session.Damaged, "not understood");
            Console.Error.WriteLine($"sonde: {text}");
        }

        foreach (var remark in session.Remarks)
        {
            Console.Error.WriteLine($"sonde: {remark}");
        }

        if (session.Ended is { } why)
        {
            Console.Error.WriteLine($"sonde: the point was switched off: {Escape.Text(why, 300)}");
        }

        if (session.Leftover is { } leftover)
        {
            Console.Error.WriteLine($"sonde: {Escape.Text(leftover, 1000)}");
            return 1;
        }

        return 0;
    }

    static void Add(StringBuilder text, long count, string what)
    {
        if (count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $", {count} {what}");
        }
    }

    static (string File, int Line) Place(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var line) && line > 0
            ? (text[..colon], line)
            : throw new UsageException($"point: '{text}' is no line of a file; write FILE:LINE, such as app.py:42");
    }

    static int Positive(string option, int value, int least) =>
        value >= least && value <= 1_000_000 ? value : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"point: {option} {value}: a number from {least} to 1000000"));
}
