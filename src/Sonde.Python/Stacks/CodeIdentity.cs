namespace Sonde.Python.Stacks;

/// <summary>What tells a code object from another one that came to lie at its address: the objects it points to, which live as long as it does.</summary>
readonly record struct CodeIdentity(ulong Type, ulong Name, ulong File, ulong LineTable, ulong Constants, int FirstLine);
