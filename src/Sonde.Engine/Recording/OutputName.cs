using System.Globalization;
using System.Text;

namespace Sonde.Engine.Recording;

/// <summary>Names of files that a recording writes.</summary>
public static class OutputName
{
    /// <summary>Fills in a pattern: <c>%p</c> is the process, <c>%t</c> the time, <c>%n</c> the number of the file from 1 on, <c>%%</c> a percent sign.</summary>
    /// <exception cref="UsageException">There is another letter behind a percent sign.</exception>
    public static string Expand(string pattern, int pid, DateTimeOffset time, int number)
    {
        var name = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%')
            {
                name.Append(pattern[i]);
                continue;
            }

            i++;
            name.Append(i < pattern.Length ? Value(pattern, pattern[i], pid, time, number) : throw Unknown(pattern, ""));
        }

        return name.ToString();
    }

    /// <summary>Makes sure that there is a directory for the files of a pattern, as far as that can be told before the first of them is written.</summary>
    /// <exception cref="UserErrorException">There is none.</exception>
    public static void CheckDirectory(string pattern)
    {
        var directory = Path.GetDirectoryName(pattern) ?? "";
        if (directory.Length > 0 && !directory.Contains('%') && !Directory.Exists(directory))
        {
            throw new UserErrorException($"output '{pattern}': the directory '{directory}' does not exist; make it, or name another file with -o");
        }

        if (Directory.Exists(pattern))
        {
            throw new UserErrorException($"output '{pattern}' is a directory; name a file in it with -o");
        }
    }

    /// <summary>Whether a pattern gives another name for each file.</summary>
    public static bool Varies(string pattern) =>
        pattern.Replace("%%", "", StringComparison.Ordinal) is var rest && (rest.Contains("%t", StringComparison.Ordinal) || rest.Contains("%n", StringComparison.Ordinal));

    /// <summary>The pattern with the number in front of the extension, for one that would give the same name every time.</summary>
    public static string WithNumber(string pattern)
    {
        var extension = Path.GetExtension(pattern);
        return $"{pattern[..^extension.Length]}-%n{extension}";
    }

    /// <summary>The name of a recording that was given none: the program or the process, and the time.</summary>
    /// <param name="program">The program's file name.</param>
    /// <param name="time">When.</param>
    /// <param name="extension">With the dot.</param>
    public static string Default(string program, DateTimeOffset time, string extension)
    {
        var safe = string.Concat(Path.GetFileName(program).Select(static character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_' ? character : '_'));
        return $"{(safe.Length > 0 ? safe : "recording")}-{Format(time)}{extension}";
    }

    static string Value(string pattern, char letter, int pid, DateTimeOffset time, int number) => letter switch
    {
        'p' => pid.ToString(CultureInfo.InvariantCulture),
        't' => Format(time),
        'n' => number.ToString(CultureInfo.InvariantCulture),
        '%' => "%",
        _ => throw Unknown(pattern, letter.ToString()),
    };

    static string Format(DateTimeOffset time) => time.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);

    static UsageException Unknown(string pattern, string letter) =>
        new($"output '{pattern}': '%{letter}' is none of %p (process), %t (time), %n (number of the file) and %% (a percent sign)");
}
