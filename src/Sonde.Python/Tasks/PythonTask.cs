using Sonde.Python.Stacks;

namespace Sonde.Python.Tasks;

/// <summary>What a task does.</summary>
public enum TaskState
{
    /// <summary>It could not be told.</summary>
    Unknown,

    /// <summary>Its coroutine runs; the thread that runs it has the rest of the stack.</summary>
    Running,

    /// <summary>It waits for its turn in the event loop.</summary>
    Ready,

    /// <summary>It waits for a future or another task.</summary>
    Waiting,
}

/// <summary>An asyncio task that has not ended. Names are as the target has them: whoever shows them escapes them.</summary>
public sealed record PythonTask
{
    /// <summary>The task object.</summary>
    public required ulong Address { get; init; }

    /// <summary>Its name; null before 3.8, where tasks have none.</summary>
    public string? Name { get; init; }

    /// <summary>What it does.</summary>
    public TaskState State { get; init; }

    /// <summary>Its chain of coroutines, the innermost, which waits, first.</summary>
    public IReadOnlyList<(RawFrame Raw, CodeObject Code)> Frames { get; init; } = [];

    /// <summary>The tasks it waits for, by address.</summary>
    public IReadOnlyList<ulong> Awaits { get; init; } = [];

    /// <summary>The type of what its innermost coroutine waits for; null when it waits for nothing or that cannot be told.</summary>
    public string? WaitsFor { get; init; }
}
