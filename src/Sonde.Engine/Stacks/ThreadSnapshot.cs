using Sonde.Python.Stacks;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Stacks;

/// <summary>A thread of a Python process at one moment. Names are as the target has them: whoever shows them escapes them.</summary>
public sealed record ThreadSnapshot
{
    /// <summary>The thread as the interpreter knows it that it began in.</summary>
    public required ThreadRecord Record { get; init; }

    /// <summary>The thread as each interpreter knows it that it runs in, the oldest interpreter first.</summary>
    public IReadOnlyList<ThreadRecord> States { get => field.Count > 0 ? field : [Record]; init; } = [];

    /// <summary>Which of its frames run in which interpreter, the innermost part first: several where code of one interpreter has called into another.</summary>
    public IReadOnlyList<StackPart> Parts { get; init; } = [];

    /// <summary>The kernel's number of it, as seen from here; 0 when it cannot be told.</summary>
    public int Tid { get; init; }

    /// <summary>Its name in Python, else its name in the kernel; null when it has neither.</summary>
    public string? Name { get; init; }

    /// <summary>What it was doing.</summary>
    public ThreadState State { get; init; }

    /// <summary>What it waits in: the system call's name ("futex", "read"); null when it waits for nothing or that cannot be told.</summary>
    public string? Waiting { get; init; }

    /// <summary>Whether it holds its interpreter's lock.</summary>
    public bool HoldsGil { get; init; }

    /// <summary>Whether it waits for its interpreter's lock.</summary>
    public bool WaitsForGil { get; init; }

    /// <summary>Whether it holds the lock and was asked to let go of it.</summary>
    public bool AskedToDropGil { get; init; }

    /// <summary>Whether it runs the garbage collector.</summary>
    public bool CollectsGarbage { get; init; }

    /// <summary>The type of the exception it raises or handles; null when it does neither.</summary>
    public string? Exception { get; init; }

    /// <summary>The stack, innermost first; empty with a <see cref="Problem"/>, and where no Python code runs.</summary>
    public IReadOnlyList<StackFrame> Frames { get; init; } = [];

    /// <summary>Why there are no frames though there should be; null when there is no such reason.</summary>
    public string? Problem { get; init; }
}
