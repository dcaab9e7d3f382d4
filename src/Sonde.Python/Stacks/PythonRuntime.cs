using Sonde.Python.Layouts;
using Sonde.Symbols;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Stacks;

/// <summary>A CPython runtime in a target's memory: its interpreters, their threads and locks.</summary>
/// <remarks>All of it changes while it is read. What does not fit together is left out, never guessed. Not safe for concurrent use.</remarks>
public sealed class PythonRuntime
{
    const int MostInterpreters = 1024, MostThreads = 1 << 16;

    readonly ulong _interpretersHead;
    readonly ulong _runtime;
    readonly ulong _currentThread;
    readonly (ulong Start, ulong End) _variables;
    readonly byte[] _thread;

    /// <summary>Finds the runtime of an interpreter image.</summary>
    /// <param name="memory">The target's memory.</param>
    /// <param name="version">The interpreter's version.</param>
    /// <param name="image">The file that holds the interpreter's code: the executable or its libpython.</param>
    /// <param name="bias">What to add to an address of that file to get one of the target.</param>
    /// <exception cref="LayoutException">The version is unknown, or the image contradicts what is known of its version.</exception>
    public PythonRuntime(IMemory memory, PythonVersion version, ElfFile image, ulong bias)
    {
        Memory = memory;
        Version = version;
        Layout = RuntimeLayout.For(version, image);
        CodeType = image.TryFindSymbol("PyCode_Type", out var codeType) ? unchecked(bias + codeType.Value) : 0;
        if (Layout.RuntimeInterpreters is { } interpreters)
        {
            if (!DebugOffsets.TryFindRuntime(image, out var address))
            {
                throw new LayoutException($"{image.Name} has no _PyRuntime symbol and no .PyRuntime section, from where CPython {version}'s threads are found");
            }

            _runtime = unchecked(bias + address);
            _interpretersHead = unchecked(_runtime + (ulong)interpreters);
        }
        else
        {
            _interpretersHead = unchecked(bias + InterpreterListHead.Find(image));
            _currentThread = image.TryFindSymbol("_PyThreadState_Current", out var current) ? unchecked(bias + current.Value) : 0;
            _variables = VariablesOf(image, bias);
        }

        _thread = new byte[8 + Math.Max(Math.Max(Layout.ThreadNativeId ?? 0, Layout.ThreadPthreadId), Math.Max(Layout.ThreadNext, Layout.ThreadInterpreter))];
    }

    /// <summary>The target's memory.</summary>
    public IMemory Memory { get; }

    /// <summary>The interpreter's version.</summary>
    public PythonVersion Version { get; }

    /// <summary>Where its structures have their fields.</summary>
    public RuntimeLayout Layout { get; }

    /// <summary>The address of <c>PyCode_Type</c>, the type of every code object; 0 when the image does not tell.</summary>
    public ulong CodeType { get; }

    /// <summary>Whether the target's memory can be read at all.</summary>
    public bool IsReadable => Memory.TryReadWord(_interpretersHead, out _);

    /// <summary>Whether there is an interpreter: not before the runtime has been set up, and not any more after it was shut down.</summary>
    public bool HasInterpreter => Memory.TryReadWord(_interpretersHead, out var interpreter) && interpreter != 0;

    /// <summary>Whether the runtime is being shut down (3.7 and later): its threads end and its structures go.</summary>
    public bool IsFinalizing => Layout.RuntimeFinalizing is { } offset && Memory.TryReadWord(unchecked(_runtime + (ulong)offset), out var thread) && thread != 0;

    /// <summary>Every thread of every interpreter, the newest first as the interpreter lists them.</summary>
    public IReadOnlyList<ThreadRecord> ReadThreads()
    {
        List<ThreadRecord> threads = [];
        ReadThreads(threads);
        return threads;
    }

