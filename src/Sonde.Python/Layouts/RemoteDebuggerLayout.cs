using Sonde.Symbols.Elf;

namespace Sonde.Python.Layouts;

/// <summary>Where a thread looks for a script that it shall run (PEP 768, CPython 3.14 and later; <c>_Py_DebugOffsets.debugger_support</c>). Offsets in bytes.</summary>
/// <param name="ThreadEvalBreaker">Thread: the word of requests to the evaluation loop.</param>
/// <param name="ThreadSupport">Thread: the <c>_PyRemoteDebuggerSupport</c> structure.</param>
/// <param name="InterpreterEnabled">Interpreter: an int that is 0 when the interface is switched off.</param>
/// <param name="SupportPending">In the structure: an int, 1 when there is a script to run.</param>
/// <param name="SupportPath">In the structure: the script's path, ended by a zero byte.</param>
/// <param name="PathBytes">The room for the path, its end included.</param>
public readonly record struct RemoteDebuggerLayout(
    int ThreadEvalBreaker, int ThreadSupport, int InterpreterEnabled, int SupportPending, int SupportPath, int PathBytes)
{
    /// <summary>The bit of the word of requests that asks to look for a script (<c>_PY_EVAL_PLEASE_STOP_BIT</c>, Include/internal/pycore_ceval.h, 3.14).</summary>
    public const ulong PleaseStop = 1 << 5;

    /// <summary>What an interpreter image says; null before 3.14, where there is no such interface.</summary>
    /// <exception cref="LayoutException">The image contradicts what is known of its version.</exception>
    public static RemoteDebuggerLayout? For(PythonVersion version, ElfFile image) =>
        version.Minor < 14 ? null : DebugOffsets.Read(image, version).DescribeDebugger(version.Minor);
}
