using System.Globalization;
using System.Reflection;
using Sonde.Engine;

namespace Sonde.Cli.Scripts;

/// <summary>The ready-made scripts, which are part of the executable.</summary>
static class Tools
{
    const string Prefix = "tools/";
    const string Suffix = ".bt";
    const string PidOption = "--pid";

    static Assembly Here => typeof(Tools).Assembly;

    /// <summary>Their names, in order.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Here.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(name => name[Prefix.Length..^Suffix.Length]).Order(StringComparer.Ordinal)];

    /// <summary>The text of one; null if there is none of that name.</summary>
    public static string? Read(string name)
    {
        using var stream = Here.GetManifestResourceStream(Prefix + name + Suffix);
        if (stream is null)
        {
            return null;
        }

        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The first sentence of what one says of itself.</summary>
    public static string Summary(string name)
    {
        var line = Read(name)!.Split('\n').First(line => line.StartsWith("// ", StringComparison.Ordinal))[3..];
        return line.EndsWith('.') ? line : line + " ...";
    }

    /// <summary>
    /// The request of <c>sonde NAME [options] [--OPTION=VALUE ...]</c>: options of the command as for any script; what the script itself calls an option
    /// may stand without the dashes that separate it elsewhere. Where a process is hit by what others cause, as by a packet that arrives, narrowing every
    /// probe to it would lose that: a script with an option <c>pid</c> is told the number and looks itself.
    /// </summary>
    /// <exception cref="UserErrorException">The process does not exist.</exception>
    public static ScriptRequest Parse(string name, string text, IReadOnlyList<string> words)
    {
        var options = OptionsOf(text);
        words = [.. words.Select(static word => word == "-h" ? "--help" : word)];
        var own = words.Where(word => word.StartsWith("--", StringComparison.Ordinal) && word != PidOption && options.Contains(word.Split('=')[0])).ToList();
        var others = words.TakeWhile(word => word != "--").Where(word => !own.Contains(word));
        var named = words.SkipWhile(word => word != "--").Skip(1).Where(word => !own.Contains(word));
        var request = ScriptCommandLine.ParseOfTool([.. others, "--", .. named, .. own], $"sonde {name}", options);
        if (request.ProcessId != 0 && options.Contains(PidOption))
        {
            ScriptRun.RequireProcess(request.ProcessId);
            var arguments = new Dictionary<string, string?>(request.Arguments.Named) { [PidOption[2..]] = request.ProcessId.ToString(CultureInfo.InvariantCulture) };
            request = request with { ProcessId = 0, Arguments = request.Arguments with { Named = arguments } };
        }

        return request with { File = name + Suffix, Embedded = text };
    }

    /// <summary>The options that a script asks for, and the help that every one has.</summary>
    static List<string> OptionsOf(string text)
    {
        const string asked = "getopt(\"";
        List<string> options = ["--help"];
        for (var at = 0; (at = text.IndexOf(asked, at, StringComparison.Ordinal)) >= 0;)
        {
            at += asked.Length;
            options.Add($"--{text[at..text.IndexOf('"', at)]}");
        }

        return options;
    }
}
