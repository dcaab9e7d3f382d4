using System.CommandLine;
using Sonde.Engine;
using Sonde.Engine.Profiles.Formats;
using Sonde.Engine.Recording.Sessions;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde session</c>: what can be asked of recordings that go on.</summary>
static class SessionVerb
{
    public static Command Create()
    {
        var output = new Option<string?>("--output", "-o") { Description = "The file to write; without it one beside the recording's own.", HelpName = "FILE" };
        var format = new Option<string?>("--format", "-f") { Description = "With -o: the format, whatever the extension, which picks it otherwise.", HelpName = "FORMAT" };
        var list = new Command("list", "List the recordings that go on under a name.");
        list.SetAction(_ => List());
        var snapshot = Named("snapshot", "Write what a recording has so far into a file; it goes on.", (parsed, name) =>
            Ask(name, RequestSnapshot(parsed.GetValue(output), parsed.GetValue(format))));
        snapshot.Add(output);
        snapshot.Add(format);
        return new Command("session", "Reach recordings that go on: those begun with 'sonde record --session NAME'.")
        {
            list,
            snapshot,
            Named("reset", "Forget what a recording has so far; it goes on.", (_, name) => Ask(name, new SessionRequest(SessionWord.Reset))),
            Named("stop", "End a recording, which then writes its file.", (_, name) => Ask(name, new SessionRequest(SessionWord.Stop))),
        };
    }

    static SessionRequest RequestSnapshot(string? output, string? format) => output is null
        ? format is null ? new SessionRequest(SessionWord.Snapshot) : throw new UsageException("session snapshot: -f names the format of the file that -o names; without -o the file is of the recording's own format")
        : new SessionRequest(SessionWord.Snapshot, Path.GetFullPath(output), (format is null ? ProfileFormats.ForFile(output) : ProfileFormats.ByName(format)).Name);

    static Command Named(string verb, string description, Func<ParseResult, string, int> run)
    {
        var name = new Argument<string>("name") { Description = "The recording's name.", HelpName = "NAME" };
        var command = new Command(verb, description) { name };
        command.SetAction(parsed => run(parsed, parsed.GetValue(name)!));
        return command;
    }

    static int List()
    {
        foreach (var name in SessionDirectory.Names())
        {
            try
            {
                Console.Out.WriteLine($"{name}: {SessionClient.Ask(name, new SessionRequest(SessionWord.Status))}");
            }
            catch (UserErrorException)
            {
                // It has ended since it was listed.
            }
        }

        return 0;
    }

    static int Ask(string name, SessionRequest request)
    {
        var answer = SessionClient.Ask(name, request);
        Console.Out.WriteLine(answer);
        // What went wrong is told first, also where the file went elsewhere in the end.
        return request.Verb == SessionWord.Snapshot && !answer.StartsWith("wrote ", StringComparison.Ordinal) ? 1 : 0;
    }
}
