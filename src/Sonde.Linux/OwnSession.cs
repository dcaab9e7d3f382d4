namespace Sonde.Linux;

/// <summary>Takes this process out of the session of its terminal.</summary>
public static class OwnSession
{
    /// <summary>Begins a session of its own (setsid(2)), without a terminal: what is typed there, and its closing, no longer concern this process. Does nothing in a process that leads a group.</summary>
    public static void Begin() => _ = Libc.SetSession();
}
