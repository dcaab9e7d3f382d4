namespace Sonde.Engine.Top;

/// <summary>A thread as it is known from one snapshot to the next.</summary>
/// <param name="Pid">Its process.</param>
/// <param name="Tid">The kernel's number of it.</param>
/// <param name="Name">What the program calls it; empty when it does not.</param>
public sealed record TopThread(int Pid, int Tid, string Name);

/// <summary>Which samples are counted, and what for.</summary>
/// <param name="Thread">Those of one thread; null for all.</param>
/// <param name="Lines">For lines, instead of whole functions.</param>
/// <param name="Idle">Also those of threads that wait.</param>
/// <param name="GilOnly">Only those of threads that hold the interpreter lock.</param>
public readonly record struct TopScope(TopThread? Thread, bool Lines, bool Idle, bool GilOnly);
