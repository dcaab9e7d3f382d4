using System.Runtime.InteropServices;
using Sonde.Python.Layouts;
using Sonde.Symbols;

namespace Sonde.Python.Stacks;

/// <summary>Finds entries of dicts (<c>PyDictObject</c>, Include/cpython/dictobject.h; Objects/dict-common.h, from 3.11 on Include/internal/pycore_dict.h).</summary>
/// <remarks>The dict changes meanwhile: an entry can be missed, or be one that was there a moment ago.</remarks>
sealed class DictReader(PythonRuntime runtime)
{
    const int MostEntries = 1 << 20, Keys = 32, Values = 40;

    readonly IMemory _memory = runtime.Memory;
    readonly bool _compact = runtime.Version.Minor >= 11;
    readonly int _valuesHead = runtime.Version.Minor >= 13 ? 8 : 0;

    /// <summary>The value under a key, given as the address of its object.</summary>
    public bool TryFind(ulong dict, ulong key, out ulong value)
    {
        value = 0;
        foreach (var entry in Entries(dict))
        {
            if (entry.Key == key)
            {
                value = entry.Value;
                return true;
            }
        }

        return false;
    }

    /// <summary>The value under a string key.</summary>
    public bool TryFind(ulong dict, string key, out ulong value)
    {
        value = 0;
        foreach (var entry in Entries(dict))
        {
            if (PythonText.TryRead(_memory, runtime.Layout.Calls, entry.Key, key.Length + 1, out var text) && text == key)
            {
                value = entry.Value;
                return true;
            }
        }

        return false;
    }

    /// <summary>The entries that are in use, as addresses of objects; empty when the dict cannot be read.</summary>
    public IReadOnlyList<(ulong Key, ulong Value)> Entries(ulong dict)
    {
        if (!_memory.TryReadWord(unchecked(dict + Keys), out var keys) || !_memory.TryReadWord(unchecked(dict + Values), out var values))
        {
            return [];
        }

        Span<byte> head = stackalloc byte[40];
        if (!_memory.TryRead(keys, head[..(_compact ? 32 : 40)]))
        {
            return [];
        }

        ReadOnlySpan<byte> read = head;
        ulong count, indexBytes;
        var general = true;
        if (_compact)
        {
            const int log2IndexBytes = 9, kind = 10, used = 24;
            count = read.Word(used);
            indexBytes = 32 + (1UL << Math.Min((int)head[log2IndexBytes], 40));
            general = head[kind] == 0;
        }
        else
        {
            const int size = 8, used = 32;
            count = read.Word(used);
            var slots = read.Word(size);
            indexBytes = unchecked(40 + slots * (slots <= 0xff ? 1UL : slots <= 0xffff ? 2UL : slots <= 0xffff_ffff ? 4UL : 8UL));
        }

        if (count > MostEntries)
        {
            return [];
        }

        var words = new ulong[count * (general ? 3UL : 2UL)];
        if (!_memory.TryRead(unchecked(keys + indexBytes), MemoryMarshal.AsBytes(words.AsSpan())))
        {
            return [];
        }

        var split = new ulong[values == 0 ? 0 : count];
        if (!_memory.TryRead(unchecked(values + (ulong)_valuesHead), MemoryMarshal.AsBytes(split.AsSpan())))
        {
            return [];
        }

        List<(ulong, ulong)> entries = new((int)count);
        for (var i = 0; i < (int)count; i++)
        {
            var key = general ? words[3 * i + 1] : words[2 * i];
            var value = values != 0 ? split[i] : general ? words[3 * i + 2] : words[2 * i + 1];
            if (key != 0 && value != 0)
            {
                entries.Add((key, value));
            }
        }

        return entries;
    }
}
