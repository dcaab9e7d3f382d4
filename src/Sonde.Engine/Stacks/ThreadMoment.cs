using Sonde.Python.Stacks;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Stacks;

/// <summary>What the interpreters tell of a thread at one moment, its stack apart.</summary>
/// <param name="Gils">The locks of its interpreters.</param>
/// <param name="HoldsGil">Whether it holds one of them.</param>
/// <param name="AskedToDropGil">Whether it was asked to let go of that.</param>
/// <param name="CollectsGarbage">Whether it runs the garbage collector.</param>
/// <param name="Exception">The type of the exception it raises or handles; null when it does neither.</param>
sealed record ThreadMoment(IReadOnlyList<GilState> Gils, bool HoldsGil, bool AskedToDropGil, bool CollectsGarbage, string? Exception)
{
    /// <summary>The thread with this, and with what it does by the kernel's account.</summary>
    public ThreadSnapshot Complete(ThreadSnapshot thread, in ThreadActivity activity) => thread with
    {
        State = activity.State,
        Waiting = activity.State == ThreadState.WaitingForGil && HoldsGil ? null : activity.Waiting,
        HoldsGil = HoldsGil,
        // Who has been given the lock, but has not been woken for it yet, waits for it no more.
        WaitsForGil = activity.State == ThreadState.WaitingForGil && !HoldsGil,
        AskedToDropGil = AskedToDropGil,
        CollectsGarbage = CollectsGarbage,
        Exception = Exception,
    };
}
