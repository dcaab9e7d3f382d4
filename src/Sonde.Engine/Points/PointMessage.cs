using System.Text;
using System.Text.Json.Nodes;

namespace Sonde.Engine.Points;

/// <summary>Reads the messages of log points: text with expressions in braces, as in Python's f-strings.</summary>
static class PointMessage
{
    /// <summary>The parts of a message: texts, and the trees of expressions.</summary>
    /// <exception cref="UsageException">Braces do not match, or an expression is none that is allowed.</exception>
    public static JsonArray Parse(string message)
    {
        var parts = new JsonArray();
        var text = new StringBuilder();
        for (var at = 0; at < message.Length; at++)
        {
            var character = message[at];
            if (character is '{' or '}' && at + 1 < message.Length && message[at + 1] == character)
            {
                text.Append(character);
                at++;
            }
            else if (character == '}')
            {
                throw new UsageException($"the message '{message}': a '}}' without its '{{'; as text it is written '}}}}'");
            }
            else if (character == '{')
            {
                var end = EndOf(message, at + 1);
                if (text.Length > 0)
                {
                    parts.Add((JsonNode)text.ToString());
                    text.Clear();
                }

                parts.Add((JsonNode)PointExpression.Parse(message[(at + 1)..end], "the expression"));
                at = end;
            }
            else
            {
                text.Append(character);
            }
        }

        if (text.Length > 0)
        {
            parts.Add((JsonNode)text.ToString());
        }

        return parts;
    }

    static int EndOf(string message, int start)
    {
        char? quote = null;
        for (var at = start; at < message.Length; at++)
        {
            if (quote is not null && message[at] == '\\')
            {
                at++;
            }
            else if (message[at] is '"' or '\'')
            {
                quote = quote is null ? message[at] : quote == message[at] ? null : quote;
            }
            else if (quote is null && message[at] == '}')
            {
                return at;
            }
        }

        throw new UsageException($"the message '{message}': a '{{' without its '}}'; as text it is written '{{{{'");
    }
}
