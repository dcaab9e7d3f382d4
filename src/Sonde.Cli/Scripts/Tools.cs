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
        var own = words.Where(word => word.StartsWith("--", StringComparison.Ordinal) && word != PidOption && IsOwn(text, word)).ToList();
        var others = words.TakeWhile(word => word != "--").Where(word => !own.Contains(word));
        var named = words.SkipWhile(word => word != "--").Skip(1).Where(word => !own.Contains(word));
        var request = ScriptCommandLine.Parse([.. others, .. Marker(name), "--", .. named, .. own], $"sonde {name}", asBpftrace: false);
        if (request.ProcessId != 0 && IsOwn(text, PidOption))
        {
            ScriptRun.RequireProcess(request.ProcessId);
            var arguments = new Dictionary<string, string?>(request.Arguments.Named) { [PidOption[2..]] = request.ProcessId.ToString(CultureInfo.InvariantCulture) };
            request = request with { ProcessId = 0, Arguments = request.Arguments with { Named = arguments } };
        }

        return request with { File = name + Suffix, Embedded = text };
    }

    /// <summary>What stands for the file, which is none.</summary>
    static string[] Marker(string name) => [name + Suffix];

    static bool IsOwn(string text, string word)
    {
        var option = word[2..].Split('=')[0];
        return option == "help" || (option.Length > 0 && text.Contains($"getopt(\"{option}\"", StringComparison.Ordinal));
    }
}
