using System.Buffers.Binary;
using Sonde.Python.Layouts;
using Sonde.Symbols;

namespace Sonde.Python.Values;

/// <summary>A variable of a frame that is bound.</summary>
/// <param name="Name">Its name, as it is in the source.</param>
/// <param name="Address">The object it is bound to.</param>
/// <param name="IsArgument">Whether it is an argument of the function.</param>
public readonly record struct FrameVariable(string Name, ulong Address, bool IsArgument);

/// <summary>An argument of a function.</summary>
/// <param name="Name">Its name, as it is in the source.</param>
/// <param name="Slot">Which of a frame's variables it is.</param>
/// <param name="Cell">Which of them holds the cell it was moved to, where that is another (up to 3.10).</param>
/// <param name="Stars">"*" or "**" where it takes the rest of the arguments, else empty.</param>
public sealed record ArgumentSlot(string Name, int Slot, int? Cell, string Stars);

/// <summary>Reads the variables of a function that is being called: which there are from its code object, what they are bound to from its frame.</summary>
public sealed class FrameVariables
{
    /// <summary>No function has as many.</summary>
    const int MaximumVariables = 4096;

    const int IsFunction = 1; // CO_OPTIMIZED: variables are in slots, not in a namespace

    const ulong DictionaryFlag = 1UL << 29; // Py_TPFLAGS_DICT_SUBCLASS of Include/object.h

    const int HasPositional = 4, HasKeywords = 8; // CO_VARARGS and CO_VARKEYWORDS of Include/cpython/code.h

    readonly ObjectReader _objects;

    /// <summary>Reads variables of a program.</summary>
    /// <param name="memory">Its memory.</param>
    /// <param name="version">Its interpreter's version.</param>
    /// <param name="layout">Its interpreter's layout.</param>
    /// <exception cref="LayoutException">The version is unknown.</exception>
    public FrameVariables(IMemory memory, PythonVersion version, CallLayout layout)
    {
        _objects = new ObjectReader(memory, version, layout, ValueLayout.For(version));
    }

    /// <summary>Reads variables of frames that were copied.</summary>
    /// <param name="captured">The frame's variables, as far as they were copied.</param>
    /// <param name="lasting">Where code objects are.</param>
    /// <param name="version">The interpreter's version.</param>
    /// <param name="layout">The interpreter's layout.</param>
    /// <exception cref="LayoutException">The version is unknown.</exception>
    public FrameVariables(CapturedMemory captured, LastingMemory lasting, PythonVersion version, CallLayout layout)
    {
        _objects = new ObjectReader(captured, lasting, version, layout, ValueLayout.For(version));
    }

    /// <summary>The arguments that a function takes, as its definition has them; empty when that cannot be read.</summary>
    public IReadOnlyList<ArgumentSlot> Arguments(ulong code)
    {
        _objects.Begin();
        using var scope = _objects.ReadLasting();
        var slots = Slots(code, out _);
        var flags = Number(code + (ulong)_objects.Calls.CodeFlags);
        var positional = Number(code + (ulong)_objects.Values.CodeArgumentCount);
        var named = positional + Number(code + (ulong)_objects.Values.CodeKeywordOnlyCount);
        var count = Math.Min(ArgumentCount(code), slots.Count);
        var found = new List<ArgumentSlot>();
        for (var i = 0; i < count; i++)
        {
            var name = slots[i].Name;
            var cell = slots.FindIndex(count, slot => slot.IsCell && slot.Name == name);
            var stars = i < named ? "" : i == named && (flags & HasPositional) != 0 ? "*" : "**";
            // What takes the rest of the positional ones comes before those given by keyword, in the source.
            found.Insert(stars == "*" ? Math.Min(positional, found.Count) : found.Count, new ArgumentSlot(name, i, cell < 0 ? null : cell, stars));
        }

        return found;
    }

    /// <summary>Takes note that the type at an address may be another than before; only of frames that were copied.</summary>
    public void Forget(ulong type) => _objects.Forget(type);

    /// <summary>The object that an argument is bound to.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="argument">The argument.</param>
    /// <param name="value">The object; 0 when the argument is not bound.</param>
    /// <returns>False when that cannot be read.</returns>
    public bool TryRead(ulong frame, ArgumentSlot argument, out ulong value)
    {
        ArgumentNullException.ThrowIfNull(argument);
        _objects.Begin();
        var first = frame + (ulong)_objects.Values.FrameLocals;
        if (!_objects.TryReadPointer(first + (8 * (ulong)argument.Slot), out value))
        {
            return false;
        }

        value = Untagged(value);
        if (value == 0 && argument.Cell is { } place)
        {
            return !_objects.TryReadPointer(first + (8 * (ulong)place), out var cell) || cell == 0 || _objects.TryReadPointer(cell + (ulong)_objects.Values.CellValue, out value);
        }

        return value == 0 || _objects.TryGet(value, out var found) != ObjectState.Live || found.Type.Name != "cell"
            || _objects.TryReadPointer(value + (ulong)_objects.Values.CellValue, out value);
    }

