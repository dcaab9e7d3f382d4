namespace Sonde.Python.Stacks;

/// <summary>A thread that an interpreter knows.</summary>
/// <param name="Address">Its <c>PyThreadState</c>.</param>
/// <param name="Interpreter">Its <c>PyInterpreterState</c>.</param>
/// <param name="InterpreterId">The interpreter's number; 0 is the main one.</param>
/// <param name="PthreadId">Its <c>pthread_self()</c>, which <c>threading.get_ident()</c> gives; 0 while it has not begun.</param>
/// <param name="NativeId">The kernel's number of it in the target's own pid namespace (3.11 and later); 0 when unknown.</param>
public readonly record struct ThreadRecord(ulong Address, ulong Interpreter, long InterpreterId, ulong PthreadId, int NativeId);
