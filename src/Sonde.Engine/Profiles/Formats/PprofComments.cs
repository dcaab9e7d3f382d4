using System.Globalization;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>What the format of pprof has no fields for, as the lines that <c>pprof -comments</c> shows, and back.</summary>
static class PprofComments
{
    const string Process = "process ";
    const string Parent = " (parent ";
    const string Lost = "lost ";
    const string LostIn = "lost in ";

    public static IEnumerable<string> Of(Profile profile)
    {
        if (profile.Info.Title.Length > 0)
        {
            yield return profile.Info.Title;
        }

        foreach (var process in profile.Processes)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{Process}{process.Pid}{Parent}{process.ParentPid}): {process.CommandLine}");
        }

        foreach (var (cause, count) in profile.Losses.Causes)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{Lost}{count}: {cause}");
        }

        foreach (var (function, count) in profile.Losses.Functions.OrderBy(function => function.Key, StringComparer.Ordinal))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{LostIn}{count}: {function}");
        }
    }

    /// <summary>Takes a comment to where it came from; the first that is none of ours is the title.</summary>
    public static void Take(string comment, Profile profile, ThreadDirectory threads)
    {
        int colon = comment.IndexOf(": ", StringComparison.Ordinal);
        string rest = colon < 0 ? "" : comment[(colon + 2)..];
        var words = comment.AsSpan(0, Math.Max(colon, 0));
        if (words.StartsWith(Process) && words is [.., ')'] && words.IndexOf(Parent) is var parent && parent > 0
            && Number(words[Process.Length..parent], out long pid) && Number(words[(parent + Parent.Length)..^1], out long parentPid)
            && pid <= int.MaxValue && parentPid <= int.MaxValue)
        {
            threads.Process((int)pid, (int)parentPid, rest);
        }
        else if (words.StartsWith(LostIn) && Number(words[LostIn.Length..], out long count))
        {
            profile.Losses.AddWhere(rest, count);
        }
        else if (words.StartsWith(Lost) && Number(words[Lost.Length..], out count))
        {
            profile.Losses.Add(rest, count: count);
        }
        else if (profile.Info.Title.Length == 0)
        {
            profile.Info = profile.Info with { Title = comment };
        }
    }

    static bool Number(ReadOnlySpan<char> text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
