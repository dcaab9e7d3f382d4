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

    /// <summary>More remarks than anybody reads; what follows is counted.</summary>
    const int MostRemarks = 100;

    int _remarks;

    /// <summary>What was found out of the program and is worth saying.</summary>
    public Queue<string> Remarks { get; } = [];

    /// <summary>How many remarks there were that are not among <see cref="Remarks"/>.</summary>
    public long Unsaid { get; private set; }

    /// <summary>Records that could not be understood.</summary>
    public long Damaged { get; private set; }

    /// <summary>Takes a record; it comes from the process and may be anything.</summary>
    public void Read(ReadOnlyMemory<byte> record, IPointOutput output)
    {
        PointHit? hit = null;
        PointState? counted = null;
        try
        {
            using var parsed = JsonDocument.Parse(record);
            var root = parsed.RootElement;
            switch (root.GetProperty("e").GetString())
            {
                case "hit":
                    hit = PointHit.Read(root);
                    break;
                case "off":
                    State = PointState.Read(root);
                    Ended = root.GetProperty("why").GetString();
                    break;
                case "foreign":
                    Remark($"thread {root.GetProperty("thread").GetInt64()} is traced by somebody else ({Escape.Text(root.GetProperty("by").GetString() ?? "?", 200)}), who is left alone: nothing is told of it");
                    break;
                case "elsewhere":
                    Remark($"{root.GetProperty("count").GetInt64()} calls that run already in other threads are not told: before Python 3.12 that is only possible in the main thread");
                    break;
                case "defines":
                    Remark($"on line {root.GetProperty("line").GetInt64()} {Escape.Text(root.GetProperty("name").GetString() ?? "?", 200)} is defined, and it does not run when that is called: the first line that does is {root.GetProperty("first").GetInt64()}");
                    break;
                case "passed":
                    Remark($"line {root.GetProperty("line").GetInt64()} is in no function, and what it is in has gone past it: it runs again only in a loop");
                    break;
                case "end":
                    TakeEnd(root);
                    break;
                case "state":
                    State = counted = PointState.Read(root);
                    break;
            }
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or IndexOutOfRangeException)
        {
            Damaged++;
            return;
        }

        // What goes wrong from here on is none of the program's doing.
        if (hit is not null)
        {
            output.Hit(hit);
        }
        else if (counted is { } state)
        {
            output.Count(kind, state);
        }
    }

    void Remark(string text)
    {
        if (_remarks < MostRemarks)
        {
            _remarks++;
            Remarks.Enqueue(text);
        }
        else
        {
            Unsaid++;
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
            Remark($"the agent in the process made {failed} mistakes, which the program has not seen: {Escape.Text(end.GetProperty("failure").GetString() ?? "?", 200)}; please report it");
        }

        if (end.GetProperty("untold").GetInt64() is > 0 and var untold)
        {
            Remark($"{untold} generators that waited were forgotten, for there were too many; what they did after that may not be told");
        }

        if (end.GetProperty("reason").GetString() is { } reason && reason != "removed")
        {
            Ended ??= reason;
        }
    }
}
