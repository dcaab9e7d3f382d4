using System.CommandLine;
using Sonde.Bpf;
using Sonde.Cli.Verbs;
using Sonde.Engine;
using Sonde.Engine.Output;
using Sonde.Linux;
using Sonde.Symbols.Elf;

namespace Sonde.Cli;

/// <summary>The sonde command: parses, dispatches to a verb, and turns every foreseen failure into one message and an exit code.</summary>
static class Program
{
    /// <summary>Exit codes: 0 fine, 1 failed, 2 usage.</summary>
    const int Failed = 1;
    const int Usage = 2;

    static int Main(string[] arguments)
    {
        var root = new RootCommand("Shows what running programs do, without touching them: calls and returns of unmodified Python, probes, and what this machine allows.")
        {
            FlowVerb.Create(),
            DemoVerb.Create(),
            DoctorVerb.Create(),
            ListVerb.Create(),
            InspectVerb.Create(),
        };
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Complain(error.Message);
            }

            Console.Error.WriteLine($"Try 'sonde {parsed.CommandResult.Command.Name} --help'.");
            return Usage;
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (UsageException exception)
        {
            Complain(exception.Message);
            return Usage;
        }
        catch (Exception exception) when (exception is UserErrorException or LinuxException or ElfException or VerifierException)
        {
            Complain(exception.Message);
            return Failed;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Complain(FileError.Describe(exception));
            return Failed;
        }
    }

    /// <summary>Messages may hold names that come from a target.</summary>
    static void Complain(string message)
    {
        try
        {
            Console.Error.WriteLine($"sonde: {Escape.Text(message, 4000)}");
        }
        catch (IOException)
        {
            // Nothing can be said where messages go; the exit code remains.
        }
    }
}
