using System.Buffers.Binary;
using Sonde.Python.Layouts;
using Sonde.Symbols;

namespace Sonde.Python.Values;

/// <summary>An object and its type.</summary>
readonly record struct PythonObject(ulong Address, PythonType Type);

/// <summary>What was found where an object should be.</summary>
enum ObjectState
{
    /// <summary>An object.</summary>
    Live,

    /// <summary>What is left of one that has been freed, or something that is no object.</summary>
    Freed,

    /// <summary>Memory that cannot be read.</summary>
    Unreadable,
}

/// <summary>Reads objects out of memory that may change, or be anything, at any time. What it reads at once, and in one go altogether, is bounded.</summary>
/// <param name="memory">Where the objects are.</param>
/// <param name="lasting">Where types are, and what belongs to them: the same, but for objects that were copied earlier.</param>
/// <param name="version">The interpreter's version.</param>
/// <param name="calls">Its layout.</param>
/// <param name="values">Its layout.</param>
sealed class ObjectReader(IMemory memory, IMemory lasting, PythonVersion version, CallLayout calls, ValueLayout values)
{
    /// <summary>How many bytes one rendering may read.</summary>
    const long MaximumBytes = 8 << 20;

    const int MaximumReads = 100_000;

    /// <summary>More types are only met in damaged memory.</summary>
    const int MaximumTypes = 4096;

    /// <summary><c>PyTypeObject</c> up to and with <c>tp_mro</c>, at the same offsets in every version known.</summary>
    const int TypeBytes = 352;

    const int BasicSize = 32, ItemSize = 40, Members = 240, Base = 256, TypeDictionary = 264, DictionaryOffset = 288, ResolutionOrder = 344;

    /// <summary>No real object is as large, so that sums of an address and a few of these do not overflow.</summary>
    const long MaximumSize = 1L << 40;

    readonly Dictionary<ulong, PythonType> _types = [];
    long _bytesLeft;
    int _readsLeft;
    int _generation;
    int _lastingScopes;
    bool _missWasUnreadable;

    readonly CapturedMemory? _captured = memory as CapturedMemory;

    /// <summary>Reads objects where everything is in one memory.</summary>
    public ObjectReader(IMemory memory, PythonVersion version, CallLayout calls, ValueLayout values)
        : this(memory, memory, version, calls, values)
    {
    }

    public PythonVersion Version => version;

    public CallLayout Calls => calls;

    public ValueLayout Values => values;

    public ObjectLayout Layout { get; } = ObjectLayout.For(version);

    /// <summary>What stands for something that cannot be read: it is no memory, or it was not copied when the rest was.</summary>
    public string Missing
    {
        get
        {
            Missed++;
            return _captured is null || _missWasUnreadable ? "<unreadable>" : "<not captured>";
        }
    }

    /// <summary>Whether the objects are what was copied earlier, and nothing can be read besides.</summary>
    public bool IsCaptured => _captured is not null;

    /// <summary>What stands for a container that is another than a moment ago; of what was copied, for one that was not copied whole.</summary>
    public string Changed => _captured is null ? "<changed>" : Missing;

    /// <summary>What stands for a name that cannot be read.</summary>
    public string MissingName => _captured is null ? "?" : Missing;

    /// <summary>How often <see cref="Missing"/> was needed since <see cref="Begin"/>.</summary>
    public int Missed { get; private set; }

    /// <summary>No more is read: what is being read is far larger, or more tangled, than anything worth showing.</summary>
    public bool IsExhausted => _bytesLeft <= 0 || _readsLeft <= 0;

    /// <summary>Begins to read a value; what is known of types is looked at again.</summary>
    public void Begin()
    {
        _bytesLeft = MaximumBytes;
        _readsLeft = MaximumReads;
        Missed = 0;
        _generation++;
        if (_types.Count > MaximumTypes)
        {
            _types.Clear();
        }
    }

