using Sonde.Python.Layouts;
using Sonde.Symbols;

namespace Sonde.Python.Stacks;

/// <summary>The code objects of a target, decoded once each.</summary>
/// <param name="memory">The target's memory.</param>
/// <param name="version">Its interpreter's version.</param>
/// <param name="layout">The layout of its interpreter.</param>
/// <param name="codeType">The address of <c>PyCode_Type</c>; 0 when unknown, then any object that can be read as one is taken for a code object.</param>
/// <param name="qualify">Makes a qualified name of file, first line and plain name, for versions that do not store it (up to 3.10).</param>
/// <remarks>
/// An address can come to hold another code object once the first has been freed. So the identity of a known one is compared with memory again, at most
/// every <see cref="RecheckAfterMs"/> milliseconds. Not safe for concurrent use.
/// </remarks>
public sealed class CodeTable(IMemory memory, PythonVersion version, RuntimeLayout layout, ulong codeType, Func<string, int, string, string>? qualify = null)
{
    /// <summary>How long a code object is trusted without looking, in milliseconds.</summary>
    public const int RecheckAfterMs = 10;

    const int MostNameCharacters = 1000, MostPathCharacters = 4096, MostTableBytes = 16 << 20, MostInstructionBytes = 64 << 20, MostCodes = 1 << 20, MostVariables = 4096;

    readonly Dictionary<ulong, CodeObject> _known = [];
    readonly CallLayout _calls = layout.Calls;
    readonly byte[] _head = new byte[HeadBytes(layout)];

    /// <summary>How many code objects are known.</summary>
    public int Count => _known.Count;

    /// <summary>Goes up when a known code object turns out to be gone, or another to be where it was.</summary>
    internal int Changes { get; private set; }

    /// <summary>Finds the code object at an address.</summary>
    /// <returns>False when there is none, or its memory cannot be read.</returns>
    public bool TryGet(ulong code, out CodeObject found)
    {
        var now = Environment.TickCount64;
        var known = _known.TryGetValue(code, out found!);
        if (known && now - found.CheckedAtMs < RecheckAfterMs)
        {
            return true;
        }

        if (!memory.TryRead(code, _head))
        {
            return known && Forget(code);
        }

        var identity = Identify(_head);
        if (known && found.Identity == identity)
        {
            found.CheckedAtMs = now;
            return true;
        }

        if ((codeType != 0 && identity.Type != codeType) || !TryDecode(code, identity, out found))
        {
            found = null!;
            return known && Forget(code);
        }

        if (_known.Count >= MostCodes)
        {
            _known.Clear();
            Changes++;
        }

        Changes += known ? 1 : 0;
        found.CheckedAtMs = now;
        _known[code] = found;
        return true;
    }

    /// <summary>Compares those of the code objects that were not looked at for a while with memory, in one reading.</summary>
    /// <param name="codes">Addresses, of code objects or not; the more often one occurs the better it is to have it side by side.</param>
    internal void Recheck(ReadOnlySpan<ulong> codes)
    {
        const int batch = 64;
        Span<ulong> addresses = stackalloc ulong[batch];
        Span<int> lengths = stackalloc int[batch];
        var now = Environment.TickCount64;
        var count = 0;
        foreach (var code in codes)
        {
            if (!_known.TryGetValue(code, out var known) || now - known.CheckedAtMs < RecheckAfterMs)
            {
                continue;
            }

            known.CheckedAtMs = now;
            addresses[count] = code;
            lengths[count++] = _head.Length;
            if (count == batch)
            {
                Compare(addresses, lengths);
                count = 0;
            }
        }

        Compare(addresses[..count], lengths[..count]);
    }

    void Compare(ReadOnlySpan<ulong> addresses, ReadOnlySpan<int> lengths)
    {
        var size = _head.Length;
        var heads = System.Buffers.ArrayPool<byte>.Shared.Rent(Math.Max(1, addresses.Length * size));
        var read = addresses.IsEmpty ? 0 : memory.ReadGather(addresses, lengths, heads);
        for (var i = 0; i < addresses.Length; i++)
        {
            if (i >= read || Identify(heads.AsSpan(i * size, size)) != _known[addresses[i]].Identity)
            {
                Forget(addresses[i]);
            }
        }

        System.Buffers.ArrayPool<byte>.Shared.Return(heads);
    }

    CodeIdentity Identify(ReadOnlySpan<byte> head) => new(
        head.Word(_calls.ObjectType), head.Word(_calls.CodeName), head.Word(_calls.CodeFile), head.Word(_calls.CodeLineTable), head.Word(layout.CodeConstants), head.Int32(_calls.CodeFirstLine));

    internal IReadOnlyList<string> ReadVariableNames(CodeObject code) =>
        memory.TryRead(code.Address, _head) && Identify(_head) == code.Identity ? ReadNames(MemoryWords.Word(_head, layout.CodeVariableNames), MostVariables) : [];

