using Sonde.Linux;

namespace Sonde.Engine.Stacks;

/// <summary>Whether a thread was blocked in one system call all the time from a first look to a second one.</summary>
/// <remarks>One that waits for a page of memory instead may be anywhere, also where its frames contradict each other; and without the kernel's count of its turns nothing is known.</remarks>
sealed class ThreadSleep(ThreadFiles files)
{
    bool _isBlocked;
    ulong _turns;

    /// <summary>Looks first.</summary>
    public void Begin()
    {
        // The count before the call: who runs in between blocks anew, and is counted only when it runs again.
        _isBlocked = files.TryReadTurns(out var turns) && turns.Turns != 0 && files.TryReadCall(out var call) && !call.IsRunning && call.Number >= 0;
        _turns = turns.Turns;
    }

    /// <summary>Looks again.</summary>
    public bool HasLasted() => _isBlocked && files.TryReadTurns(out var turns) && turns.Turns == _turns;
}