    public bool TryRead(ulong address, Span<byte> destination)
    {
        _bytesLeft -= destination.Length;
        _readsLeft--;
        if (IsExhausted)
        {
            return false;
        }

        var read = (_lastingScopes > 0 ? lasting : memory).TryRead(address, destination);
        if (!read)
        {
            _missWasUnreadable = _captured is null || _captured.WasUnreadable(address);
        }

        return read;
    }

    /// <summary>Until it is disposed of, what is read belongs to types and other things that last.</summary>
    public LastingScope ReadLasting()
    {
        _lastingScopes++;
        return new LastingScope(this);
    }

    /// <summary>A type may be another by now, or have a new name.</summary>
    public void Forget(ulong type) => _types.Remove(type);

    /// <summary>Ends a stretch of reading what lasts.</summary>
    public readonly ref struct LastingScope(ObjectReader reader)
    {
        public void Dispose() => reader._lastingScopes--;
    }

    public bool TryReadPointer(ulong address, out ulong value)
    {
        Span<byte> word = stackalloc byte[8];
        var read = TryRead(address, word);
        value = read ? BinaryPrimitives.ReadUInt64LittleEndian(word) : 0;
        return read;
    }

    public bool TryReadInt64(ulong address, out long value)
    {
        var read = TryReadPointer(address, out var word);
        value = (long)word;
        return read;
    }

    /// <summary>Reads pointers one after the other; as many as can be read, where not all can.</summary>
    public ulong[] ReadPointers(ulong address, int count)
    {
        var bytes = new byte[8 * Math.Max(0, count)];
        if (!TryRead(address, bytes))
        {
            for (count = 0; 8 * count < bytes.Length && TryRead(address + (8UL * (ulong)count), bytes.AsSpan(8 * count, 8)); count++)
            {
            }
        }

        var pointers = new ulong[count];
        for (var i = 0; i < count; i++)
        {
            pointers[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8 * i));
        }

