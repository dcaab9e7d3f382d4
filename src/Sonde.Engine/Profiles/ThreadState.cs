namespace Sonde.Engine.Profiles;

/// <summary>What a thread was doing at the moment it was looked at.</summary>
public enum ThreadState : byte
{
    /// <summary>It could not be told.</summary>
    Unknown,

    /// <summary>On a processor.</summary>
    Running,

    /// <summary>Ready, waiting for a processor.</summary>
    Runnable,

    /// <summary>Asleep by its own wish: a timer, a wait for a child, a signal.</summary>
    Sleeping,

    /// <summary>Waiting for the global interpreter lock.</summary>
    WaitingForGil,

    /// <summary>Waiting for a lock other than the interpreter's.</summary>
    WaitingForLock,

    /// <summary>Waiting for a file, a socket, a pipe or a device.</summary>
    WaitingForIo,

    /// <summary>Stopped by a signal or a debugger.</summary>
    Stopped,
}
