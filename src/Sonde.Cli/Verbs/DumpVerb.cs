using System.CommandLine;
using System.Text;
using Sonde.Engine;
using Sonde.Engine.Dump;
using Sonde.Engine.Output;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde dump</c>: its options, and which writer takes the result.</summary>
static class DumpVerb
{
    public static Command Create()
    {
        var pid = new Option<int?>("--pid", "-p") { Description = "The process.", HelpName = "PID", CustomParser = ProcessId.Parse };
        var core = new Option<string?>("--core", "-c") { Description = "The core file of a process that has died, instead of a running one.", HelpName = "FILE" };
        var search = new Option<string[]>("--search") { Description = "Look for the programs and libraries of the core file in this directory, too: a copy of the root directory they ran in, or one they are in.", HelpName = "DIR" };
        var locals = new Option<bool>("--locals", "-l") { Description = "Show the variables of each function; given more than once, more of them." };
        var hide = new Option<string[]>("--hide") { Description = "Show no values of variables, fields and keys of that name ('*' and '?' stand for anything).", HelpName = "NAME", AllowMultipleArgumentsPerToken = false };
        var secrets = new SecretOptions();
        var native = new Option<bool>("--native", "-n") { Description = "Show the machine code between the Python functions, too." };
        var tasks = new Option<bool>("--tasks", "-t") { Description = "Show the asyncio tasks, too, and which waits for which." };
        var subprocesses = new Option<bool>("--subprocesses", "-s") { Description = "Show the processes it has started, too." };
        var full = new Option<bool>("--full-filenames") { Description = "Show the whole path of files." };
        var json = new Option<bool>("--json", "-j") { Description = "Write JSON, with everything that is known." };
        var verb = new Command("dump", "Show where every thread of a Python process is, without stopping it.") { pid, core, search, locals, hide, secrets.None, secrets.File, native, tasks, subprocesses, full, json };
        verb.SetAction(parsed =>
        {
            if (parsed.GetValue(pid) is null == parsed.GetValue(core) is null)
            {
                throw new UsageException(parsed.GetValue(pid) is not null ? "dump: '-p PID' and '--core FILE' exclude each other"
                    : "dump: which process? '-p PID' is a running one, '--core FILE' one that has died; 'sonde list' shows the Python processes");
            }

            var request = new DumpRequest
            {
                Pid = parsed.GetValue(pid) ?? 0,
                CoreFile = parsed.GetValue(core),
                SearchDirectories = parsed.GetValue(search) ?? [],
                LocalsLevel = parsed.GetResult(locals)?.IdentifierTokenCount ?? 0,
                Redaction = secrets.Read(parsed, parsed.GetValue(hide)),
                Native = parsed.GetValue(native),
                Tasks = parsed.GetValue(tasks),
                Subprocesses = parsed.GetValue(subprocesses),
            };
            return Execute(request, parsed.GetValue(full), parsed.GetValue(json));
        });
        return verb;
    }

    static int Execute(DumpRequest request, bool fullFileNames, bool json)
    {
        var processes = Dumper.Dump(request);
        using var output = new StandardStream(1);
        if (json)
        {
            using var buffered = new BufferedStream(output, 1 << 16);
            DumpJson.Write(buffered, processes);
            foreach (var process in processes.Where(static process => process.Problem is not null))
            {
                Console.Error.WriteLine($"sonde: {Escape.Text(process.Problem!, 4000)}");
            }
        }
        else
        {
            using var text = new StreamWriter(output, new UTF8Encoding(false), 1 << 15);
            new DumpText(text, Terminal.UsesColour(standardError: false), fullFileNames).Write(processes);
        }

        return 0;
    }
}
