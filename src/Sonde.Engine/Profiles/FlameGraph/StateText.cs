namespace Sonde.Engine.Profiles.FlameGraph;

/// <summary>States of threads in words.</summary>
static class StateText
{
    /// <summary>The words for a state.</summary>
    public static string Of(ThreadState state) => state switch
    {
        ThreadState.Running => "running",
        ThreadState.Runnable => "waiting for a processor",
        ThreadState.Sleeping => "sleeping",
        ThreadState.WaitingForGil => "waiting for the GIL",
        ThreadState.WaitingForLock => "waiting for a lock",
        ThreadState.WaitingForIo => "waiting for I/O",
        ThreadState.Stopped => "stopped",
        _ => "unknown",
    };
}
