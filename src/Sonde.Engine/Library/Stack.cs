namespace Sonde.Tracing;

/// <summary>A place in a program.</summary>
/// <param name="Function">The function's name, in Python its qualified one; the address where it has none. As the target has it: escape it before showing it.</param>
/// <param name="File">The source file in Python, the program or library otherwise; empty when not known.</param>
/// <param name="Line">The line; 0 when not known.</param>
public readonly record struct Frame(string Function, string File, int Line)
{
    /// <summary>Function, file and line as text.</summary>
    public override string ToString() => Line > 0 ? $"{Function} ({File}:{Line})" : File.Length > 0 ? $"{Function} ({File})" : Function;
}

/// <summary>The calls that led somewhere. Two with the same frames are equal.</summary>
/// <param name="Frames">Innermost first.</param>
public sealed record Stack(IReadOnlyList<Frame> Frames)
{
    /// <summary>Whether the frames are the same.</summary>
    public bool Equals(Stack? other) => other is not null && Frames.SequenceEqual(other.Frames);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var frame in Frames)
        {
            hash.Add(frame);
        }

        return hash.ToHashCode();
    }

    /// <summary>The functions from the outermost on, with semicolons between: a line of a folded stack, as flame graphs are made of.</summary>
    public override string ToString() => string.Join(';', Frames.Reverse().Select(static frame => frame.Function));
}

/// <summary>A Python object that is no number, text or bool.</summary>
/// <param name="Type">Its type's name; as the target has it.</param>
public sealed record PythonObject(string Type);

/// <summary>What a thread ran when it was looked at.</summary>
/// <param name="Pid">Its process.</param>
/// <param name="Tid">The thread.</param>
/// <param name="Comm">Its name.</param>
/// <param name="Time">When, since the machine started.</param>
/// <param name="Python">The Python functions; none in a thread that runs no Python.</param>
/// <param name="Native">The machine code.</param>
public sealed record Sample(int Pid, int Tid, string Comm, TimeSpan Time, Stack Python, Stack Native);

/// <summary>A Python thread and where it is.</summary>
/// <param name="Tid">The kernel's number of it; 0 when it cannot be told.</param>
/// <param name="Name">Its name in Python; null when it has none.</param>
/// <param name="State">What it does: <c>Running</c>, <c>WaitingForGil</c>, …</param>
/// <param name="Waiting">The system call it waits in; null when it does not.</param>
/// <param name="Stack">Where it is.</param>
/// <param name="Problem">Why there is no stack; null when there is one.</param>
public sealed record ThreadStack(int Tid, string? Name, string State, string? Waiting, Stack Stack, string? Problem);
