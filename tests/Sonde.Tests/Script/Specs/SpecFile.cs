using System.Globalization;
using System.Text;

namespace Sonde.Tests.Script.Specs;

/// <summary>Reads a file of specs: <c>field: value</c> lines, or <c>field:</c> and lines that are indented by four spaces.</summary>
static class SpecFile
{
    const string Indent = "    ";

    /// <summary>All specs below a directory, by file name.</summary>
    public static IEnumerable<Spec> ReadAll(string directory) =>
        Directory.EnumerateFiles(directory, "*.spec").Order(StringComparer.Ordinal)
            .SelectMany(file => Read(Path.GetFileName(file), File.ReadAllLines(file)));

    /// <summary>The specs of one file. A <see cref="FormatException"/> names the line that is wrong.</summary>
    public static IEnumerable<Spec> Read(string file, IReadOnlyList<string> lines)
    {
        var seen = new Dictionary<string, int>();
        Spec? current = null;
        foreach (Field field in Fields(file, lines))
        {
            if (field.Name != "feature")
            {
                current = With(current ?? throw field.Wrong("stands before any feature"), field);
                continue;
            }
            if (current is not null)
            {
                yield return Named(current, seen);
            }
            current = new Spec(file, field.Line, field.Value);
        }
        if (current is not null)
        {
            yield return Named(current, seen);
        }
    }

    // What two specs of a file have in common is told apart by a number.
    static Spec Named(Spec spec, Dictionary<string, int> seen)
    {
        string name = spec.Case is null ? spec.Feature : $"{spec.Feature}: {spec.Case}";
        int count = seen[name] = seen.GetValueOrDefault(name) + 1;
        return Checked(spec with { Name = count == 1 ? name : $"{name} #{count}" });
    }

    static Spec Checked(Spec spec) =>
        spec.Expect is null && spec.ExpectExactly is null && spec.ExpectStderr is null && spec.Match.Count == 0 && spec.MatchStderr.Count == 0
            ? throw new FormatException($"{spec}: expects nothing")
            : spec;

    static Spec With(Spec spec, Field field) => field.Name switch
    {
        "case" => spec with { Case = field.Value },
        "program" => spec with { Program = field.Value },
        "script" => spec with { Script = field.Value + "\n" },
        ['f', 'i', 'l', 'e', ' ', .. string name] => spec with { Files = new Dictionary<string, string>(spec.Files) { [name] = field.Value + "\n" } },
        "options" => spec with { Options = Words(field) },
        "arguments" => spec with { Arguments = Words(field) },
        "environment" => spec with { Environment = Words(field) },
        "child" => spec with { Child = field.Value },
        "beside" => spec with { Beside = field.Value },
        "stdin" => spec with { Stdin = field.Value + "\n" },
        "interrupt" => spec with { Interrupt = field.Value },
        "expect" => spec with { Expect = field.Value },
        "expect-exactly" => spec with { ExpectExactly = field.Value },
        "expect-stderr" => spec with { ExpectStderr = field.Value },
        "match" => spec with { Match = field.Value.Split('\n') },
        "match-stderr" => spec with { MatchStderr = field.Value.Split('\n') },
        "absent" => spec with { Absent = field.Value.Split('\n') },
        "exit" => spec with { Exit = int.Parse(field.Value, CultureInfo.InvariantCulture) },
        "masks" => spec with { Masked = Words(field) },
        "order" when field.Value == "any" => spec with { AnyOrder = true },
        "needs" => spec with { Needs = Words(field) },
        "differs" => spec with { Differs = field.Value },
        _ => throw field.Wrong("is no field"),
    };

    static IEnumerable<Field> Fields(string file, IReadOnlyList<string> lines)
    {
        int at = 0;
        while (at < lines.Count)
        {
            string line = lines[at++];
            if (line.Length == 0 || line.StartsWith('#'))
            {
                continue;
            }
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || char.IsWhiteSpace(line[0]))
            {
                throw new FormatException($"{file}:{at}: neither a field nor part of one: {line}");
            }
            int first = at;
            string value = line[(colon + 1)..].Trim();
            if (value.Length == 0)
            {
                value = Block(lines, ref at);
            }
            yield return new Field(file, first, line[..colon], value);
        }
    }

    // Empty lines belong to the block when an indented line follows.
    static string Block(IReadOnlyList<string> lines, ref int at)
    {
        int end = at;
        for (int next = at; next < lines.Count && (lines[next].Length == 0 || lines[next].StartsWith(Indent, StringComparison.Ordinal)); next++)
        {
            end = lines[next].Length == 0 ? end : next + 1;
        }
        string text = string.Join('\n', lines.Skip(at).Take(end - at).Select(line => line.Length == 0 ? line : line[Indent.Length..]));
        at = end;
        return text;
    }

    // Words as a shell splits them, with single and double quotes.
    static List<string> Words(Field field)
    {
        List<string> words = [];
        StringBuilder? word = null;
        char quote = '\0';
        foreach (char c in field.Value.Append(' '))
        {
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (word is not null)
                {
                    words.Add(word.ToString());
                }
                word = null;
            }
            else if (c == quote || (quote == '\0' && c is '"' or '\''))
            {
                quote = quote == '\0' ? c : '\0';
                word ??= new StringBuilder();
            }
            else
            {
                (word ??= new StringBuilder()).Append(c);
            }
        }
        return quote == '\0' ? words : throw field.Wrong("has a quote that does not end");
    }

    readonly record struct Field(string File, int Line, string Name, string Value)
    {
        public FormatException Wrong(string what) => new($"{File}:{Line}: '{Name}' {what}");
    }
}
