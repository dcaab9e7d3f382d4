using Sonde.Python.Layouts;
using Sonde.Python.Sites;
using Sonde.Python.Stacks;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Injection;

/// <summary>Adds to the calls that an interpreter makes for others when it comes round to it (<c>Py_AddPendingCall</c>), from outside.</summary>
/// <remarks>
/// No table says where the queue lies. The interpreter's own function is followed over the process's memory, instruction by instruction (<see cref="Emulator"/>), and what it
/// would have written is the result: entry, counters and the request to the evaluation loop (Python/ceval.c up to 3.11, Python/ceval_gil.c from 3.12 on). What it needs from other
/// functions is answered here: whether the queue's lock is free, which thread it is. Only right while no thread of the process runs; a lock that is held means that a
/// thread is at work on the queue.
/// <para>From 3.12 on the queue of the main interpreter is used, which any of its threads serves; before only the main thread does.</para>
/// </remarks>
public sealed class PendingCalls
{
    const int MostChanges = 16;
    const ulong InterpreterBytes = 1 << 20, ThreadBytes = 4096;

    static readonly string[] _known =
    [
        "PyThread_acquire_lock", "PyThread_acquire_lock_timed", "PyThread_release_lock", "PyThread_get_thread_ident", "PyThread_get_thread_ident_ex", "PyGILState_GetThisThreadState",
        "PyMutex_Lock", "PyMutex_Unlock", "_PyMutex_LockSlow", "_PyMutex_LockTimed", "pthread_mutex_lock", "pthread_mutex_unlock", "pthread_self", "sem_wait", "sem_trywait", "sem_post",
    ];

    readonly PythonRuntime _runtime;
    readonly ElfFile _image;
    readonly ulong _bias;
    readonly Dictionary<ulong, string> _functions = [];
    readonly Dictionary<ulong, ElfSymbol> _imports;
    readonly bool _locksAreSemaphores;
    ulong _mainThread;

    /// <param name="runtime">The interpreter in the process's memory.</param>
    /// <param name="image">The file that holds its code.</param>
    /// <param name="bias">What to add to an address of that file to get one of the process.</param>
    public PendingCalls(PythonRuntime runtime, ElfFile image, ulong bias)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(image);
        _runtime = runtime;
        _image = image;
        _bias = bias;
        _imports = ImportStub.ReadWords(image);
        foreach (var name in _known)
        {
            if (image.TryFindSymbol(name, out var symbol) && symbol.IsDefined)
            {
                _functions[unchecked(bias + symbol.Value)] = name;
            }
        }

