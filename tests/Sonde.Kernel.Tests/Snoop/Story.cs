using System.Text.Json;
using System.Text.RegularExpressions;

namespace Sonde.Kernel.Tests.Snoop;

/// <summary>One event, as the reference of snooped.py and Sonde both tell it.</summary>
/// <param name="Flow">What happened where: "line leaf 54".</param>
/// <param name="Changes">Name and value of what has changed, "+" before what is new.</param>
/// <param name="Value">What was returned or raised.</param>
sealed record StoryEvent(string Flow, IReadOnlyList<(string Name, string Value)> Changes, string? Value);

/// <summary>How far a story agrees with the truth, in events or values that do of all there are.</summary>
sealed record StoryScore(int Flow, int FlowOf, int Variables, int VariablesOf, int Values, int ValuesOf, string FirstDifference)
{
    public override string ToString() => $"flow {Flow}/{FlowOf}, variables {Variables}/{VariablesOf}, values {Values}/{ValuesOf}";
}

/// <summary>Stories, thread by thread.</summary>
static partial class Story
{
    static readonly string[] _notTold = ["attempt", "run"];

    /// <summary>What sys.settrace has told (snooped.py reference), without its last line.</summary>
    public static Dictionary<string, List<StoryEvent>> OfReference(IEnumerable<JsonElement> events) => ByThread(events.Select(told => (
        told.GetProperty("thread").GetString()!,
        told.GetProperty("function").GetString()!,
        told.GetProperty("kind").GetString()!,
        told.GetProperty("line").GetInt32(),
        told.GetProperty("changes").EnumerateArray().Select(change => (change[0].GetString() + change[1].GetString(), change[2].GetString()!)).ToList(),
        told.GetProperty("value").GetString())));

    /// <summary>What <c>sonde snoop --json</c> has told.</summary>
    public static Dictionary<string, List<StoryEvent>> OfSonde(IEnumerable<JsonElement> events) => ByThread(events.Select(told => (
        told.GetProperty("thread_name").GetString()!,
        told.GetProperty("function").GetString()!.Split('.')[^1],
        told.GetProperty("event").GetString() is "return" or "yield" ? "leave" : told.GetProperty("event").GetString()!,
        told.GetProperty("line").GetInt32(),
        told.TryGetProperty("variables", out JsonElement variables)
            ? variables.EnumerateArray().Select(change => ((change.GetProperty("new").GetBoolean() ? "+" : "~") + change.GetProperty("name").GetString(), change.GetProperty("value").GetString()!)).ToList()
            : [],
        told.TryGetProperty("value", out JsonElement value) || told.TryGetProperty("exception", out value) ? value.GetString() : null)));

    public static StoryScore Compare(Dictionary<string, List<StoryEvent>> truth, Dictionary<string, List<StoryEvent>> told)
    {
        int flow = 0, flowOf = 0, variables = 0, variablesOf = 0, values = 0, valuesOf = 0;
        string first = "";
        foreach (string thread in truth.Keys.Union(told.Keys))
        {
            List<StoryEvent> expected = truth.GetValueOrDefault(thread, []), actual = told.GetValueOrDefault(thread, []);
            flowOf += Math.Max(expected.Count, actual.Count);
            foreach ((StoryEvent right, StoryEvent seen) in expected.Zip(actual))
            {
                flow += right.Flow == seen.Flow ? 1 : 0;
                variablesOf++;
                variables += right.Changes.Select(change => change.Name).SequenceEqual(seen.Changes.Select(change => change.Name)) ? 1 : 0;
                valuesOf += right.Changes.Count + 1;
                values += right.Changes.Count(change => seen.Changes.Contains(change)) + (right.Value == seen.Value ? 1 : 0);
                if (first.Length == 0 && (right.Flow != seen.Flow || !right.Changes.SequenceEqual(seen.Changes) || right.Value != seen.Value))
                {
                    first = $"{thread}: {Show(right)} is told as {Show(seen)}";
                }
            }
        }

        return new StoryScore(flow, flowOf, variables, variablesOf, values, valuesOf, first);
    }

    static string Show(StoryEvent shown) => $"[{shown.Flow}; {string.Join(", ", shown.Changes.Select(change => $"{change.Name}={change.Value}"))}; {shown.Value}]";

    static Dictionary<string, List<StoryEvent>> ByThread(IEnumerable<(string Thread, string Function, string Kind, int Line, List<(string Name, string Value)> Changes, string? Value)> events) => events
        .Where(told => !_notTold.Contains(told.Function))
        .GroupBy(told => told.Thread)
        .ToDictionary(thread => thread.Key, thread => thread
            .Select(told => new StoryEvent($"{told.Kind} {told.Function} {told.Line}", [.. told.Changes.Select(change => (change.Name, Plain(change.Value)))], told.Value is null ? null : Plain(told.Value)))
            .ToList());

    // The one documented difference (docs/values.md): objects that show themselves by code of their own are shown by their class.
    static string Plain(string value) => Future().Replace(Address().Replace(value, "0x"), "<a future>");

    [GeneratedRegex("0x[0-9a-f]*")]
    private static partial Regex Address();

    [GeneratedRegex("<_GatheringFuture pending.*>|<asyncio.tasks._GatheringFuture object at 0x>")]
    private static partial Regex Future();
}
