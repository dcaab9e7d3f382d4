using System.Text;

namespace Sonde.Engine.Recording.Sessions;

/// <summary>What can be asked of a recording that goes on.</summary>
public enum SessionWord : byte
{
    /// <summary>What it records, since when, and how much there is.</summary>
    Status,

    /// <summary>Write what there is so far into a file.</summary>
    Snapshot,

    /// <summary>Forget what there is so far.</summary>
    Reset,

    /// <summary>End, and write the file.</summary>
    Stop,
}

/// <summary>One thing asked of a session: a line of UTF-8.</summary>
/// <param name="Verb">What.</param>
/// <param name="Path">For a snapshot the file, with its whole path; null to have one named.</param>
/// <param name="Format">For a file the name of its format; null for the recording's own.</param>
public readonly record struct SessionRequest(SessionWord Verb, string? Path = null, string? Format = null)
{
    /// <summary>The line, without its end.</summary>
    /// <remarks>A path may hold a newline, so it goes in base 64.</remarks>
    public string Line => Path is null ? Verb.ToString() : $"{Verb} {Convert.ToBase64String(Encoding.UTF8.GetBytes(Path))}{(Format is null ? "" : " " + Format)}";

    /// <summary>Reads a line.</summary>
    public static bool TryParse(string line, out SessionRequest request)
    {
        request = default;
        var blank = line.IndexOf(' ');
        var word = blank < 0 ? line : line[..blank];
        SessionWord? verb = word switch
        {
            nameof(SessionWord.Status) => SessionWord.Status,
            nameof(SessionWord.Snapshot) => SessionWord.Snapshot,
            nameof(SessionWord.Reset) => SessionWord.Reset,
            nameof(SessionWord.Stop) => SessionWord.Stop,
            _ => null,
        };
        if (verb is not { } known)
        {
            return false;
        }

        if (blank < 0)
        {
            request = new SessionRequest(known);
            return true;
        }

        var words = line[(blank + 1)..].Split(' ');
        var bytes = new byte[line.Length];
        if (words.Length > 2 || !Convert.TryFromBase64String(words[0], bytes, out var length))
        {
            return false;
        }

        request = new SessionRequest(known, Encoding.UTF8.GetString(bytes.AsSpan(0, length)), words is [_, var format] ? format : null);
        return true;
    }
}
