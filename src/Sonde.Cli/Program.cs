using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Sonde.Bpf;
using Sonde.Cli.Scripts;
using Sonde.Cli.Verbs;
using Sonde.Engine;
using Sonde.Engine.Injection;
using Sonde.Engine.Output;
using Sonde.Engine.Scripts.Session;
using Sonde.Linux;
using Sonde.Symbols.Elf;

namespace Sonde.Cli;

/// <summary>The sonde command: parses, dispatches to a verb, and turns every foreseen failure into one message and an exit code.</summary>
static class Program
{
    /// <summary>Exit codes: 0 fine, 1 failed, 2 usage.</summary>
    const int Failed = 1;
    const int Usage = 2;

    /// <summary>The kernel refused what a program in the language needs, as bpftrace tells it.</summary>
    const int Refused = 255;

    static int Main(string[] arguments)
    {
        ConsoleText.Install();
        try
        {
            return Dispatch(arguments);
        }
        catch (UsageException exception)
        {
            Complain(exception.Message);
            return Usage;
        }
        catch (ScriptLoadException exception)
        {
            Complain(exception.Message, "ERROR");
            return Refused;
        }
        catch (Exception exception) when (exception is UserErrorException or LinuxException or ElfException or VerifierException)
        {
            Complain(exception.Message);
            return Failed;
        }
        catch (IOException exception) when (FileError.IsClosedPipe(exception))
        {
            // Nobody reads any more: that is how a pipeline ends.
            return 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Complain($"input or output failed: {FileError.Describe(exception)}");
            return Failed;
        }
    }

    /// <summary>Programs in the language have a command line of their own, and start too often to wait for anything else to be set up.</summary>
    static int Dispatch(string[] arguments)
    {
        if (IsCalledBpftrace)
        {
            return RunAsBpftrace(arguments);
        }

        switch (arguments)
        {
            case ["run", .. var words]:
                return ScriptRun.Execute(ScriptCommandLine.Parse(words, "sonde run", asBpftrace: false), "sonde run");
            case [['-', ..] first, ..] when first is not ("--help" or "-h" or "-?" or "--version"):
                return ScriptRun.Execute(ScriptCommandLine.Parse(arguments, "sonde", asBpftrace: false), "sonde");
            case [var name, .. var words] when Tools.Read(name) is { } text:
                return ScriptRun.Execute(Tools.Parse(name, text, words), $"sonde {name}");
            case [var name, ..] when IsFile(name):
                return ScriptRun.Execute(ScriptCommandLine.Parse(arguments, "sonde", asBpftrace: false), "sonde");
            case [InjectionGuard.Verb]:
                return InjectionGuard.Run(Console.In, Console.Out) ? 0 : Failed;
            default:
                return RunVerb(arguments);
        }
    }

    /// <summary>Whether a word is a file's name and no verb, as where a program begins with "#!/usr/bin/env sonde".</summary>
    static bool IsFile(string word) => word.Contains('/') || word.EndsWith(".bt", StringComparison.Ordinal);

    /// <summary>Whether the executable goes by the name of bpftrace, as by a link: it then does as bpftrace does.</summary>
    /// <remarks>.NET knows the name it was called by only when compiled ahead of time.</remarks>
    static bool IsCalledBpftrace => ProcFs.ReadCommandLine(Environment.ProcessId) is [var name, ..] && Path.GetFileName(name) == "bpftrace";

    /// <summary>Usage errors are failures there.</summary>
    static int RunAsBpftrace(string[] arguments)
    {
        try
        {
            return ScriptRun.Execute(ScriptCommandLine.Parse(arguments, "bpftrace", asBpftrace: true), "bpftrace");
        }
        catch (UsageException exception)
        {
            throw new UserErrorException(exception.Message);
        }
    }

    static int RunVerb(string[] arguments)
    {
        var root = new RootCommand("Shows what running programs do, without touching them: calls and returns of unmodified Python, probes, and what this machine allows.")
        {
            FlowVerb.Create(),
            SnoopVerb.Create(),
            TopVerb.Create(),
            RuntimeVerbs.CreateCalls(),
            RuntimeVerbs.CreateCollections(),
            RuntimeVerbs.CreateObjects(),
            RuntimeVerbs.CreateThreads(),
            RuntimeVerbs.CreateStat(),
            ProbeVerbs.CreateLatency(),
            ProbeVerbs.CreateStacks(),
            ProbeVerbs.CreateTrace(),
            RecordVerb.Create(),
            SessionVerb.Create(),
            DemoVerb.Create(),
            DumpVerb.Create(),
            PointVerb.Create(),
            DoctorVerb.Create(),
            ListVerb.Create(),
            InspectVerb.Create(),
            ReportVerb.Create(),
            DiffVerb.Create(),
            ConvertVerb.Create(),
            RunVerbHelp.Create(),
            RunVerbHelp.CreateTools(),
        };
        foreach (var help in root.Options.Select(static option => option.Action).OfType<HelpAction>())
        {
            // The runtime would ask the terminal in its own way, see ConsoleText.
            help.MaxWidth = RawTerminal.OutputColumns ?? int.MaxValue;
        }

        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Complain(error.Message);
            }

            var names = new List<string>();
            for (SymbolResult? result = parsed.CommandResult; result is CommandResult command && command.Command != root; result = result.Parent)
            {
                names.Insert(0, command.Command.Name + " ");
            }

            Console.Error.WriteLine($"Try 'sonde {string.Concat(names)}--help'.");
            return Usage;
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    /// <summary>Messages may hold names that come from a target.</summary>
    static void Complain(string message, string who = "sonde")
    {
        try
        {
            Console.Error.WriteLine($"{who}: {Escape.Text(message, 4000)}");
        }
        catch (IOException)
        {
            // Nothing can be said where messages go; the exit code remains.
        }
    }
}
