using System.CommandLine;
using Sonde.Engine;
using Sonde.Engine.Output;
using Sonde.Python.Values;

namespace Sonde.Cli.Verbs;

/// <summary>The options of all verbs that show values: what is hidden of them.</summary>
sealed class SecretOptions
{
    public Option<bool> None { get; } = new("--no-redact") { Description = "Show everything, also what looks like passwords, tokens and card numbers." };

    public Option<string?> File { get; } = new("--redact-file") { Description = "Hide values by more words: a file with one on a line; a name that has one in it hides its value.", HelpName = "FILE" };

    /// <summary>What is to be hidden; null for nothing.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="globs">Names that the user wants hidden besides.</param>
    /// <exception cref="UserErrorException">The file cannot be read.</exception>
    public Redaction? Read(ParseResult parsed, IReadOnlyList<string>? globs = null)
    {
        var names = (globs ?? []).Select(static name => new Glob(name)).ToList();
        Func<string, bool>? also = names.Count == 0 ? null : name => names.Any(glob => glob.Matches(name));
        if (parsed.GetValue(None))
        {
            return also is null ? null : new Redaction([], also);
        }

        if (parsed.GetValue(File) is not { } file)
        {
            return also is null ? Redaction.Default : new Redaction(Redaction.DefaultWords, also);
        }

        try
        {
            return new Redaction([.. Redaction.DefaultWords, .. Redaction.ParseWords(System.IO.File.ReadAllText(file))], also);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"--redact-file '{file}' cannot be read: {FileError.Describe(exception)}");
        }
    }
}
