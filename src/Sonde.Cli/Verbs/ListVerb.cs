using System.CommandLine;
using System.Text;
using Sonde.Engine.Listing;
using Sonde.Engine.Output;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde list</c>: its options, and which writer takes the result.</summary>
static class ListVerb
{
    public static Command Create()
    {
        var pid = new Option<int?>("--pid", "-p") { Description = "What this process has mapped: USDT probes and Python.", HelpName = "PID", CustomParser = ProcessId.Parse };
        var library = new Option<string?>("--lib", "-l") { Description = "This library or program, by path or by name ('libc', 'c', 'bash').", HelpName = "LIB" };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Addresses, file offsets, semaphores and arguments; the fields of tracepoints." };
        var json = new Option<bool>("--json") { Description = "One JSON object a line, with everything that is known." };
        var words = new Argument<string[]>("what")
        {
            Description = "[PATH] [PATTERN]. A pattern may begin with its kind: 'usdt:PATH:provider:name', 'uprobe:PATH:function', 'tracepoint:category:name', 'python'. Without anything: the Python interpreters that run.",
            Arity = new ArgumentArity(0, 2),
            HelpName = "WHAT",
        };
        var verb = new Command("list", "List what can be probed: USDT probes, functions, tracepoints, Python interpreters.") { pid, library, verbose, json, words };
        verb.SetAction(parsed =>
        {
            var request = ListRequest.Parse(parsed.GetValue(pid), parsed.GetValue(library), parsed.GetValue(words) ?? []);
            return Execute(request with { Details = parsed.GetValue(verbose) || parsed.GetValue(json) }, parsed.GetValue(json));
        });
        return verb;
    }

    static int Execute(ListRequest request, bool json)
    {
        const int BrokenPipe = 32;
        try
        {
            return Write(request, json);
        }
        catch (IOException closed) when (closed.HResult == BrokenPipe)
        {
            return 0; // "sonde list ... | head" has seen enough
        }
    }

    static int Write(ListRequest request, bool json)
    {
        var lister = new ProbeLister(request);
        var count = 0;
        var output = ConsoleText.Output();
        if (json)
        {
            using var writer = new ListJson(new BufferedStream(output, 1 << 16));
            foreach (var probe in lister.Find())
            {
                writer.Write(probe);
                count++;
            }
        }
        else
        {
            using var text = new StreamWriter(output, new UTF8Encoding(false), 1 << 16);
            var writer = new ListText(text, request.Details);
            foreach (var probe in lister.Find())
            {
                writer.Write(probe);
                count++;
            }
        }

        foreach (var problem in lister.Problems)
        {
            Console.Error.WriteLine($"sonde: {Escape.Text(problem, limit: 4096)}");
        }

        if (count == 0)
        {
            Console.Error.WriteLine($"sonde: {lister.NothingFound}");
        }

        return count == 0 ? 1 : 0;
    }
}
