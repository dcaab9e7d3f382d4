using System.CommandLine;
using System.Text;
using Sonde.Engine.Listing;
using Sonde.Engine.Output;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde inspect</c>: its options, and which writer takes the result.</summary>
static class InspectVerb
{
    public static Command Create()
    {
        var pid = new Option<int?>("--pid", "-p") { Description = "The process.", HelpName = "PID", Required = true, CustomParser = ProcessId.Parse };
        var noAttach = new Option<bool>("--no-attach") { Description = "Only look; do not attach an empty program for a moment." };
        var unsafeToo = new Option<bool>("--unsafe") { Description = "Attach even where that may damage the process." };
        var json = new Option<bool>("--json") { Description = "One JSON object a line." };
        var probe = new Argument<string>("probe")
        {
            Description = "provider:name, PATH:provider:name, uprobe:PATH:function[+offset], uprobe:PATH:0xaddress, or python.",
            HelpName = "PROBE",
        };
        var verb = new Command("inspect", "Show a probe's site as it is: its note, and its code before, while and after a probe is attached.")
        {
            pid, noAttach, unsafeToo, json, probe,
        };
        verb.SetAction(parsed => Execute(
            new InspectRequest
            {
                Pid = parsed.GetValue(pid)!.Value,
                Probe = parsed.GetValue(probe)!,
                Attach = !parsed.GetValue(noAttach),
                Unsafe = parsed.GetValue(unsafeToo),
            },
            parsed.GetValue(json)));
        return verb;
    }

    static int Execute(InspectRequest request, bool json)
    {
        using var inspector = new Inspector(request);
        var sites = inspector.Inspect();
        var output = ConsoleText.Output();
        if (json)
        {
            using var writer = new InspectJson(output);
            foreach (var site in sites)
            {
                writer.Write(site);
            }
        }
        else
        {
            using var text = new StreamWriter(output, new UTF8Encoding(false));
            var writer = new InspectText(text);
            foreach (var site in sites)
            {
                writer.Write(site);
            }
        }

        foreach (var problem in inspector.Problems)
        {
            Console.Error.WriteLine($"sonde: {Escape.Text(problem, limit: 4096)}");
        }

        return sites.Any(site => site.Restored == false) ? 1 : 0;
    }
}
