using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Sonde.Python.Layouts;
using Sonde.Python.Stacks;
using Sonde.Python.Values;

namespace Sonde.Python.Tasks;

/// <summary>Reads the asyncio tasks of a program: which there are, what each waits for, and who waits for whom.</summary>
/// <remarks>
/// Up to 3.13 the module <c>asyncio.tasks</c> has sets of them; from 3.14 on each thread has a list. Which tasks <c>gather</c>, <c>wait</c>, <c>wait_for</c> and task groups wait for
/// is seen from their variables, and from 3.14 on from the tasks. Tasks change while they are read; what does not fit together is left out. Not safe for concurrent use.
/// </remarks>
public sealed class TaskReader
{
    /// <summary>More tasks are not read; <see cref="IsCut"/> tells.</summary>
    public const int MaximumTasks = 10_000;

    readonly ObjectReader _objects;
    readonly PythonRuntime _runtime;
    readonly CoroutineReader _coroutines;
    readonly FrameVariables _variables;
    readonly TaskLayout _layout;
    readonly AsyncioOffsets? _asyncio;
    readonly (ulong Start, int Bytes) _data;

    /// <summary>Reads tasks of a runtime.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="codes">Its code objects.</param>
    /// <param name="asyncio">The offsets of its <c>_asyncio</c> module; null when it has none or has not loaded it.</param>
    /// <param name="data">Where that module has its variables: address and bytes. Needed for 3.6 only, which keeps its set of tasks there.</param>
    public TaskReader(PythonRuntime runtime, CodeTable codes, AsyncioOffsets? asyncio, (ulong Start, int Bytes) data = default)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        _runtime = runtime;
        _asyncio = asyncio;
        _data = data;
        _objects = new ObjectReader(runtime.Memory, runtime.Version, runtime.Layout.Calls, ValueLayout.For(runtime.Version));
        _coroutines = new CoroutineReader(_objects, runtime, codes);
        _variables = new FrameVariables(runtime.Memory, runtime.Version, runtime.Layout.Calls);
        _layout = TaskLayout.For(runtime.Version);
    }

    /// <summary>Whether the last reading left tasks out since there were too many.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The tasks that have not ended, in no particular order.</summary>
    public IReadOnlyList<PythonTask> Read()
    {
        HashSet<ulong> addresses = [];
        IsCut = false;
        _objects.Begin();
        AddVariables(addresses);
        foreach (var interpreter in _runtime.ReadInterpreters())
        {
            AddSets(interpreter, addresses);
            if (_asyncio is not null)
            {
                AddList(interpreter + (ulong)_asyncio.InterpreterTasks, addresses);
            }
        }

        if (_asyncio is not null)
        {
            foreach (var thread in _runtime.ReadThreads())
            {
                AddList(thread.Address + (ulong)_asyncio.ThreadTasks, addresses);
            }
        }

        IsCut |= _objects.IsExhausted;
        var tasks = new Dictionary<ulong, PythonTask>();
        var awaits = new Dictionary<ulong, HashSet<ulong>>();
        foreach (var address in addresses)
        {
            _objects.Begin();
            if (TryReadTask(address, awaits) is { } task)
            {
                tasks[address] = task;
            }
        }

        return [.. tasks.Values.Select(task => task with { Awaits = awaits.TryGetValue(task.Address, out var awaited) ? [.. awaited.Where(other => other != task.Address && tasks.ContainsKey(other))] : [] })];
    }

    /// <summary>In 3.6 the set of tasks is a variable of the module <c>_asyncio</c> without a name: the one that points to a <c>WeakSet</c>.</summary>
    void AddVariables(HashSet<ulong> tasks)
    {
        const int most = 8192;
        if (_runtime.Version.Minor != 6)
        {
            return;
        }

        foreach (var pointer in _objects.ReadPointers(_data.Start, Math.Min(_data.Bytes / 8, most)))
        {
            if (pointer % 8 == 0 && pointer >= 1 << 16 && _objects.TryGet(pointer, out var set) == ObjectState.Live && set.Type.Name == "WeakSet")
            {
                AddSet(set, tasks);
            }
        }
    }

    /// <summary>The sets of the module <c>asyncio.tasks</c>.</summary>
    void AddSets(ulong interpreter, HashSet<ulong> tasks)
    {
        const ulong moduleDictionary = 16;
        if (!_objects.TryReadPointer(interpreter + (ulong)_runtime.Layout.InterpreterModules, out var modules) || !DictionaryReader.TryFind(_objects, modules, "asyncio.tasks", out var module)
            || !_objects.TryReadPointer(module + moduleDictionary, out var names))
        {
            return;
        }

        foreach (var name in (string[])["_all_tasks", "_scheduled_tasks", "_eager_tasks"])
        {
            if (DictionaryReader.TryFind(_objects, names, name, out var address) && _objects.TryGet(address, out var set) == ObjectState.Live)
            {
                AddSet(set, tasks);
            }
        }
    }

    /// <summary>A set, or a <c>WeakSet</c>, which has a set of weak references in its field <c>data</c> (Lib/_weakrefset.py).</summary>
    void AddSet(PythonObject set, HashSet<ulong> tasks)
    {
        var isWeak = set.Type.Name == "WeakSet";
        if (isWeak && (!InstanceFields.TryFind(_objects, set, "data", out var data) || _objects.TryGet(data, out set) != ObjectState.Live))
        {
            return;
        }

        const ulong referent = 16;
        var members = SetReader.Read(_objects, set.Address, MaximumTasks, out var count);
        foreach (var member in members)
        {
            Add(!isWeak ? member : _objects.TryReadPointer(member + referent, out var task) ? task : 0, tasks);
        }

        IsCut |= count > MaximumTasks;
    }

    /// <summary>A list of nodes that begins and ends at its head (Include/internal/pycore_llist.h).</summary>
    void AddList(ulong head, HashSet<ulong> tasks)
    {
        if (!_objects.TryReadPointer(head, out var node))
        {
            return;
        }

        HashSet<ulong> seen = [];
        while (node != head && node != 0 && seen.Add(node) && tasks.Count < MaximumTasks)
        {
            Add(node - (ulong)_asyncio!.TaskNode, tasks);
            if (!_objects.TryReadPointer(node, out node))
            {
                return;
            }
        }

        IsCut |= tasks.Count >= MaximumTasks;
    }

    static void Add(ulong task, HashSet<ulong> tasks)
    {
        if (task != 0 && tasks.Count < MaximumTasks)
        {
            tasks.Add(task);
        }
    }

    /// <summary>Reads a task; null when it has ended or is none.</summary>
    PythonTask? TryReadTask(ulong address, Dictionary<ulong, HashSet<ulong>> awaits)
    {
        if (_objects.TryGet(address, out var task) != ObjectState.Live)
        {
            return null;
        }

        var isBuiltIn = _objects.Ancestors(task.Type).Any(static type => type.Name == "_asyncio.Task");
        if (!isBuiltIn && task.Type.Name is not ("Task" or "_PyTask"))
        {
            return null;
        }

        ulong coroutine, waiter, name = 0;
        if (isBuiltIn)
        {
            Span<byte> state = stackalloc byte[4];
            if (!_objects.TryRead(address + (ulong)_layout.State, state) || BinaryPrimitives.ReadInt32LittleEndian(state) != 0
                || !_objects.TryReadPointer(address + (ulong)_layout.Coroutine, out coroutine) || !_objects.TryReadPointer(address + (ulong)_layout.Waiter, out waiter))
            {
                return null;
            }

            _ = _layout.Name is { } at && _objects.TryReadPointer(address + (ulong)at, out name);
        }
        else
        {
            // Written in Python, when there is no _asyncio (Lib/asyncio/tasks.py).
            if (!InstanceFields.TryFind(_objects, task, "_coro", out coroutine) || !InstanceFields.TryFind(_objects, task, "_fut_waiter", out waiter)
                || !InstanceFields.TryFind(_objects, task, "_state", out var state) || !_objects.TryReadText(state, 20, out var text) || text != "PENDING")
            {
                return null;
            }

            _ = InstanceFields.TryFind(_objects, task, "_name", out name);
        }

        List<(RawFrame Raw, CodeObject Code)> frames = [];
        var awaited = _coroutines.Follow(coroutine, frames, out var isRunning);
        var isWaiting = !isRunning && waiter != 0 && _objects.TryGet(waiter, out var future) == ObjectState.Live && future.Type.Name != "NoneType";
        frames.Reverse();
        AddAwaited(address, isWaiting ? waiter : 0, frames, awaits);
        AddAwaitedBy(address, isBuiltIn, awaits);
        return new PythonTask
        {
            Address = address,
            Name = NameOf(name),
            State = isRunning ? TaskState.Running : isWaiting ? TaskState.Waiting : TaskState.Ready,
            Frames = frames,
            WaitsFor = isWaiting && _objects.TryGet(awaited == 0 ? waiter : awaited, out var thing) == ObjectState.Live ? _objects.FullName(thing.Type) : null,
        };
    }

    string? NameOf(ulong name)
    {
        if (name == 0 || _objects.TryGet(name, out var value) != ObjectState.Live)
        {
            return null;
        }

        if (ObjectReader.IsText(value.Type))
        {
            return _objects.TryReadText(name, 300, out var text) ? text : null;
        }

        return IntegerReader.TryRead(_objects, value, out BigInteger number, out _) ? string.Create(CultureInfo.InvariantCulture, $"Task-{number}") : null;
    }

    /// <summary>Notes what a task waits for: a task itself, those of a <c>gather</c>, and those that the functions of asyncio hold in their variables.</summary>
    void AddAwaited(ulong task, ulong waiter, List<(RawFrame Raw, CodeObject Code)> frames, Dictionary<ulong, HashSet<ulong>> awaits)
    {
        if (waiter == 0)
        {
            return;
        }

        AddFuture(task, waiter, awaits, depth: 0);
        foreach (var (raw, code) in frames)
        {
            var variable = (code.Name, Path.GetFileName(code.File)) switch
            {
                ("_wait", "tasks.py") => "fs",
                ("wait_for", "tasks.py") => "fut",
                ("__aexit__" or "_aexit", "taskgroups.py") => "self",
                _ => null,
            };
            if (variable is null || !code.File.Contains("asyncio", StringComparison.Ordinal))
            {
                continue;
            }

            List<FrameVariable> variables = [];
            _variables.TryRead(raw.Address, raw.Code, mostNamed: 0, variables, out _);
            foreach (var found in variables)
            {
                if (found.Name == variable && _objects.TryGet(found.Address, out var value) == ObjectState.Live)
                {
                    AddFutures(task, variable == "self" && InstanceFields.TryFind(_objects, value, "_tasks", out var tasks) ? tasks : found.Address, awaits, depth: 0);
                }
            }
        }
    }

    /// <summary>A future, or the futures in a list, tuple or set.</summary>
    void AddFutures(ulong task, ulong address, Dictionary<ulong, HashSet<ulong>> awaits, int depth)
    {
        const ulong listItems = 24;
        if (_objects.TryGet(address, out var value) != ObjectState.Live)
        {
            return;
        }

        var count = 0L;
        var items = value.Type.Name switch
        {
            "set" or "frozenset" => SetReader.Read(_objects, address, MaximumTasks, out count),
            "list" when _objects.TryReadInt64(address + (ulong)_objects.Values.ItemCount, out count) && _objects.TryReadPointer(address + listItems, out var first) =>
                _objects.ReadPointers(first, (int)Math.Clamp(count, 0, MaximumTasks)),
            _ => [address],
        };
        foreach (var item in items)
        {
            AddFuture(task, item, awaits, depth);
        }
    }

    void AddFuture(ulong task, ulong future, Dictionary<ulong, HashSet<ulong>> awaits, int depth)
    {
        const int deepest = 8;
        if (depth > deepest || _objects.TryGet(future, out var value) != ObjectState.Live)
        {
            return;
        }

        if (value.Type.Name == "_GatheringFuture" && InstanceFields.TryFind(_objects, value, "_children", out var children))
        {
            AddFutures(task, children, awaits, depth + 1);
        }
        else
        {
            Link(task, future, awaits);
        }
    }

    /// <summary>From 3.14 on a task knows who waits for it.</summary>
    void AddAwaitedBy(ulong task, bool isBuiltIn, Dictionary<ulong, HashSet<ulong>> awaits)
    {
        Span<byte> isSet = stackalloc byte[1];
        if (_asyncio is null || !isBuiltIn || !_objects.TryReadPointer(task + (ulong)_asyncio.TaskAwaitedBy, out var by) || by == 0
            || !_objects.TryRead(task + (ulong)_asyncio.TaskAwaitedByIsSet, isSet))
        {
            return;
        }

        foreach (var waiter in isSet[0] != 0 ? SetReader.Read(_objects, by, MaximumTasks, out _) : [by])
        {
            Link(waiter, task, awaits);
        }
    }

    static void Link(ulong waiter, ulong awaited, Dictionary<ulong, HashSet<ulong>> awaits)
    {
        if (!awaits.TryGetValue(waiter, out var all))
        {
            awaits.Add(waiter, all = []);
        }

        all.Add(awaited);
    }
}