    /// <summary>
    /// The bound variables of a frame: the arguments first, each kind in the order of the code object. What is kept in cells is taken out of them. Of code that is no function's,
    /// a module's or a class body's, those in its namespace follow, but for modules, classes, functions and names such as <c>__doc__</c>.
    /// </summary>
    /// <param name="frame">The frame; on 3.11 and later the <c>_PyInterpreterFrame</c>.</param>
    /// <param name="code">The code object it runs.</param>
    /// <param name="mostNamed">The most variables of a namespace.</param>
    /// <param name="variables">Filled with them.</param>
    /// <param name="left">How many there are beyond those in the namespace, at least.</param>
    /// <returns>False when the frame is gone by now, or runs something else.</returns>
    public bool TryRead(ulong frame, ulong code, int mostNamed, List<FrameVariable> variables, out int left)
    {
        ArgumentNullException.ThrowIfNull(variables);
        variables.Clear();
        left = 0;
        _objects.Begin();
        var slots = Slots(code, out var arguments);
        var values = _objects.ReadPointers(frame + (ulong)_objects.Values.FrameLocals, slots.Count);
        if (!_objects.TryReadPointer(frame + (ulong)_objects.Calls.FrameCode, out var now) || (now & ~(ulong)_objects.Calls.CodeTagMask) != code)
        {
            return false;
        }

        var found = new List<FrameVariable>();
        for (var i = 0; i < values.Length; i++)
        {
            var value = Untagged(values[i]);
            if (slots[i].IsCell && value != 0 && _objects.TryGet(value, out var cell) == ObjectState.Live && cell.Type.Name == "cell")
            {
                _objects.TryReadPointer(value + (ulong)_objects.Values.CellValue, out value);
            }

            if (value != 0 && slots[i].Name.Length > 0)
            {
                found.Add(new FrameVariable(slots[i].Name, value, arguments.Contains(slots[i].Name)));
            }
        }

        variables.AddRange(found.Where(variable => variable.IsArgument));
        variables.AddRange(found.Where(variable => !variable.IsArgument));
        if ((Number(code + (ulong)_objects.Calls.CodeFlags) & IsFunction) == 0 && _objects.TryReadPointer(frame + (ulong)_objects.Values.FrameNamespace, out var dictionary) && dictionary != 0)
        {
            AddNamespace(dictionary, mostNamed, variables, out left);
        }

        return true;
    }

    /// <summary>Adds what a namespace holds of values rather than of the program's parts.</summary>
    void AddNamespace(ulong dictionary, int most, List<FrameVariable> variables, out int left)
    {
        left = 0;
        var entries = new List<Entry>();
        // A class body's namespace can be anything that its metaclass made up (__prepare__).
        if (_objects.TryGet(dictionary, out var value) != ObjectState.Live || (value.Type.Flags & DictionaryFlag) == 0 || !DictionaryReader.TryRead(_objects, dictionary, MaximumVariables, entries, out var count))
        {
            return;
        }

        left = (int)Math.Clamp(count - entries.Count, 0, int.MaxValue);
        var added = 0;
        foreach (var entry in entries)
        {
            if (!_objects.TryReadText(entry.Key, 300, out var name) || (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal)) || IsPart(entry.Value))
            {
                continue;
            }

            if (added < most)
            {
                added++;
                variables.Add(new FrameVariable(name, entry.Value, IsArgument: false));
            }
            else
            {
                left++;
            }
        }
    }

    bool IsPart(ulong value) => _objects.TryGet(value, out var found) == ObjectState.Live
        && (ObjectReader.IsType(found.Type) || found.Type.Name is "module" or "function" or "builtin_function_or_method" or "classmethod" or "staticmethod" or "property");

    /// <summary>The object of a slot; 0 where there is none. Of the tag's values only 3 is no object but a number, which no variable holds (Include/internal/pycore_stackref.h).</summary>
    ulong Untagged(ulong slot)
    {
        var mask = (ulong)_objects.Values.SlotTagMask;
        return mask != 0 && (slot & mask) == mask ? 0 : slot & ~mask;
    }

    List<(string Name, bool IsCell)> Slots(ulong code, out HashSet<string> arguments)
    {
        var layout = _objects.Values;
        var slots = new List<(string Name, bool IsCell)>();
        arguments = [];
        var names = Names(code + (ulong)layout.CodeVariableNames);
        var kinds = layout.CodeVariableKinds is { } at && _objects.TryReadPointer(code + (ulong)at, out var bytes) ? Kinds(bytes, names.Count) : null;
        for (var i = 0; i < names.Count; i++)
        {
            slots.Add((names[i], kinds is not null && (kinds[i] & (ValueLayout.CellKind | ValueLayout.FreeKind)) != 0));
        }

        foreach (var name in names.Take(ArgumentCount(code)))
        {
            arguments.Add(name);
        }

        if (layout.CodeCellNames is { } cells && layout.CodeFreeNames is { } free)
        {
            slots.AddRange(Names(code + (ulong)cells).Concat(Names(code + (ulong)free)).Select(name => (name, true)));
        }

        return slots;
    }

    byte[]? Kinds(ulong address, int count)
    {
        var kinds = new byte[count];
        return _objects.TryRead(address + (ulong)_objects.Values.BytesData, kinds) ? kinds : null;
    }

    List<string> Names(ulong tuple)
    {
        var names = new List<string>();
        if (_objects.TryReadPointer(tuple, out var address) && _objects.TryReadInt64(address + (ulong)_objects.Values.ItemCount, out var count))
        {
            foreach (var name in _objects.ReadPointers(address + (ulong)_objects.Values.TupleItems, (int)Math.Clamp(count, 0, MaximumVariables)))
            {
                names.Add(_objects.TryReadText(name, 300, out var text) ? text : "");
            }
        }

        return names;
    }

    int ArgumentCount(ulong code)
    {
        var flags = Number(code + (ulong)_objects.Calls.CodeFlags);
        return Number(code + (ulong)_objects.Values.CodeArgumentCount) + Number(code + (ulong)_objects.Values.CodeKeywordOnlyCount) + ((flags & HasPositional) != 0 ? 1 : 0) + ((flags & HasKeywords) != 0 ? 1 : 0);
    }

    int Number(ulong address)
    {
        Span<byte> word = stackalloc byte[4];
        return _objects.TryRead(address, word) ? Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(word), 0, MaximumVariables) : 0;
    }
}
