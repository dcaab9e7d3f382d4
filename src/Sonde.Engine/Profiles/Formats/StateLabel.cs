namespace Sonde.Engine.Profiles.Formats;

/// <summary>What a thread does as one text, <c>waiting for io</c> or <c>running (gil)</c>, and back.</summary>
static class StateLabel
{
    const string Gil = " (gil)";

    public static string Of(ThreadState state, bool holdsGil) => JsonLinesFormat.States[(int)state] + (holdsGil ? Gil : "");

    public static bool TryParse(string text, out ThreadState state, out bool holdsGil)
    {
        holdsGil = text.EndsWith(Gil, StringComparison.Ordinal);
        int index = Array.IndexOf(JsonLinesFormat.States, holdsGil ? text[..^Gil.Length] : text);
        state = index < 0 ? ThreadState.Unknown : (ThreadState)index;
        return index >= 0;
    }
}
