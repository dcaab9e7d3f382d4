using System.CommandLine;
using System.Text;
using Sonde.Engine.Diagnosis;
using Sonde.Engine.Output;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde doctor</c>: what this kernel, this user and this target allow, and what to do about the rest.</summary>
static class DoctorVerb
{
    const int SubjectWidth = 32;

    public static Command Create()
    {
        var pid = new Option<int?>("--pid", "-p") { Description = "A process that shall be followed.", HelpName = "PID", CustomParser = ProcessId.Parse };
        var json = new Option<bool>("--json") { Description = "One JSON object a line: subject, verdict, state, stops, advice." };
        var verb = new Command("doctor", "Tell what works on this machine, what does not, and what to do about it. Exits with 1 if Python cannot be followed.") { pid, json };
        verb.SetAction(parsed => Run(parsed.GetValue(pid), parsed.GetValue(json)));
        return verb;
    }

    static int Run(int? pid, bool json)
    {
        var findings = Doctor.Examine(pid);
        using var output = ConsoleText.Output();
        var colour = Terminal.UsesColour(standardError: false);
        foreach (var finding in findings)
        {
            output.Write(Encoding.UTF8.GetBytes(json ? Json(finding) : Text(finding, colour)));
        }

        return findings.Any(finding => finding.Verdict == Verdict.Bad) ? 1 : 0;
    }

    static string Text(Finding finding, bool colour)
    {
        var (mark, code) = finding.Verdict switch
        {
            Verdict.Good => ("ok  ", "32"),
            Verdict.Limited => ("less", "33"),
            Verdict.Unknown => ("?   ", "33"),
            _ => ("NO  ", "31"),
        };
        var text = new StringBuilder(colour ? $"\u001b[{code}m{mark}\u001b[0m" : mark);
        text.Append("  ").Append(finding.Subject.PadRight(SubjectWidth)).Append("  ").Append(finding.State).Append('\n');
        foreach (var line in new[] { finding.Stops, finding.Advice is { } advice ? $"→ {advice}" : null })
        {
            if (line is not null)
            {
                text.Append(' ', "less".Length + 2 + SubjectWidth + 2).Append(line).Append('\n');
            }
        }

        return text.ToString();
    }

    static string Json(Finding finding)
    {
        var verdict = finding.Verdict switch
        {
            Verdict.Good => "ok",
            Verdict.Limited => "limited",
            Verdict.Unknown => "unknown",
            _ => "bad",
        };
        return $"{{\"subject\":{Quote(finding.Subject)},\"verdict\":\"{verdict}\",\"state\":{Quote(finding.State)},\"stops\":{Quote(finding.Stops)},\"advice\":{Quote(finding.Advice)}}}\n";
    }

    static string Quote(string? text) => text is null ? "null" : Encoding.UTF8.GetString(JsonText.Encode(text));
}
