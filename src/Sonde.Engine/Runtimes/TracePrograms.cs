using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Sonde.Engine.Runtimes;

/// <summary>The program of <c>trace</c>: a line for each hit of a probe, in the spelling of BCC's <c>trace</c>: <c>'p:libc:open (arg2 &gt; 0) "%s", arg1'</c>.</summary>
static partial class TracePrograms
{
    /// <summary>Writes it.</summary>
    /// <param name="specifications">Probes, each with a filter and a format if wanted.</param>
    /// <param name="most">End after so many lines; null for never.</param>
    /// <param name="duration">End after this time; null for never.</param>
    /// <param name="kernelStack">The kernel's frames below each line.</param>
    /// <param name="userStack">The frames of machine code below each line.</param>
    /// <param name="pythonStack">The frames of Python below each line.</param>
    /// <exception cref="UserErrorException">One cannot be read.</exception>
    public static VerbProgram Write(IReadOnlyList<string> specifications, int? most, TimeSpan? duration, bool kernelStack, bool userStack, bool pythonStack)
    {
        var text = new ProgramText().Add("begin", "printf(\"%-15s %-7s %-7s %-15s %-16s %s\\n\", \"TIME\", \"PID\", \"TID\", \"COMM\", \"FUNC\", \"-\");");
        var stacks = new StringBuilder();
        foreach (var (wanted, name) in new[] { (kernelStack, "kstack"), (userStack, "ustack"), (pythonStack, "pystack") })
        {
            stacks.Append(wanted ? $" printf(\"%s\\n\", {name});" : "");
        }

        var stop = most is { } count ? string.Create(CultureInfo.InvariantCulture, $" @lines++; if (@lines >= {count}) {{ exit(); }}") : "";
        foreach (var specification in specifications)
        {
            var (probe, filter, format, arguments) = Split(specification);
            var spelling = ProbeSpelling.Parse(probe);
            Func<string, string> translate = spelling.IsBcc ? Translate : static expression => expression;
            var values = Arguments(format, arguments, translate, specification, spelling);
            var name = probe.Split(':')[^1].Replace("\"", "", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal);
            var function = spelling.IsPython ? "pyfunc" : ProgramText.Quoted(name);
            text.Add(spelling.Entry, $"printf(\"%-15s %-7d %-7d %-15s %-16s {Pointers().Replace(format, "%s")}\\n\", strftime(\"%H:%M:%S.%f\", nsecs), pid, tid, comm, {function}{string.Concat(values.Select(static value => ", " + value))});{stacks}{stop}",
                filter is null ? null : translate(filter));
        }

        string[] others = most is null ? [] : ["@lines"];
        return new VerbProgram(text.Report(new ReportTimes(null, null, duration), [], others).ToString(), null, []);
    }

    /// <summary>Parts a specification: a probe, a filter in parentheses, a format in quotes with arguments behind it.</summary>
    static (string Probe, string? Filter, string Format, List<string> Arguments) Split(string specification)
    {
        var text = specification.Trim();
        var end = 0;
        while (end < text.Length && !char.IsWhiteSpace(text[end]) && text[end] != '(')
        {
            end++;
        }

        var probe = text[..end];
        // BCC lets a signature stand behind the name; what it declares is known here without.
        if (end < text.Length && text[end] == '(')
        {
            end = Closing(text, end, specification) + 1;
        }

        text = text[end..].TrimStart();
        string? filter = null;
        if (text.StartsWith('('))
        {
            var close = Closing(text, 0, specification);
            filter = text[1..close];
            text = text[(close + 1)..].TrimStart();
        }

        if (text.Length == 0)
        {
            return (probe, filter, "", []);
        }

        var quote = text.StartsWith('"') ? text.IndexOf('"', 1) : -1;
        while (quote > 0 && text[quote - 1] == '\\')
        {
            quote = text.IndexOf('"', quote + 1);
        }

        if (quote < 0)
        {
            throw Wrong(specification, $"behind the probe stands '{text}'; a filter is in parentheses and a format in double quotes");
        }

        var rest = text[(quote + 1)..].Trim();
        if (rest.Length > 0 && rest[0] != ',')
        {
            throw Wrong(specification, $"behind the format stands '{rest}'; arguments follow a comma");
        }

        return (probe, filter, text[1..quote], rest.Length == 0 ? [] : [.. Comma(rest[1..])]);
    }

