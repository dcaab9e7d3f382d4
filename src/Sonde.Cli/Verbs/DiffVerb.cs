using System.CommandLine;
using System.Text;
using Sonde.Engine;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Engine.Profiles.Report;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde diff</c>: what has changed from one profile to another.</summary>
static class DiffVerb
{
    const int DefaultTop = 20;

    public static Command Create()
    {
        var before = new Argument<string>("before") { Description = "The profile to compare with.", HelpName = "BEFORE" };
        var after = new Argument<string>("after") { Description = "The profile that is compared.", HelpName = "AFTER" };
        var output = new Option<string?>("--output", "-o") { Description = "Write a flame graph of the difference to FILE, .html or .svg: red has grown, blue has shrunk.", HelpName = "FILE" };
        var total = new Option<bool>("--total") { Description = "By the share of functions with what they called, instead of their own." };
        var top = new Option<int>("--top", "-n") { Description = "How many rows the table has.", HelpName = "N", CustomParser = Number.Between(1, int.MaxValue), DefaultValueFactory = _ => DefaultTop };
        var lines = new Option<bool>("--lines") { Description = "Lines instead of functions." };
        var view = new ViewOptions();
        var verb = new Command("diff", "Compare two profiles: which functions take a larger or smaller share than before.") { before, after, output, total, top, lines };
        view.AddFiltersTo(verb);
        verb.SetAction(parsed =>
        {
            // Lines move from one version of a program to the next, and with them where functions begin.
            var seen = view.Of(parsed) with { NoLines = !parsed.GetValue(lines) };
            var diff = new ProfileDiff(seen.Apply(ProfileFile.Read(parsed.GetValue(before)!)), seen.Apply(ProfileFile.Read(parsed.GetValue(after)!)));
            if (parsed.GetValue(output) is { } path)
            {
                bool html = ProfileFormats.ForFile(path).Name switch
                {
                    "html" => true,
                    "flamegraph" => false,
                    _ => throw new UsageException($"-o '{path}': the difference is written as a flame graph; name the file .html or .svg"),
                };
                ProfileFormats.WriteFile(path, stream => diff.WriteFlameGraph(stream, html));
            }

            using var text = new StreamWriter(new StandardStream(1), new UTF8Encoding(false)) { NewLine = "\n" };
            var report = new DiffReport(diff, text, Terminal.UsesColour(standardError: false));
            report.WriteHead();
            report.WriteTop(parsed.GetValue(top), parsed.GetValue(total));
            return 0;
        });
        return verb;
    }
}