        foreach (var (word, symbol) in _imports)
        {
            _locksAreSemaphores |= symbol.Name == "sem_post";
            if (_known.AsSpan().Contains(symbol.Name) && runtime.Memory.TryReadWord(unchecked(bias + word), out var bound))
            {
                _functions.TryAdd(bound, symbol.Name);
            }
        }
    }

    /// <summary>Finds out what to write so that the interpreter calls <c>int function(void *argument)</c>.</summary>
    /// <param name="function">An address in the process.</param>
    /// <param name="argument">What it is called with.</param>
    public InjectionPlan Plan(ulong function, ulong argument)
    {
        if (!_locksAreSemaphores && _runtime.Version.Minor < 13)
        {
            return new InjectionPlan.Refused($"{_image.Name} has no semaphores for locks, so whether its queue of pending calls is in use cannot be told");
        }

        var interpreters = _runtime.ReadInterpreters();
        if (interpreters.Count == 0 || _runtime.IsFinalizing)
        {
            return new InjectionPlan.Busy("the interpreter is just starting, or ending");
        }

        var threads = _runtime.ReadThreads();
        // The list has the newest first, interpreters as well as threads.
        var main = interpreters[^1];
        _mainThread = threads.LastOrDefault(thread => thread.Interpreter == main).PthreadId;
        var memory = new EmulatedMemory(_runtime.Memory);
        try
        {
            if (!TryFollow(new Emulator(memory, Answer), main, function, argument))
            {
                return new InjectionPlan.Busy("its queue of pending calls is full");
            }

            var changes = memory.Changes();
            if (ProblemOf(changes, main, threads) is { } problem)
            {
                return new InjectionPlan.Refused($"{problem}, which is not what Py_AddPendingCall of a known CPython does");
            }

            return memory.FindWritten(new UInt128(argument, function)) is { } entry
                // The entry first: it is in nobody's way until the counters tell of it.
                ? new InjectionPlan.Ready([.. changes.OrderBy(write => write.Address - entry >= 16)])
                : new InjectionPlan.Refused("its Py_AddPendingCall does not store the call");
        }
        catch (EmulationException exception) when (exception.IsBusy)
        {
            return new InjectionPlan.Busy(exception.Message);
        }
        catch (EmulationException exception)
        {
            return new InjectionPlan.Refused($"its Py_AddPendingCall cannot be followed: {exception.Message}");
        }
    }

    bool TryFollow(Emulator emulator, ulong interpreter, ulong function, ulong argument)
    {
        // Given the interpreter, the inner function needs not find out in whose name it is called. Its signature is that from 3.9 on; the last argument is new in 3.12.
        if (_runtime.Version.Minor >= 9 && _image.TryFindSymbol("_PyEval_AddPendingCall", out var inner) && inner.IsDefined)
        {
            return (uint)emulator.Call(unchecked(_bias + inner.Value), interpreter, function, argument, 0) == 0;
        }

        return _image.TryFindSymbol("Py_AddPendingCall", out var outer) && outer.IsDefined
            ? (uint)emulator.Call(unchecked(_bias + outer.Value), function, argument) == 0
            : throw new EmulationException($"{_image.Name} does not export it");
    }

    /// <summary>Does what functions outside of the queue's own code would do.</summary>
    bool Answer(ulong address, Emulator emulator)
    {
        if (!_functions.TryGetValue(address, out var name))
        {
            var own = unchecked(address - _bias);
            if (!ImportStub.TryRead(_image, own, out var word) || !_imports.TryGetValue(word, out var symbol))
            {
                return _image.TryGetLoadSegment(own, out var segment) && (segment.Flags & ElfSegmentAccess.Execute) != 0
                    ? false
                    : throw new EmulationException($"it leaves {_image.Name} for 0x{address:x}");
            }

            if (symbol.IsDefined && !_known.AsSpan().Contains(symbol.Name))
            {
                emulator.InstructionPointer = unchecked(_bias + symbol.Value);
                return true;
            }

            name = symbol.Name;
        }

        switch (name)
        {
            case "PyThread_acquire_lock" or "PyThread_acquire_lock_timed":
                RequireFreeSemaphore(emulator.FirstArgument);
                emulator.Return(1);
                return true;
            case "sem_wait" or "sem_trywait":
                RequireFreeSemaphore(emulator.FirstArgument);
                emulator.Return(0);
                return true;
            case "pthread_mutex_lock":
                // The first int of a pthread_mutex_t is its lock in glibc, its kind (0 unless asked for otherwise) in musl.
                if (!_runtime.Memory.TryReadInt32(emulator.FirstArgument, out var locked) || locked != 0)
                {
                    throw new EmulationException("the interpreter lock is just changing hands") { IsBusy = true };
                }

                emulator.Return(0);
                return true;
            case "PyThread_release_lock" or "sem_post" or "pthread_mutex_unlock" or "PyGILState_GetThisThreadState":
                emulator.Return(0);
                return true;
            case "PyThread_get_thread_ident" or "PyThread_get_thread_ident_ex" or "pthread_self":
                emulator.Return(_mainThread);
                return true;
            case "PyMutex_Lock" or "_PyMutex_LockSlow" or "_PyMutex_LockTimed":
                throw new EmulationException("its queue of pending calls is in use") { IsBusy = true };
            default:
                throw new EmulationException($"it calls {name}");
        }
    }

    /// <summary>A lock is a semaphore whose value is 1 when nobody holds it (Python/thread_pthread.h; glibc and musl keep the value in the low 31 bits of the first word).</summary>
    void RequireFreeSemaphore(ulong semaphore)
    {
        if (!_runtime.Memory.TryReadInt32(semaphore, out var value))
        {
            throw new EmulationException("its lock cannot be read");
        }

        if ((value & int.MaxValue) != 1)
        {
            throw new EmulationException("its queue of pending calls is in use") { IsBusy = true };
        }
    }

    /// <summary>What is wrong with the changes: they are few, and all of them in the interpreter's own structures; null when that is so.</summary>
    string? ProblemOf(List<MemoryWrite> changes, ulong interpreter, IReadOnlyList<ThreadRecord> threads)
    {
        if (changes.Count > MostChanges)
        {
            return $"it writes to {changes.Count} places";
        }

        if (!DebugOffsets.TryFindRuntime(_image, out var address))
        {
            return "it has no _PyRuntime";
        }

        var runtime = unchecked(_bias + address);
        var length = _image.TryFindSymbol("_PyRuntime", out var symbol) && symbol.Size > 0 ? symbol.Size : InterpreterBytes;
        foreach (var (at, _) in changes)
        {
            if (at - runtime >= length && at - interpreter >= InterpreterBytes && !threads.Any(thread => at - thread.Address < ThreadBytes))
            {
                return $"it writes to 0x{at:x}, outside of the interpreter's structures";
            }
        }

        return null;
    }
}
