using System.Globalization;

namespace Sonde.Engine.Snoop;

/// <summary>One step from a value to one that it holds.</summary>
/// <param name="Kind">"name" (of a variable), "attribute", "key" (a string) or "index" (an integer, negative from the end).</param>
/// <param name="Text">What the name, attribute or key is called.</param>
/// <param name="Index">The index; it is a key where the value is a dictionary.</param>
public readonly record struct WatchStep(string Kind, string Text, long Index);

/// <summary>An expression to follow the value of: a name, then attributes, keys and indices, such as <c>self.items[0]["id"]</c>.</summary>
/// <param name="Text">As the user wrote it.</param>
/// <param name="Steps">Its parts; the first is a name.</param>
/// <remarks>No property and no <c>__getitem__</c> is run for it: it is looked up in what the objects hold.</remarks>
public sealed record WatchExpression(string Text, IReadOnlyList<WatchStep> Steps)
{
    /// <summary>Reads an expression.</summary>
    /// <exception cref="UsageException">It has other parts.</exception>
    public static WatchExpression Parse(string text)
    {
        var steps = new List<WatchStep>();
        var at = 0;
        steps.Add(new WatchStep("name", ReadName(text, ref at), 0));
        while (at < text.Length)
        {
            if (text[at] == '.')
            {
                at++;
                steps.Add(new WatchStep("attribute", ReadName(text, ref at), 0));
            }
            else
            {
                steps.Add(ReadKey(text, ref at));
            }
        }

        return new WatchExpression(text, steps);
    }

    static string ReadName(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && (char.IsLetterOrDigit(text[at]) || text[at] == '_' || char.IsSurrogate(text[at])) && (at > start || !char.IsAsciiDigit(text[at])))
        {
            at++;
        }

        return at > start ? text[start..at] : throw Wrong(text, start);
    }

    static WatchStep ReadKey(string text, ref int at)
    {
        var start = at;
        if (text[at++] != '[' || at >= text.Length)
        {
            throw Wrong(text, start);
        }

        WatchStep step;
        if (text[at] is '\'' or '"')
        {
            var end = text.IndexOf(text[at], at + 1);
            if (end < 0)
            {
                throw Wrong(text, at);
            }

            step = new WatchStep("key", text[(at + 1)..end], 0);
            at = end + 1;
        }
        else
        {
            var end = text.IndexOf(']', at);
            if (end < 0 || !long.TryParse(text.AsSpan(at, end - at), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index))
            {
                throw Wrong(text, at);
            }

            step = new WatchStep("index", "", index);
            at = end;
        }

        if (at >= text.Length || text[at++] != ']')
        {
            throw Wrong(text, at - 1);
        }

        return step;
    }

    static UsageException Wrong(string text, int at) =>
        new($"snoop: '{text}' cannot be watched: at character {at + 1} a name, '.attribute', '[index]' or '[\"key\"]' is expected; nothing is called or computed in the program");
}
