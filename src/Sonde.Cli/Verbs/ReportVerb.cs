using System.CommandLine;
using System.Text;
using Sonde.Engine;
using Sonde.Engine.Output;
using Sonde.Engine.Profiles.Report;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde report</c>: a profile as text in the terminal.</summary>
static class ReportVerb
{
    const int DefaultTop = 20;
    const double DefaultMinimum = 1;

    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "The profile, of any format that can be read; '-' is the standard input.", HelpName = "FILE" };
        var function = new Option<string?>("--function") { Description = "Who calls the functions that match, and whom they call: 'handle', 'Server.*'.", HelpName = "GLOB" };
        var tree = new Option<bool>("--tree") { Description = "The tree of calls instead of a table." };
        var minimum = new Option<double>("--min-percent") { Description = "Only calls of the tree with at least this share.", HelpName = "PERCENT", CustomParser = Number.Between(0.0, 100.0), DefaultValueFactory = _ => DefaultMinimum };
        var top = new Option<int>("--top", "-n") { Description = "How many rows the table has.", HelpName = "N", CustomParser = Number.Between(1, int.MaxValue), DefaultValueFactory = _ => DefaultTop };
        var lines = new Option<bool>("--lines") { Description = "Lines instead of functions." };
        var view = new ViewOptions();
        var verb = new Command("report", "Show a profile in the terminal: the functions that take the most, who calls them, the tree of calls, threads and states.")
        {
            file, function, tree, minimum, top, lines,
        };
        view.AddFiltersTo(verb);
        verb.SetAction(parsed =>
        {
            var profile = (view.Of(parsed) with { ByFunction = !parsed.GetValue(lines) }).Apply(ProfileFile.Read(parsed.GetValue(file)!));
            using var text = new StreamWriter(new StandardStream(1), new UTF8Encoding(false)) { NewLine = "\n" };
            var report = new ProfileReport(profile, text, Terminal.UsesColour(standardError: false));
            if (parsed.GetValue(function) is { } glob)
            {
                if (!report.Has(new Glob(glob)))
                {
                    throw new UserErrorException($"--function '{Escape.Text(glob)}': no function of '{Escape.Text(parsed.GetValue(file)!)}' matches; without --function all are listed");
                }

                report.WriteHead();
                report.WriteNeighbours(new Glob(glob));
                return 0;
            }

            report.WriteHead();

            if (parsed.GetValue(tree))
            {
                report.WriteTree(parsed.GetValue(minimum));
                return 0;
            }

            report.WriteTop(parsed.GetValue(top));
            report.WriteThreads();
            report.WriteStates();
            return 0;
        });
        return verb;
    }
}
