using System.CommandLine;
using System.Text.RegularExpressions;
using Sonde.Engine;
using Sonde.Engine.Profiles;

namespace Sonde.Cli.Verbs;

/// <summary>The options that choose what of a profile is seen, for all verbs that show one.</summary>
sealed class ViewOptions
{
    readonly Option<bool> _function = new("--function", "-F") { Description = "Functions instead of lines." };
    readonly Option<bool> _noLines = new("--no-lines", "--nolineno") { Description = "Without line numbers." };
    readonly Option<bool> _threads = new("--threads", "-t") { Description = "Threads apart, each under a frame of its own." };
    readonly Option<bool> _processes = new("--processes") { Description = "Processes apart, each under frames for itself and its parents." };
    readonly Option<bool> _gil = new("--gil", "-g") { Description = "Only while holding the global interpreter lock." };
    readonly Option<bool> _active = new("--active") { Description = "Only while active: neither asleep nor waiting." };
    readonly Option<string?> _match = new("--match") { Description = "Only stacks with a frame that matches this regular expression, such as 'parse \\(.*decoder'.", HelpName = "REGEX" };
    readonly Option<bool> _full = new("--full-filenames") { Description = "Whole paths of files." };
    readonly Option<bool> _inverted = new("--invert") { Description = "Callers under callees." };

    public void AddTo(Command verb)
    {
        foreach (var option in new Option[] { _function, _noLines, _threads, _processes, _inverted })
        {
            verb.Add(option);
        }

        AddFiltersTo(verb);
    }

    /// <summary>Those that choose samples and how files are named, for verbs that know themselves how frames are shown.</summary>
    public void AddFiltersTo(Command verb)
    {
        foreach (var option in new Option[] { _gil, _active, _match, _full })
        {
            verb.Add(option);
        }
    }

    /// <exception cref="UsageException">What shall match is no regular expression.</exception>
    public ProfileView Of(ParseResult parsed) => new()
    {
        ByFunction = parsed.GetValue(_function),
        NoLines = parsed.GetValue(_noLines),
        ThreadsAsFrames = parsed.GetValue(_threads),
        ProcessesAsFrames = parsed.GetValue(_processes),
        GilOnly = parsed.GetValue(_gil),
        WithoutIdle = parsed.GetValue(_active),
        Function = parsed.GetValue(_match) is { } pattern ? Expression(pattern) : null,
        FullFileNames = parsed.GetValue(_full),
        Inverted = parsed.GetValue(_inverted),
    };

    static Regex Expression(string pattern)
    {
        try
        {
            return FramePattern.Parse(pattern);
        }
        catch (FormatException exception)
        {
            throw new UsageException($"--match '{pattern}' is no regular expression: {exception.Message}");
        }
    }
}
