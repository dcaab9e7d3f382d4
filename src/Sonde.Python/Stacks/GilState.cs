namespace Sonde.Python.Stacks;

/// <summary>The state of a global interpreter lock.</summary>
/// <param name="Holder">The thread state that holds it; 0 when none does or that cannot be told.</param>
/// <param name="DropRequested">Whether a waiting thread has asked the holder to let go.</param>
/// <param name="WaitStart">The first address that threads waiting for the lock sleep on (futex); 0 when unknown.</param>
/// <param name="WaitEnd">The end of those addresses.</param>
public readonly record struct GilState(ulong Holder, bool DropRequested, ulong WaitStart, ulong WaitEnd)
{
    /// <summary>Whether a thread that sleeps on this address waits for the lock.</summary>
    public bool IsWaitedForAt(ulong address) => address >= WaitStart && address < WaitEnd;
}
