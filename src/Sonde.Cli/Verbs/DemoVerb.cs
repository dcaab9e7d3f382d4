using System.CommandLine;
using Sonde.Engine;
using Sonde.Engine.Flow;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde demo</c>: the example program under <c>sonde flow</c>, for a first look.</summary>
static class DemoVerb
{
    const string Example = "insta_analytics.py";

    public static Command Create()
    {
        var verb = new Command("demo", "Start a small Python program and watch it for a few seconds.");
        verb.SetAction(_ => Run());
        return verb;
    }

    static int Run()
    {
        // The start script says where the examples are; without it they are looked for around the executable.
        var places = new[] { Environment.GetEnvironmentVariable("SONDE_EXAMPLES"), Path.Combine(AppContext.BaseDirectory, "examples"), "examples" };
        var program = places.OfType<string>().Select(place => Path.Combine(place, Example)).FirstOrDefault(File.Exists)
            ?? throw new UserErrorException($"the example program {Example} was not found; run './sonde demo' from a clone of the repository");
        Console.Error.WriteLine($"sonde: python3 {Path.GetFileName(program)} runs for a few seconds; every line below is a call or return inside it, and nothing in it was changed");
        return FlowRun.Execute(new FlowRequest
        {
            Command = ["python3", program, "--seconds", "5", "--quiet"],
            Duration = TimeSpan.FromSeconds(8),
            Summary = true,
            ShowEventsWithSummary = true,
            Options = new FlowOptions { Files = [Example] },
        });
    }
}
