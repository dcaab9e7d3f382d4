using System.CommandLine;
using Sonde.Engine.Profiles.Formats;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde convert</c>: a profile in another format, or another view of it.</summary>
static class ConvertVerb
{
    public static Command Create()
    {
        var input = new Argument<string>("in") { Description = "The profile, of any format that can be read; '-' is the standard input.", HelpName = "IN" };
        var output = new Argument<string>("out") { Description = "The new file; its extension picks the format. '-' is the standard output, with -f.", HelpName = "OUT" };
        var format = new Option<string?>("--format", "-f") { Description = $"The format: {ProfileFormats.Names}.", HelpName = "FORMAT" };
        var view = new ViewOptions();
        var verb = new Command("convert", "Write a profile in another format: flame graphs, speedscope, pprof and others, from Sonde and other profilers.") { input, output, format };
        view.AddTo(verb);
        verb.SetAction(parsed =>
        {
            var target = parsed.GetValue(output)!;
            var writer = parsed.GetValue(format) is { } name ? ProfileFormats.ByName(name) : ProfileFormats.ForFile(target);
            var profile = view.Of(parsed).Apply(ProfileFile.Read(parsed.GetValue(input)!));
            ProfileFile.Write(profile, writer, target);
            return 0;
        });
        return verb;
    }
}
