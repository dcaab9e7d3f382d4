using System.Text.Json;
using Sonde.Python.Values;

namespace Sonde.Engine.Snoop;

/// <summary>What is told of which functions.</summary>
public sealed record SnoopOptions
{
    /// <summary>The functions; one at least.</summary>
    public IReadOnlyList<FunctionPlace> Functions { get; init; } = [];

    /// <summary>How many levels of calls: 1 is the functions themselves, 2 also what they call, and so on.</summary>
    public int Depth { get; init; } = 1;

    /// <summary>Expressions to follow the value of.</summary>
    public IReadOnlyList<WatchExpression> Watch { get; init; } = [];

    /// <summary>Expressions to follow the parts of: attributes, entries, items.</summary>
    public IReadOnlyList<WatchExpression> Explode { get; init; } = [];

    /// <summary>The longest value, in characters; what is longer is shown by its two ends. 0 for whole values, as far as <see cref="LongestValue"/>.</summary>
    public int MaximumLength { get; init; } = 100;

    /// <summary>After that many calls it ends; 0 for no end.</summary>
    public int Count { get; init; }

    /// <summary>How many objects deep those without a form of their own are shown with their attributes.</summary>
    public int Fields { get; init; }

    /// <summary>Whether the program's own <c>__repr__</c> is run for its objects.</summary>
    public bool CallsRepr { get; init; }

    /// <summary>What is not shown; null to show everything.</summary>
    public Redaction? Redaction { get; init; } = Redaction.Default;

    /// <summary>Whether functions that are loaded later are told about too, as in a program that has just begun.</summary>
    public bool AwaitsFunctions { get; init; }

    /// <summary>The longest value that is made into text at all, in characters: changes beyond are not seen.</summary>
    public const int LongestValue = 4096;

    /// <summary>The most items of one container that are looked at: changes beyond are seen by their number only.</summary>
    public const int MostItems = 1000;

    const int DeepestContainer = 10;

    /// <summary>The agent's settings (Injection/Agent/snoop.py).</summary>
    public JsonElement ToSettings()
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            json.WriteStartArray("functions");
            foreach (var place in Functions)
            {
                Write(json, place);
            }

            json.WriteEndArray();
            Write(json, "watch", Watch);
            Write(json, "explode", Explode);
            json.WriteNumber("levels", Depth);
            json.WriteNumber("count", Count);
            json.WriteNumber("length", MaximumLength);
            json.WriteBoolean("later", AwaitsFunctions);
            json.WriteStartObject("limits");
            json.WriteNumber("items", MostItems);
            json.WriteNumber("depth", DeepestContainer);
            json.WriteNumber("fields", Fields);
            json.WriteNumber("characters", LongestValue);
            json.WriteBoolean("repr", CallsRepr);
            json.WriteEndObject();
            json.WriteStartArray("words");
            foreach (var word in Redaction?.Words ?? [])
            {
                json.WriteStringValue(word);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        using var document = JsonDocument.Parse(text.ToArray());
        return document.RootElement.Clone();
    }

    static void Write(Utf8JsonWriter json, FunctionPlace place)
    {
        json.WriteStartObject();
        if (place.Name is not null)
        {
            json.WriteString("name", place.Name);
        }

        if (place.File is not null)
        {
            json.WriteString("file", place.File);
        }

        if (place.First > 0)
        {
            json.WriteNumber("first", place.First);
            json.WriteNumber("last", place.Last);
            json.WriteBoolean("range", place.IsRange);
        }

        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, string name, IReadOnlyList<WatchExpression> expressions)
    {
        json.WriteStartArray(name);
        foreach (var expression in expressions)
        {
            json.WriteStartObject();
            json.WriteString("text", expression.Text);
            json.WriteStartArray("steps");
            foreach (var step in expression.Steps)
            {
                json.WriteStartArray();
                json.WriteStringValue(step.Kind);
                if (step.Kind == "index")
                {
                    json.WriteNumberValue(step.Index);
                }
                else
                {
                    json.WriteStringValue(step.Text);
                }

                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