    /// <summary>Every thread of every interpreter, the newest first as the interpreter lists them.</summary>
    /// <param name="threads">Filled with them; what it held before is gone.</param>
    /// <returns>
    /// False when the lists could not be followed to their end: nothing is there yet, it is gone already, or threads came and went all the time.
    /// Then those found so far are given.
    /// </returns>
    public bool ReadThreads(List<ThreadRecord> threads)
    {
        // A thread that ends while it is read leads nowhere; from the list's start again it is not there any more.
        const int attempts = 3;
        for (var i = 0; i < attempts; i++)
        {
            if (TryReadThreads(threads))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The addresses of the interpreters, the newest first; empty while there are none.</summary>
    public IReadOnlyList<ulong> ReadInterpreters()
    {
        List<ulong> interpreters = [];
        Memory.TryReadWord(_interpretersHead, out var interpreter);
        while (interpreter != 0 && interpreters.Count < MostInterpreters)
        {
            interpreters.Add(interpreter);
            Memory.TryReadWord(unchecked(interpreter + (ulong)Layout.InterpreterNext), out interpreter);
        }

        return interpreters;
    }

    /// <summary>The interpreters, each by its address and its number: another one may come to have the address, and none the number (0 where the version has none, 3.7 and before).</summary>
    public IReadOnlyList<(ulong Address, long Id)> ReadNumberedInterpreters()
    {
        var addresses = ReadInterpreters();
        if (Layout.InterpreterId is not { } field)
        {
            return [.. addresses.Select(static address => (address, 0L))];
        }

        List<(ulong, long)> found = [];
        for (var i = 0; i < addresses.Count; i++)
        {
            // The oldest is the main one, which has 0; another one has that for a moment while it is made.
            if (Memory.TryReadWord(unchecked(addresses[i] + (ulong)field), out var id) && (id != 0 || i == addresses.Count - 1))
            {
                found.Add((addresses[i], unchecked((long)id)));
            }
        }

        return found;
    }

    /// <summary>The state of an interpreter's lock (before 3.12 all share one). What the version does not tell, or contradicts itself, is 0 or false.</summary>
    /// <param name="interpreter">The interpreter.</param>
    public GilState ReadGil(ulong interpreter)
    {
        if (_currentThread != 0)
        {
            Memory.TryReadWord(_currentThread, out var current);
            // The lock is a static variable of 3.6 (Python/ceval_gil.h), the only one there that threads sleep on.
            return new GilState(current, false, _variables.Start, _variables.End);
        }

        ulong gil = 0;
        if (Layout.InterpreterGil is { } pointer)
        {
            Memory.TryReadWord(unchecked(interpreter + (ulong)pointer), out gil);
        }
        else if (Layout.RuntimeGil is { } offset)
        {
            gil = unchecked(_runtime + (ulong)offset);
        }

        if (gil == 0 || !Memory.TryReadInt32(unchecked(gil + (ulong)Layout.GilLocked), out var locked) || locked is < -1 or > 1
            || !Memory.TryReadWord(unchecked(gil + (ulong)Layout.GilHolder), out var holder))
        {
            return default;
        }

        holder = locked == 1 ? holder : 0;
        // Where the fields lie is only known for certain from 3.13 on: the holder must be a thread.
        if (holder != 0 && (!Memory.TryReadWord(unchecked(holder + (ulong)Layout.ThreadInterpreter), out var owner) || !ReadInterpreters().Contains(owner)))
        {
            return default;
        }

        return new GilState(holder, IsDropRequested(interpreter, holder), unchecked(gil + RuntimeLayout.GilWaitStart), unchecked(gil + RuntimeLayout.GilWaitEnd));
    }

    /// <summary>Who holds a lock now whose state was read before: one read, for who asks often.</summary>
    /// <param name="before">The state it had.</param>
    /// <returns>The thread state; 0 when none holds it or that cannot be told.</returns>
    public ulong ReadHolder(in GilState before)
    {
        Span<byte> fields = stackalloc byte[HolderBytes];
        return HolderPlace(before) is { Length: > 0 } place && Memory.TryRead(place.Address, fields) ? HolderIn(fields) : 0;
    }

    /// <summary>Where to read who holds a lock, for <see cref="HolderIn"/>.</summary>
    /// <param name="before">A state that it had.</param>
    /// <returns>An address and a length in bytes; 0 when it is not known.</returns>
    public (ulong Address, int Length) HolderPlace(in GilState before) =>
        _currentThread != 0 ? (_currentThread, HolderBytes)
        : before.WaitStart == 0 ? default
        : (before.WaitStart - RuntimeLayout.GilWaitStart, HolderBytes);

    /// <summary>Who holds the lock, by what was read at <see cref="HolderPlace"/>; 0 when none does.</summary>
    public ulong HolderIn(ReadOnlySpan<byte> fields) =>
        fields.Length != HolderBytes ? 0
        : _currentThread != 0 ? fields.Word(0)
        : fields.Int32(Layout.GilLocked) == 1 ? fields.Word(Layout.GilHolder)
        : 0;

    int HolderBytes => _currentThread != 0 ? sizeof(ulong) : Math.Max(Layout.GilLocked, Layout.GilHolder) + sizeof(ulong);

    /// <summary>Whether an interpreter's garbage collector runs. The thread that holds the lock does it.</summary>
    /// <param name="interpreter">The interpreter.</param>
    public bool IsCollecting(ulong interpreter) =>
        CollectingField(interpreter) is var field && field != 0 && Memory.TryReadInt32(field, out var collecting) && collecting == 1;

    /// <summary>Where an interpreter's garbage collector keeps whether it runs, which follows its lists of objects; 0 where that is not known.</summary>
    internal ulong CollectingField(ulong interpreter) =>
        Layout.InterpreterCollecting is { } inInterpreter ? unchecked(interpreter + (ulong)inInterpreter)
        : Layout.RuntimeCollecting is { } inRuntime ? unchecked(_runtime + (ulong)inRuntime)
        : 0;

    /// <summary>The exception that a thread raises at this moment, or else the one it handles.</summary>
    /// <param name="thread">The thread.</param>
    /// <returns>The exception's object; 0 when there is none.</returns>
    public ulong ReadException(in ThreadRecord thread)
    {
        const int most = 256;
        var calls = Layout.Calls;
        var raisedField = calls.ThreadException + (calls.ExceptionIsObject ? 0 : 8);
        if (Memory.TryReadWord(unchecked(thread.Address + (ulong)raisedField), out var raised) && raised != 0)
        {
            return raised;
        }

        if (Layout.ThreadHandledValue is { } value)
        {
            return Memory.TryReadWord(unchecked(thread.Address + (ulong)value), out var handled) && !IsNone(handled) ? handled : 0;
        }

        if (Layout.ThreadHandledException is { } field && Memory.TryReadWord(unchecked(thread.Address + (ulong)field), out var item))
        {
            for (var i = 0; item != 0 && i < most; i++)
            {
                if (Memory.TryReadWord(unchecked(item + (ulong)Layout.HandledValue), out var handled) && handled != 0 && !IsNone(handled))
                {
                    return handled;
                }

                Memory.TryReadWord(unchecked(item + (ulong)Layout.HandledPrevious), out item);
            }
        }

        return 0;
    }

    /// <summary>The name of an object's type (<c>tp_name</c>); null when it cannot be read.</summary>
    /// <param name="value">The object.</param>
    public string? ReadTypeName(ulong value) =>
        Memory.TryReadWord(unchecked(value + (ulong)Layout.Calls.ObjectType), out var type) ? ReadNameOfType(type) : null;

    /// <summary>A type's name (<c>tp_name</c>); null when it cannot be read.</summary>
    /// <param name="type">The type.</param>
    public string? ReadNameOfType(ulong type)
    {
        if (!Memory.TryReadWord(unchecked(type + (ulong)Layout.TypeName), out var name))
        {
            return null;
        }

        // The name may lie at the very end of a mapping: what follows it need not be readable.
        Span<byte> text = stackalloc byte[256];
        for (var length = text.Length; length >= 8; length /= 2)
        {
            if (Memory.TryRead(name, text[..length]))
            {
                var end = text[..length].IndexOf((byte)0);
                return System.Text.Encoding.UTF8.GetString(text[..(end < 0 ? length : end)]);
            }
        }

        return null;
    }

    /// <summary>The part of memory that holds an image's variables: its segment that can be written.</summary>
    static (ulong Start, ulong End) VariablesOf(ElfFile image, ulong bias)
    {
        const uint writable = 2;
        var segment = image.Segments.FirstOrDefault(segment => segment.Type == ElfSegmentType.Load && ((uint)segment.Flags & writable) != 0);
        return (unchecked(bias + segment.VirtualAddress), unchecked(bias + segment.VirtualAddress + segment.MemorySize));
    }

    bool IsNone(ulong value) => value == 0 || ReadTypeName(value) is null or "NoneType";

    bool IsDropRequested(ulong interpreter, ulong holder)
    {
        if (Layout.ThreadEvalBreaker is { } breaker)
        {
            return holder != 0 && Memory.TryReadWord(unchecked(holder + (ulong)breaker), out var requests) && (requests & 1) != 0;
        }

        var field = Layout.InterpreterDropRequest is { } inInterpreter ? unchecked(interpreter + (ulong)inInterpreter)
            : Layout.RuntimeDropRequest is { } inRuntime ? unchecked(_runtime + (ulong)inRuntime)
            : 0;
        return field != 0 && Memory.TryReadInt32(field, out var requested) && requested == 1;
    }

    bool TryReadThreads(List<ThreadRecord> threads)
    {
        threads.Clear();
        if (!Memory.TryReadWord(_interpretersHead, out var interpreter) || interpreter == 0)
        {
            return false;
        }

        ReadOnlySpan<byte> thread = _thread;
        for (var seen = 0; interpreter != 0; seen++)
        {
            if (seen == MostInterpreters || !Memory.TryReadWord(unchecked(interpreter + (ulong)Layout.InterpreterThreads), out var address))
            {
                return false;
            }

            ulong id = 0;
            if (Layout.InterpreterId is { } idField && !Memory.TryReadWord(unchecked(interpreter + (ulong)idField), out id))
            {
                return false;
            }

            while (address != 0)
            {
                if (threads.Count == MostThreads || !Memory.TryRead(address, _thread) || thread.Word(Layout.ThreadInterpreter) != interpreter)
                {
                    return false;
                }

                var native = Layout.ThreadNativeId is { } nativeField ? thread.Word(nativeField) : 0;
                threads.Add(new ThreadRecord(address, interpreter, unchecked((long)id), thread.Word(Layout.ThreadPthreadId), native <= int.MaxValue ? (int)native : 0));
                address = thread.Word(Layout.ThreadNext);
            }

            if (!Memory.TryReadWord(unchecked(interpreter + (ulong)Layout.InterpreterNext), out interpreter))
            {
                return false;
            }
        }

        return true;
    }
}
