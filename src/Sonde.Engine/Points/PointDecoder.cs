using System.Text.Json;
using Sonde.Engine.Output;

namespace Sonde.Engine.Points;

/// <summary>Understands what a point sends.</summary>
/// <param name="kind">What the point tells.</param>
sealed class PointDecoder(PointKind kind)
{
    /// <summary>How the point stands, by its last word; null when there was none yet.</summary>
    public PointState? State { get; private set; }

    /// <summary>Why the point has ended; null while it has not.</summary>
    public string? Ended { get; set; }

    /// <summary>What was found out of the program and is worth saying.</summary>
    public Queue<string> Remarks { get; } = [];

    /// <summary>Records that could not be understood.</summary>
    public long Damaged { get; private set; }

    /// <summary>Takes a record; it comes from the process and may be anything.</summary>
    public void Read(ReadOnlyMemory<byte> record, IPointOutput output)
    {
        try
        {
            using var parsed = JsonDocument.Parse(record);
            var root = parsed.RootElement;
            switch (root.GetProperty("e").GetString())
            {
                case "hit":
                    output.Hit(root);
                    break;
                case "off":
                    State = PointState.Read(root);
                    Ended = root.GetProperty("why").GetString();
                    break;
                case "foreign":
                    Remarks.Enqueue($"thread {root.GetProperty("thread").GetInt64()} is traced by somebody else ({Escape.Text(root.GetProperty("by").GetString() ?? "?", 200)}), who is left alone: nothing is told of it");
                    break;
                case "elsewhere":
                    Remarks.Enqueue($"{root.GetProperty("count").GetInt64()} calls that run already in other threads are not told: before Python 3.12 that is only possible in the main thread");
                    break;
                case "end":
                    TakeEnd(root);
                    break;
                case "state":
                    var state = PointState.Read(root);
                    State = state;
                    output.Count(kind, state);
                    break;
            }
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or IndexOutOfRangeException)
        {
            Damaged++;
        }
    }

    /// <summary>The agent's last word.</summary>
    void TakeEnd(JsonElement end)
    {
        if (State is { } state)
        {
            State = state with { Lost = Math.Max(state.Lost, end.GetProperty("dropped").GetInt64()) };
        }

        if (end.GetProperty("failed").GetInt64() is > 0 and var failed)
        {
            Remarks.Enqueue($"the agent in the process made {failed} mistakes, which the program has not seen: {Escape.Text(end.GetProperty("failure").GetString() ?? "?", 200)}; please report it");
        }

        if (end.GetProperty("untold").GetInt64() is > 0 and var untold)
        {
            Remarks.Enqueue($"{untold} generators that waited were forgotten, for there were too many; what they did after that may not be told");
        }

        if (end.GetProperty("reason").GetString() is { } reason && reason != "removed")
        {
            Ended ??= reason;
        }
    }
}
