using System.CommandLine;

namespace Sonde.Cli.Scripts;

/// <summary>What the list of verbs says of the language; <see cref="ScriptCommandLine"/> reads its command line.</summary>
static class RunVerbHelp
{
    public static Command Create() =>
        new("run", "Run a program in the bpftrace language: 'sonde run FILE', 'sonde -e PROGRAM'; 'sonde run --help' tells more.");

    public static Command CreateTools()
    {
        var verb = new Command("tools", "List the ready-made scripts; each is a verb of its own: 'sonde execs', 'sonde execs --help'.");
        verb.SetAction(_ =>
        {
            foreach (var name in Tools.Names)
            {
                Console.Out.WriteLine($"{name,-14} {Tools.Summary(name)}");
            }
        });
        return verb;
    }
}
