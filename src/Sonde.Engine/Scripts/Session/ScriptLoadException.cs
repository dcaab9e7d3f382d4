namespace Sonde.Engine.Scripts.Session;

/// <summary>The kernel does not take a program, map or probe of a script; bpftrace's exit code for it is 255.</summary>
sealed class ScriptLoadException(string message) : UserErrorException(message);