        return pointers;
    }

    /// <summary>Looks what is at an address.</summary>
    public ObjectState TryGet(ulong address, out PythonObject found)
    {
        found = default;
        Span<byte> head = stackalloc byte[16];
        if (!TryRead(address, head))
        {
            return ObjectState.Unreadable;
        }

        if (!IsAlive(BinaryPrimitives.ReadUInt64LittleEndian(head)))
        {
            return ObjectState.Freed;
        }

        if (!TryGetType(BinaryPrimitives.ReadUInt64LittleEndian(head[8..]), out var type))
        {
            // What was copied was an object then: its type is what is missing.
            return _captured is null ? ObjectState.Freed : ObjectState.Unreadable;
        }

        // The type as it was when the object was copied; one that came to lie there since says nothing about it.
        if (_captured is not null && _lastingScopes == 0 && _captured.TypeMark(address) != type.Mark)
        {
            _missWasUnreadable = false;
            return ObjectState.Unreadable;
        }

        found = new PythonObject(address, type);
        return ObjectState.Live;
    }

    /// <summary>Whether a reference count is one: the allocators keep a pointer to the next free block there, or 0.</summary>
    bool IsAlive(ulong count) => Layout.ShortReferenceCount ? (uint)count != 0 && (count >> 32 & 0xffff) == 0 : count is > 0 and <= uint.MaxValue;

    /// <summary>Reads a type object.</summary>
    /// <returns>False when it is none: when its own type's instances are not types.</returns>
    public bool TryGetType(ulong address, out PythonType type)
    {
        using var scope = ReadLasting();
        // Of copied objects a type that is not what it was is told anew, and forgotten.
        if (_types.TryGetValue(address, out var known) && (known.Checked == _generation || _captured is not null))
        {
            type = known;
            return true;
        }

        type = null!;
        Span<byte> raw = stackalloc byte[TypeBytes];
        if (address % 8 != 0 || !TryRead(address, raw) || !IsAlive(BinaryPrimitives.ReadUInt64LittleEndian(raw)))
        {
            return false;
        }

        var flags = BinaryPrimitives.ReadUInt64LittleEndian(raw[values.TypeFlags..]);
        // Flags that come and go while a type is used: the version tag is valid, a specialization is cached.
        const ulong lasting = PythonType.HeapFlag | PythonType.TypeFlag | PythonType.ManagedDictionaryFlag | PythonType.InlineValuesFlag | 0xff00_0000;
        var identity = (
            BinaryPrimitives.ReadUInt64LittleEndian(raw[values.TypeName..]), BinaryPrimitives.ReadUInt64LittleEndian(raw[TypeDictionary..]),
            BinaryPrimitives.ReadUInt64LittleEndian(raw[Base..]), flags & lasting);
        if (known is not null && known.Identity == identity)
        {
            known.Checked = _generation;
            type = known;
            return true;
        }

        var meta = BinaryPrimitives.ReadUInt64LittleEndian(raw[calls.ObjectType..]);
        if (!IsFirst(address, BinaryPrimitives.ReadUInt64LittleEndian(raw[ResolutionOrder..])) || !TryReadPointer(meta + (ulong)values.TypeFlags, out var metaFlags) || (metaFlags & PythonType.TypeFlag) == 0 || !TryReadName(identity.Item1, out var name) || name.Length == 0)
        {
            return false;
        }

        type = new PythonType
        {
            Address = address,
            Name = name,
            Meta = meta,
            Flags = flags,
            BasicSize = BinaryPrimitives.ReadInt64LittleEndian(raw[BasicSize..]),
            ItemSize = BinaryPrimitives.ReadInt64LittleEndian(raw[ItemSize..]),
            DictionaryOffset = BinaryPrimitives.ReadInt64LittleEndian(raw[DictionaryOffset..]),
            Base = identity.Item3,
            Dictionary = identity.Item2,
            Members = BinaryPrimitives.ReadUInt64LittleEndian(raw[Members..]),
            Identity = identity,
            Checked = _generation,
            Mark = CapturedMemory.MarkOf(identity.Item1, BinaryPrimitives.ReadInt64LittleEndian(raw[BasicSize..])),
        };
        _types[address] = type;
        return type.BasicSize is > 0 and < MaximumSize && type.ItemSize is >= 0 and < MaximumSize && Math.Abs(type.DictionaryOffset) < MaximumSize;
    }

    /// <summary>Every type comes first in its own method resolution order, which memory that holds something else by now hardly says by chance.</summary>
    /// <remarks>Up to 3.9 some types of the interpreter's own, such as what an asynchronous generator is awaited through, never get one (no <c>PyType_Ready</c>).</remarks>
    bool IsFirst(ulong type, ulong order) =>
        order == 0 ? version.Minor < 10 : TryReadPointer(order + (ulong)values.TupleItems, out var first) && first == type;

    /// <summary>The type and those it derives from by its first base each.</summary>
    public IEnumerable<PythonType> Ancestors(PythonType type)
    {
        for (var depth = 0; depth < 64; depth++)
        {
            yield return type;
            if (type.Base == 0 || !TryGetType(type.Base, out type))
            {
                yield break;
            }
        }
    }

    /// <summary>Module and qualified name of a type, without the module where it is <c>builtins</c>.</summary>
    public string FullName(PythonType type)
    {
        if (type.FullName is null)
        {
            using var scope = ReadLasting();
            type.FullName = type.IsHeap && DictionaryReader.TryFind(this, type.Dictionary, "__module__", out var module) && TryReadText(module, 300, out var name) && name != "builtins"
                ? $"{PythonLiteral.Safe(name)}.{QualifiedName(type)}"
                : type.IsHeap ? QualifiedName(type) : type.Name;
        }

        return type.FullName;
    }

    /// <summary><c>__qualname__</c> of a class.</summary>
    public string QualifiedName(PythonType type)
    {
        using var scope = ReadLasting();
        return type.IsHeap && TryReadPointer(type.Address + (ulong)Layout.TypeQualifiedName, out var name) && TryReadText(name, 300, out var text) ? PythonLiteral.Safe(text) : type.ShortName;
    }

    /// <summary>A C string, made safe to show.</summary>
    public bool TryReadName(ulong address, out string name)
    {
        const int longest = 256, page = 4096;
        Span<byte> bytes = stackalloc byte[longest];
        var first = Math.Min(longest, page - (int)(address % page));
        name = "";
        using var scope = ReadLasting();
        if (address == 0)
        {
            return false;
        }

        int end;
        if (TryRead(address, bytes[..first]))
        {
            end = bytes[..first].IndexOf((byte)0);
            if (end < 0 && first < longest && TryRead(address + (ulong)first, bytes[first..]))
            {
                end = bytes.IndexOf((byte)0);
            }
        }
        else
        {
            // Of a program that has ended no more than the name may be known.
            for (end = 0; end < longest && TryRead(address + (ulong)end, bytes.Slice(end, 1)) && bytes[end] != 0; end++)
            {
            }

            end = end < longest && bytes[end] == 0 ? end : -1;
        }

        name = end < 0 ? "" : PythonLiteral.Safe(System.Text.Encoding.UTF8.GetString(bytes[..end]));
        return end >= 0;
    }

    /// <summary>Where the characters of a string object are.</summary>
    /// <param name="text">The address of the string object.</param>
    /// <param name="data">The address of the first character.</param>
    /// <param name="size">Bytes a character: 1, 2 or 4.</param>
    /// <param name="length">In characters.</param>
    public bool TryFindText(ulong text, out ulong data, out int size, out long length)
    {
        (data, size, length) = (0, 0, 0);
        Span<byte> head = stackalloc byte[80];
        if (!TryRead(text, head[..56]))
        {
            return false;
        }

        length = BinaryPrimitives.ReadInt64LittleEndian(head[calls.TextLength..]);
        var state = BinaryPrimitives.ReadUInt32LittleEndian(head[calls.TextState..]);
        size = (int)(state >> 2 & 7);
        const uint compact = 1 << 5;
        if ((state & compact) != 0)
        {
            data = text + (ulong)(PythonText.IsAscii(state) ? calls.TextAscii : calls.TextCompact);
        }
        else if (size != 0)
        {
            return TryReadPointer(text + (ulong)Layout.TextPointer, out data) && size is 1 or 2 or 4 && length >= 0;
        }
        else if (Layout.WideText)
        {
            // PyASCIIObject.wstr and PyCompactUnicodeObject.wstr_length of strings that are not ready (Include/cpython/unicodeobject.h, up to 3.11).
            size = 4;
            return TryReadPointer(text + 40, out data) && TryReadInt64(text + 64, out length) && length >= 0;
        }

        return size is 1 or 2 or 4 && length >= 0;
    }

    /// <summary>Reads a string object that is no longer than that.</summary>
    public bool TryReadText(ulong address, int longest, out string text)
    {
        text = "";
        if (address == 0 || !TryFindText(address, out var data, out var size, out var length) || length > longest)
        {
            return false;
        }

        var bytes = new byte[length * size];
        if (!TryRead(data, bytes))
        {
            return false;
        }

        // The state of a compact string of that width, which is all that decoding looks at.
        text = PythonText.Decode((1u << 5) | ((uint)size << 2), bytes);
        return true;
    }

    /// <summary>Whether an object is a string.</summary>
    public static bool IsText(PythonType type) => (type.Flags & (ulong)ValueLayout.TextFlag) != 0;

    /// <summary>Whether an object is a type.</summary>
    public static bool IsType(PythonType type) => (type.Flags & PythonType.TypeFlag) != 0;
}
