using System.Buffers.Binary;
using System.Text;
using Sonde.Python.Layouts;
using Sonde.Python.Stacks;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Injection;

/// <summary>Hands a script to a thread of a CPython 3.14 or later through the interface made for that (PEP 768, Python/ceval_gil.c).</summary>
/// <remarks>Only right while no thread of the process runs: the word of requests is changed by others, too.</remarks>
public sealed class RemoteDebugging
{
    readonly PythonRuntime _runtime;
    readonly RemoteDebuggerLayout _layout;

    /// <param name="runtime">The interpreter in the process's memory.</param>
    /// <param name="image">The file that holds its code.</param>
    /// <exception cref="LayoutException">There is no such interface in this interpreter.</exception>
    public RemoteDebugging(PythonRuntime runtime, ElfFile image)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(image);
        _runtime = runtime;
        _layout = RemoteDebuggerLayout.For(runtime.Version, image) ?? throw new LayoutException($"CPython {runtime.Version} has no interface for remote debugging");
    }

    /// <summary>Finds out what to write so that a thread runs a script.</summary>
    /// <param name="thread">The thread: its <c>PyThreadState</c>.</param>
    /// <param name="interpreter">That thread's interpreter.</param>
    /// <param name="path">The script, as the process sees it.</param>
    public InjectionPlan Plan(ulong thread, ulong interpreter, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var text = Encoding.UTF8.GetBytes(path + "\0");
        if (text.Length > _layout.PathBytes)
        {
            return new InjectionPlan.Refused($"the script's path, {path}, is longer than the {_layout.PathBytes - 1} bytes there is room for");
        }

        if (_runtime.IsFinalizing)
        {
            return new InjectionPlan.Busy("the interpreter is ending");
        }

        if (!_runtime.Memory.TryReadInt32(interpreter + (ulong)_layout.InterpreterEnabled, out var enabled)
            || !_runtime.Memory.TryReadInt32(PendingOf(thread), out var pending) || !_runtime.Memory.TryReadWord(thread + (ulong)_layout.ThreadEvalBreaker, out var breaker))
        {
            return new InjectionPlan.Busy("the thread's state cannot be read");
        }

        if (enabled == 0)
        {
            return new InjectionPlan.Refused("its remote debugging interface is switched off (PYTHON_DISABLE_REMOTE_DEBUG, or python -X disable-remote-debug)");
        }

        return pending != 0
            ? new InjectionPlan.Busy("another tool has just handed a script to it")
            : new InjectionPlan.Ready(
            [
                new MemoryWrite(PathOf(thread), text),
                new MemoryWrite(PendingOf(thread), [1, 0, 0, 0]),
                new MemoryWrite(thread + (ulong)_layout.ThreadEvalBreaker, Word(breaker | RemoteDebuggerLayout.PleaseStop)),
            ]);
    }

    /// <summary>Finds out what to write to take a script back that a thread has not begun to run.</summary>
    /// <param name="thread">The thread it was handed to.</param>
    /// <param name="path">The script.</param>
    /// <returns>Nothing to write when the thread has begun, or the script is not ours.</returns>
    public InjectionPlan.Ready PlanWithdrawal(ulong thread, string path)
    {
        var text = Encoding.UTF8.GetBytes(path + "\0");
        var there = new byte[text.Length];
        return _runtime.Memory.TryReadInt32(PendingOf(thread), out var pending) && pending == 1
            && _runtime.Memory.TryRead(PathOf(thread), there) && there.AsSpan().SequenceEqual(text)
            ? new InjectionPlan.Ready([new MemoryWrite(PendingOf(thread), [0, 0, 0, 0]), new MemoryWrite(PathOf(thread), new byte[text.Length])])
            : new InjectionPlan.Ready([]);
    }

    /// <summary>Whether a thread has been handed a script, anybody's, that it has not begun to run; true when that cannot be told.</summary>
    /// <param name="thread">The thread: its <c>PyThreadState</c>.</param>
    public bool HasRequest(ulong thread) => !_runtime.Memory.TryReadInt32(PendingOf(thread), out var pending) || pending != 0;

    ulong PendingOf(ulong thread) => thread + (ulong)(_layout.ThreadSupport + _layout.SupportPending);

    ulong PathOf(ulong thread) => thread + (ulong)(_layout.ThreadSupport + _layout.SupportPath);

    static byte[] Word(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