    /// <summary>The instructions of a code object and what they name; null when they cannot be read (any more).</summary>
    internal CodeBody? ReadBody(CodeObject code)
    {
        const int most = 1 << 16, mostBytes = 1 << 20;
        var instructions = new byte[Math.Min(code.InstructionBytes, mostBytes)];
        if (!memory.TryRead(code.Address, _head) || Identify(_head) != code.Identity)
        {
            return null;
        }

        ReadOnlySpan<byte> head = _head;
        ulong names = head.Word(layout.CodeNames), variables = head.Word(layout.CodeVariableNames);
        ulong cells = layout.CodeCellNames is { } cellNames ? head.Word(cellNames) : 0, free = layout.CodeFreeNames is { } freeNames ? head.Word(freeNames) : 0;
        if (!memory.TryRead(code.Instructions, instructions) || !TryReadItems(head.Word(layout.CodeConstants), most, out var constants)
            || !TryReadItems(names, most, out var nameObjects))
        {
            return null;
        }

        return new CodeBody(BytecodeLayout.For(version), instructions, caches: layout.FrameFunction is not null)
        {
            Names = ReadNames(names, most),
            NameObjects = nameObjects,
            Variables = ReadNames(variables, MostVariables),
            Cells = cells == 0 ? [] : [.. ReadNames(cells, MostVariables), .. ReadNames(free, MostVariables)],
            Constants = constants,
        };
    }

    /// <summary>The strings of a tuple; those that are none are empty.</summary>
    internal IReadOnlyList<string> ReadNames(ulong tuple, int most)
    {
        if (!TryReadItems(tuple, most, out var items))
        {
            return [];
        }

        const int batch = 32;
        var names = new string[items.Length];
        var size = PythonText.HeadBytes(_calls);
        var heads = new byte[Math.Min(batch, items.Length) * size];
        Span<int> lengths = stackalloc int[batch];
        lengths.Fill(size);
        for (var done = 0; done < names.Length;)
        {
            var count = Math.Min(batch, names.Length - done);
            var read = memory.ReadGather(items.AsSpan(done, count), lengths[..count], heads);
            for (var i = 0; i < count; i++, done++)
            {
                names[done] = (i < read && PythonText.TryDecode(_calls, heads.AsSpan(i * size, size), MostNameCharacters, out var name))
                    || PythonText.TryRead(memory, _calls, items[done], MostNameCharacters, out name) ? name : "";
            }
        }

        return names;
    }

    /// <summary>The addresses of a tuple's items, cut to <paramref name="most"/>.</summary>
    internal bool TryReadItems(ulong tuple, int most, out ulong[] items)
    {
        const int itemCount = 16;
        items = [];
        if (!memory.TryReadWord(unchecked(tuple + itemCount), out var count) || count > int.MaxValue)
        {
            return false;
        }

        var words = new ulong[Math.Min((int)count, most)];
        if (!memory.TryRead(unchecked(tuple + (ulong)layout.TupleItems), System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan())))
        {
            return false;
        }

        items = words;
        return true;
    }

    /// <summary>The contents of a bytes object.</summary>
    internal bool TryReadBytes(ulong address, int most, out byte[] bytes)
    {
        const int byteCount = 16, firstByte = 32;
        bytes = [];
        if (!memory.TryReadWord(unchecked(address + byteCount), out var count) || count > (ulong)most)
        {
            return false;
        }

        var read = new byte[(int)count];
        if (!memory.TryRead(unchecked(address + firstByte), read))
        {
            return false;
        }

        bytes = read;
        return true;
    }

    bool Forget(ulong code)
    {
        _known.Remove(code);
        Changes++;
        return false;
    }

    bool TryDecode(ulong code, in CodeIdentity identity, out CodeObject found)
    {
        const int variableSize = 16, plainNameBefore = 8;
        found = null!;
        ReadOnlySpan<byte> head = _head;
        var flags = head.Int32(_calls.CodeFlags);
        var plain = _calls.NamesAreQualified ? head.Word(_calls.CodeName - plainNameBefore) : identity.Name;
        if (!PythonText.TryRead(memory, _calls, identity.Name, MostNameCharacters, out var function)
            || !PythonText.TryRead(memory, _calls, plain, MostNameCharacters, out var name)
            || !PythonText.TryRead(memory, _calls, identity.File, MostPathCharacters, out var file)
            || !TryReadBytes(identity.LineTable, MostTableBytes, out var lineTable))
        {
            return false;
        }

        // From 3.11 on the instructions are in the code object itself, whose size is in units of two bytes; before they are a bytes object.
        ulong instructions, size;
        if (layout.FrameFunction is not null)
        {
            instructions = unchecked(code + (ulong)layout.CodeInstructions);
            size = unchecked(2 * head.Word(variableSize));
        }
        else
        {
            const int firstByte = 32;
            var bytes = head.Word(layout.CodeInstructions);
            instructions = unchecked(bytes + firstByte);
            if (!memory.TryReadWord(unchecked(bytes + variableSize), out size))
            {
                return false;
            }
        }

        if (size > MostInstructionBytes)
        {
            return false;
        }

        found = new CodeObject(this, version, identity, lineTable)
        {
            Address = code,
            Name = name,
            Function = _calls.NamesAreQualified || qualify is null ? function : qualify(file, identity.FirstLine, function),
            File = file,
            FirstLine = identity.FirstLine,
            Flags = flags,
            Instructions = instructions,
            InstructionBytes = (int)size,
            FirstTraceableBytes = layout.CodeFirstTraceable is { } first ? unchecked(2 * head.Int32(first)) : 0,
        };
        return true;
    }

    /// <summary>The fields read of a code object end where its instructions begin (3.11 and later) or with the line table.</summary>
    static int HeadBytes(RuntimeLayout layout) => layout.FrameFunction is not null ? layout.CodeInstructions : layout.Calls.CodeLineTable + 8;
}
