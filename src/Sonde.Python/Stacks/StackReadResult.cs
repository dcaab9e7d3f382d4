namespace Sonde.Python.Stacks;

/// <summary>What became of an attempt to read a thread's stack.</summary>
public enum StackReadResult
{
    /// <summary>The frames are those of one moment.</summary>
    Verified,

    /// <summary>The thread went on all the time while it was looked at; there are no frames, because no stack of one moment was seen.</summary>
    Changed,

    /// <summary>Its memory cannot be read, or does not hold what it should: the thread or the process has ended.</summary>
    Unreadable,

    /// <summary>It runs no Python code at this moment: it starts, ends, or was only made known to the interpreter by C code.</summary>
    NoFrames,
}
