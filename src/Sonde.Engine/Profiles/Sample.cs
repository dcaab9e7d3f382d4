namespace Sonde.Engine.Profiles;

/// <summary>Where one thread was at one moment, and what that moment stands for.</summary>
/// <param name="TimeNs">Nanoseconds since the recording began.</param>
/// <param name="Thread">The thread's number in <see cref="Profile.Threads"/>.</param>
/// <param name="Stack">The stack's number in <see cref="Profile.Stacks"/>.</param>
/// <param name="Weight">What the sample stands for, in the profile's unit: the time until the next one was due, or bytes.</param>
/// <param name="State">What the thread was doing.</param>
/// <param name="HoldsGil">Whether it held the global interpreter lock.</param>
public readonly record struct Sample(long TimeNs, int Thread, int Stack, long Weight, ThreadState State, bool HoldsGil);

/// <summary>All samples of one stack, thread and state together.</summary>
/// <param name="Thread">The thread's number in <see cref="Profile.Threads"/>.</param>
/// <param name="Stack">The stack's number in <see cref="Profile.Stacks"/>.</param>
/// <param name="State">What the thread was doing.</param>
/// <param name="HoldsGil">Whether it held the global interpreter lock.</param>
/// <param name="Samples">How many samples there were.</param>
/// <param name="Weight">The sum of their weights, in the profile's unit.</param>
public readonly record struct ProfileEntry(int Thread, int Stack, ThreadState State, bool HoldsGil, long Samples, long Weight);
