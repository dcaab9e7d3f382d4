using Sonde.Kernel.Tests.Targets;

namespace Sonde.Kernel.Tests.Flow;

/// <summary>The sonde executable as a user runs it.</summary>
static class SondeCommand
{
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "sonde");

    /// <summary>A link to it that is called bpftrace.</summary>
    public static string AsBpftrace { get; } = Link("bpftrace");

    /// <summary>Runs it to its end.</summary>
    public static CommandResult Run(params string[] arguments) => Finish(Target.Start(Path, arguments));

    /// <summary>Runs it as a user without rights.</summary>
    public static CommandResult RunAsNobody(params string[] arguments)
    {
        string[] command = Strangers.AsNobody([Path, .. arguments]);
        return Finish(Target.Start(command[0], command[1..]));
    }

    static string Link(string name)
    {
        string link = System.IO.Path.Combine(AppContext.BaseDirectory, name);
        if (!File.Exists(link))
        {
            File.CreateSymbolicLink(link, Path);
        }

        return link;
    }

    static CommandResult Finish(Target target)
    {
        using (target)
        {
            string output = target.ReadToEnd();
            return new CommandResult(target.WaitForExit(), output, target.Errors);
        }
    }
}

/// <summary>What a run of it left.</summary>
sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    /// <summary>The complaint without the program's name, when there is exactly one line.</summary>
    public string Complaint
    {
        get
        {
            string[] lines = Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return lines.Length == 1 && lines[0].StartsWith("sonde: ", StringComparison.Ordinal)
                ? lines[0]["sonde: ".Length..]
                : throw new InvalidOperationException($"exit code {ExitCode}, not one line of complaint: {Errors}");
        }
    }
}
