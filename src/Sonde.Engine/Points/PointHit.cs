using System.Text.Json;

namespace Sonde.Engine.Points;

/// <summary>What a point tells when its line runs. The texts come from the process and may be anything.</summary>
/// <param name="TimeNs">When, in nanoseconds since 1970.</param>
/// <param name="Thread">The thread's number; 0 where the version does not tell.</param>
/// <param name="Function">The function's qualified name.</param>
/// <param name="File">Its file.</param>
/// <param name="Line">The line.</param>
public sealed record PointHit(long TimeNs, long Thread, string Function, string File, long Line)
{
    /// <summary>A log point's message; null for a snapshot.</summary>
    public string? Message { get; init; }

    /// <summary>A snapshot's arguments, by name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Arguments { get; init; }

    /// <summary>A snapshot's other variables, by name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Locals { get; init; }

    /// <summary>Why a snapshot has no variables; null where it has what there is.</summary>
    public string? Trouble { get; init; }

    /// <summary>The stack, the innermost function first; null where it was not asked for.</summary>
    public IReadOnlyList<PointFrame>? Stack { get; init; }

    internal static PointHit Read(JsonElement from) => new(
        from.GetProperty("time").GetInt64(), from.GetProperty("thread").GetInt64(), Text(from.GetProperty("function")), Text(from.GetProperty("file")), Number(from.GetProperty("line")))
    {
        Message = from.TryGetProperty("message", out var message) ? Text(message) : null,
        Arguments = from.TryGetProperty("arguments", out var arguments) ? Variables(arguments) : null,
        Locals = from.TryGetProperty("locals", out var locals) ? Variables(locals) : null,
        Trouble = from.TryGetProperty("trouble", out var trouble) ? Text(trouble) : null,
        Stack = from.TryGetProperty("stack", out var stack) ? [.. stack.EnumerateArray().Select(static frame => new PointFrame(Text(frame[0]), Text(frame[1]), Number(frame[2])))] : null,
    };

    static KeyValuePair<string, string>[] Variables(JsonElement from) => [.. from.EnumerateArray().Select(static variable => KeyValuePair.Create(Text(variable[0]), Text(variable[1])))];

    static string Text(JsonElement from) => from.GetString() ?? throw new JsonException("no text");

    /// <summary>Some instructions are on no line.</summary>
    static long Number(JsonElement from) => from.ValueKind == JsonValueKind.Null ? 0 : from.GetInt64();
}
