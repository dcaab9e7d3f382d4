using System.Buffers.Binary;
using Sonde.Python.Layouts;
using Sonde.Python.Values;

namespace Sonde.Python.Stacks;

/// <summary>Reads the names that Python code knows its threads by.</summary>
/// <remarks>
/// Only the module <c>threading</c> knows them: its dict <c>_active</c> has a <c>Thread</c> object for each <c>get_ident()</c>, which is what
/// <c>pthread_self()</c> gives (Lib/threading.py of every version; the attribute has been <c>_name</c> since 3.0).
/// </remarks>
public sealed class ThreadNames
{
    const int MostThreads = 1 << 16, MostCharacters = 200;

    readonly PythonRuntime _runtime;
    readonly ObjectReader _objects;

    /// <summary>Reads names of a runtime's threads.</summary>
    /// <param name="runtime">The runtime.</param>
    public ThreadNames(PythonRuntime runtime)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        _runtime = runtime;
        _objects = new ObjectReader(runtime.Memory, runtime.Version, runtime.Layout.Calls, ValueLayout.For(runtime.Version));
    }

    /// <summary>The names of an interpreter's threads by their <see cref="ThreadRecord.PthreadId"/>; empty where <c>threading</c> was never imported.</summary>
    /// <param name="interpreter">The interpreter.</param>
    public IReadOnlyDictionary<ulong, string> Read(ulong interpreter)
    {
        const int moduleDictionary = 16;
        Dictionary<ulong, string> names = [];
        List<Entry> threads = [];
        _objects.Begin();
        if (!_objects.TryReadPointer(unchecked(interpreter + (ulong)_runtime.Layout.InterpreterModules), out var modules)
            || !DictionaryReader.TryFind(_objects, modules, "threading", out var threading)
            || !_objects.TryReadPointer(unchecked(threading + moduleDictionary), out var globals)
            || !DictionaryReader.TryFind(_objects, globals, "_active", out var active)
            || !DictionaryReader.TryRead(_objects, active, MostThreads, threads, out _))
        {
            return names;
        }

        foreach (var thread in threads)
        {
            // Each may take what one value may: a damaged one must not hide the others.
            _objects.Begin();
            if (TryReadNumber(thread.Key, out var id) && _objects.TryGet(thread.Value, out var found) == ObjectState.Live
                && InstanceFields.TryFind(_objects, found, "_name", out var text) && _objects.TryReadText(text, MostCharacters, out var name))
            {
                names[id] = name;
            }
        }

        return names;
    }

    /// <summary>Reads an int of up to 64 bits, as those of <c>get_ident()</c> are.</summary>
    bool TryReadNumber(ulong address, out ulong number)
    {
        const int bitsPerDigit = 30, mostDigits = 3;
        var layout = _objects.Values;
        Span<byte> digits = stackalloc byte[4 * mostDigits];
        number = 0;
        if (!_objects.TryReadInt64(unchecked(address + (ulong)layout.IntegerSize), out var size))
        {
            return false;
        }

        var count = layout.IntegerSizeIsTag ? size >> 3 : size;
        if (count is < 1 or > mostDigits || !_objects.TryRead(unchecked(address + (ulong)layout.IntegerDigits), digits[..(int)(4 * count)]))
        {
            return false;
        }

        for (var i = (int)count - 1; i >= 0; i--)
        {
            number = number << bitsPerDigit | BinaryPrimitives.ReadUInt32LittleEndian(digits[(4 * i)..]);
        }

        return true;
    }
}
