using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Sonde.Engine.Injection;

/// <summary>Values as Python source text, of ASCII characters only: whatever encoding a program reads its files in, it finds the same.</summary>
static class PythonText
{
    /// <summary>A string literal.</summary>
    public static string Quote(string text)
    {
        var result = new StringBuilder(text.Length + 2).Append('"');
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' or '\\' => result.Append('\\').Append((char)rune.Value),
                '\n' => result.Append("\\n"),
                >= ' ' and < 127 => result.Append((char)rune.Value),
                _ => result.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
            };
        }

        return result.Append('"').ToString();
    }

    /// <summary>A literal of what JSON calls objects, arrays, strings, numbers, true, false and null.</summary>
    public static string Literal(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(", ", value.EnumerateObject().Select(static member => $"{Quote(member.Name)}: {Literal(member.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(", ", value.EnumerateArray().Select(Literal)) + "]",
        JsonValueKind.String => Quote(value.GetString()!),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        _ => "None",
    };
}