    /// <summary>The arguments, each as its conversion wants it.</summary>
    static List<string> Arguments(string format, List<string> arguments, Func<string, string> translate, string specification, ProbeSpelling spelling)
    {
        var conversions = Conversion().Matches(format).Where(static match => match.Value != "%%").Select(static match => match.Groups["kind"].Value).ToList();
        if (conversions.Count != arguments.Count)
        {
            throw Wrong(specification, $"the format has {conversions.Count} conversions, and there are {arguments.Count} arguments");
        }

        return [.. arguments.Select((argument, i) => (conversions[i], translate(argument.Trim())) switch
        {
            ("s", var value) when spelling.IsBcc && Raw().IsMatch(value) => $"str({value})",
            ("K", var value) => $"ksym({value})",
            ("U", var value) => $"usym({value})",
            (_, var value) => value,
        })];
    }

    /// <summary>BCC's names: arguments count from 1, and what the thread is has a dollar sign.</summary>
    static string Translate(string expression)
    {
        var text = Compare().Replace(expression, static match => $"str({match.Groups["value"].Value.Trim()}) == {match.Groups["text"].Value}");
        text = Argument().Replace(text, static match => string.Create(CultureInfo.InvariantCulture, $"arg{int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) - 1}"));
        return text.Replace("$tgid", "pid", StringComparison.Ordinal).Replace("$pid", "tid", StringComparison.Ordinal).Replace("$uid", "uid", StringComparison.Ordinal)
            .Replace("$gid", "gid", StringComparison.Ordinal).Replace("$cpu", "cpu", StringComparison.Ordinal).Replace("$comm", "comm", StringComparison.Ordinal);
    }

    static int Closing(string text, int open, string specification)
    {
        var depth = 0;
        var isQuoted = false;
        for (var i = open; i < text.Length; i++)
        {
            isQuoted ^= text[i] == '"';
            depth += isQuoted ? 0 : text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
            if (depth == 0 && !isQuoted)
            {
                return i;
            }
        }

        throw Wrong(specification, "a parenthesis is not closed");
    }

    /// <summary>Parts at commas that stand in no parentheses and no quotes.</summary>
    static IEnumerable<string> Comma(string text)
    {
        var (start, depth, isQuoted) = (0, 0, false);
        for (var i = 0; i < text.Length; i++)
        {
            isQuoted ^= text[i] == '"';
            depth += isQuoted ? 0 : text[i] is '(' or '[' ? 1 : text[i] is ')' or ']' ? -1 : 0;
            if (text[i] == ',' && depth == 0 && !isQuoted)
            {
                yield return text[start..i];
                start = i + 1;
            }
        }

        yield return text[start..];
    }

    static UserErrorException Wrong(string specification, string what) => new($"trace '{specification}': {what}; for example 'p:libc:open (arg2 > 0) \"%s\", arg1'");

    [GeneratedRegex(@"%(%|[-+ 0#]*[0-9]*(\.[0-9]+)?(?:hh|h|ll|l)?(?<kind>[a-zA-Z]))")]
    private static partial Regex Conversion();

    [GeneratedRegex("%[KU]")]
    private static partial Regex Pointers();

    [GeneratedRegex(@"\barg(?<number>[1-9][0-9]?)\b")]
    private static partial Regex Argument();

    [GeneratedRegex(@"^(arg[0-9]+|retval|args(\.|->)\w+)$")]
    private static partial Regex Raw();

    [GeneratedRegex(@"STRCMP\((?<text>""[^""]*""),(?<value>[^)]*)\)")]
    private static partial Regex Compare();
}
