namespace Sonde.Engine.Profiles;

/// <summary>What the weights of a profile are.</summary>
public enum ProfileUnit : byte
{
    /// <summary>Time.</summary>
    Nanoseconds,

    /// <summary>Memory.</summary>
    Bytes,

    /// <summary>Nothing but how often: a file that only had counts.</summary>
    Samples,
}

/// <summary>What was recorded, when and how.</summary>
public sealed record ProfileInfo
{
    /// <summary>One line that says what this is, such as the command that made it.</summary>
    public string Title { get; init; } = "";

    /// <summary>What was measured: <c>wall</c>, <c>cpu</c>, <c>off-cpu</c>, <c>memory</c>.</summary>
    public string Mode { get; init; } = "wall";

    /// <summary>What the weights are.</summary>
    public ProfileUnit Unit { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset Start { get; init; }

    /// <summary>How long it took, in nanoseconds.</summary>
    public long DurationNs { get; init; }

    /// <summary>The mean time between two samples of a thread, in nanoseconds; 0 when there was no such thing.</summary>
    public long IntervalNs { get; init; }

    /// <summary>Whether files are shown with their whole paths instead of the ends of these. It is about showing: files of profiles do not keep it.</summary>
    public bool FullFileNames { get; init; }
}

/// <summary>A process that was recorded.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="ParentPid">Its parent's.</param>
/// <param name="CommandLine">Its command line.</param>
public sealed record ProfileProcess(int Pid, int ParentPid, string CommandLine)
{
    /// <summary>Its command line, valid UTF-16.</summary>
    public string CommandLine { get; init; } = ProfileText.Of(CommandLine);
}

/// <summary>A thread that was recorded.</summary>
/// <param name="Process">The process's number in <see cref="Profile.Processes"/>.</param>
/// <param name="Tid">The kernel's number of it.</param>
/// <param name="Name">What the program calls it; empty when it does not.</param>
public sealed record ProfileThread(int Process, int Tid, string Name)
{
    /// <summary>What the program calls it, valid UTF-16; empty when it does not.</summary>
    public string Name { get; init; } = ProfileText.Of(Name);
}
