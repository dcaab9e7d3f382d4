using Sonde.Python.Stacks;
using Sonde.Symbols;

namespace Sonde.Python.Tasks;

/// <summary>Reads the greenlets of a program and the stacks of those that are suspended.</summary>
/// <remarks>
/// <para>
/// Greenlets are found in the lists of the garbage collector. Those lie before the field that tells whether it runs, each with a head that both its first and its last object
/// point back to (<c>struct _gc_runtime_state</c>, Include/internal/pycore_gc.h and its like), which is how they are recognized, whatever the version.
/// </para>
/// <para>
/// A suspended greenlet owns the frame object of its innermost frame, and a running one owns none: <c>PythonState::_top_frame</c> of src/greenlet/greenlet_greenlet.hpp (2.0 and later),
/// <c>top_frame</c> of greenlet.h before. Where it lies depends on the versions of both; it is the one word there that points to a frame object. Where its stack begins and ends come one after
/// the other (<c>StackState</c>); the thread's first greenlet has no end. What does not fit is left out. Not safe for concurrent use.
/// </para>
/// </remarks>
/// <param name="runtime">The runtime.</param>
/// <param name="codes">Its code objects.</param>
public sealed class GreenletReader(PythonRuntime runtime, CodeTable codes)
{
    /// <summary>More objects are not gone through; <see cref="IsCut"/> tells.</summary>
    public const int MostObjects = 4_000_000;

    /// <summary>More greenlets are not read.</summary>
    public const int MostGreenlets = 10_000;

    /// <summary>More frames are not read, of all greenlets together.</summary>
    public const int MostFrames = 100_000;

    /// <summary>More types are not asked what they inherit from.</summary>
    const int MostTypes = 10_000;

    /// <summary>What lies before an object that is collected (<c>PyGC_Head</c>): the next one and the one before, with flags in the lowest bits.</summary>
    const int HeadBytes = 16;
    const ulong Links = ~3UL;

    /// <summary>Up to <c>_top_frame</c>, in the layout of every version from 2.0 on, and short of the next object.</summary>
    const int StateBytes = 136;

    /// <summary>The object: header, weak references, attributes, and since 2.0 a pointer to the state.</summary>
    const int StateField = 32, ObjectWithState = 40;

    readonly IMemory _memory = runtime.Memory;
    readonly Dictionary<ulong, ulong> _greenletTypes = [];
    readonly byte[] _state = new byte[512];
    readonly HashSet<ulong> _framesOfStack = [];
    int _objects;
    int _frames;

    /// <summary>Whether the last reading did not see everything: there are too many objects, greenlets or frames, they changed all the time, or the lists were not found.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The greenlets that have begun and not ended.</summary>
    /// <param name="isStack">Whether an address is in the stack of a thread.</param>
    public IReadOnlyList<PythonGreenlet> Read(Func<ulong, bool> isStack)
    {
        ArgumentNullException.ThrowIfNull(isStack);
        IsCut = false;
        _objects = _frames = 0;
        _greenletTypes.Clear();
        HashSet<ulong> found = [];
        foreach (var interpreter in runtime.ReadInterpreters())
        {
            var heads = FindLists(interpreter);
            IsCut |= heads.Count == 0;
            foreach (var head in heads)
            {
                FindIn(head, found);
            }
        }

        return [.. found.Select(address => ReadGreenlet(address, isStack)).OfType<PythonGreenlet>()];
    }

    List<ulong> FindLists(ulong interpreter)
    {
        const int most = 400;
        List<ulong> heads = [];
        Span<byte> before = stackalloc byte[most];
        ReadOnlySpan<byte> words = before;
        var field = runtime.CollectingField(interpreter);
        if (field <= most || !_memory.TryRead(field - most, before))
        {
            return heads;
        }

        // Not all builds align the heads to eight bytes.
        const int step = 4;
        for (var at = 0; at + HeadBytes <= most; at += step)
        {
            var head = field - most + (ulong)at;
            var (first, last) = (words.Word(at) & Links, words.Word(at + 8) & Links);
            if (first != head && first != 0 && _memory.TryReadWord(unchecked(first + 8), out var back) && (back & Links) == head
                && _memory.TryReadWord(last, out var forth) && (forth & Links) == head)
            {
                heads.Add(head);
            }
        }

        return heads;
    }

    /// <summary>Goes through a list, which changes meanwhile: every object must point back to where one came from.</summary>
    void FindIn(ulong head, HashSet<ulong> found)
    {
        const int attempts = 5;
        Span<byte> bytes = stackalloc byte[HeadBytes + 16];
        ReadOnlySpan<byte> words = bytes;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            var from = head;
            _memory.TryReadWord(head, out var at);
            at &= Links;
            while (at != head && _memory.TryRead(at, bytes) && (words.Word(8) & Links) == from)
            {
                var isGreenlet = IsGreenlet(words.Word(HeadBytes + 8));
                if (_objects == MostObjects || (isGreenlet && found.Count == MostGreenlets && !found.Contains(at + HeadBytes)))
                {
                    IsCut = true;
                    return;
                }

                _objects++;
                if (isGreenlet)
                {
                    found.Add(at + HeadBytes);
                }

                (from, at) = (at, words.Word(0) & Links);
            }

            if (at == head)
            {
                return;
            }
        }

        IsCut = true;
    }

    bool IsGreenlet(ulong type)
    {
        if (!_greenletTypes.TryGetValue(type, out var greenlet))
        {
            if (_greenletTypes.Count == MostTypes)
            {
                IsCut = true;
                return false;
            }

            _greenletTypes.Add(type, greenlet = FindGreenlet(type));
        }

        return greenlet != 0;
    }

    /// <summary>The type <c>greenlet.greenlet</c> among a type and those it inherits from first; 0 when it is none of them.</summary>
    ulong FindGreenlet(ulong type)
    {
        const int deepest = 32, inherited = 256; // tp_base
        for (var depth = 0; type != 0 && depth < deepest; depth++)
        {
            if (runtime.ReadNameOfType(type) == "greenlet.greenlet")
            {
                return type;
            }

            _memory.TryReadWord(unchecked(type + inherited), out type);
        }

        return 0;
    }

    PythonGreenlet? ReadGreenlet(ulong address, Func<ulong, bool> isStack)
    {
        const int typeField = 8, sizeField = 32; // tp_basicsize
        if (!_memory.TryReadWord(address + typeField, out var type) || !IsGreenlet(type) || !_memory.TryReadWord(_greenletTypes[type] + sizeField, out var size))
        {
            return null;
        }

        var (state, bytes) = (address, (int)Math.Min(size, (ulong)_state.Length));
        if (size == ObjectWithState)
        {
            bytes = StateBytes;
            _memory.TryReadWord(address + StateField, out state);
        }

        if (state == 0 || !_memory.TryRead(state, _state.AsSpan(0, bytes)))
        {
            return null;
        }

        var greenlet = new PythonGreenlet { Address = address, Type = runtime.ReadNameOfType(type) ?? "greenlet.greenlet" };
        return Describe(greenlet, state, _state.AsSpan(0, bytes & ~7), isStack);
    }

    PythonGreenlet? Describe(PythonGreenlet greenlet, ulong state, ReadOnlySpan<byte> words, Func<ulong, bool> isStack)
    {
        const ulong started = 1, noEnd = ulong.MaxValue;
        var isActive = false;
        for (var at = HeadBytes; at + 16 <= words.Length && !isActive; at += 8)
        {
            var (begin, end) = (words.Word(at), words.Word(at + 8));
            var (beginsInStack, endsInStack) = (isStack(begin), isStack(end));
            isActive = (beginsInStack && (endsInStack || end == noEnd)) || (begin == started && (endsInStack || end == noEnd));
            greenlet = isActive ? greenlet with { IsMain = end == noEnd, StackAddress = endsInStack ? end : beginsInStack ? begin : 0 } : greenlet;
        }

        if (!isActive)
        {
            return null;
        }

        for (var at = HeadBytes; at + 8 <= words.Length; at += 8)
        {
            var top = words.Word(at);
            if (top % 8 != 0 || top < 1 << 16 || runtime.ReadTypeName(top) != "frame")
            {
                continue;
            }

            // It may go on while its frames are read: then it gives the frame object up.
            var frames = Follow(top, out var isCut);
            return _memory.TryReadWord(state + (ulong)at, out var still) && still == top ? greenlet with { Frames = frames, IsCut = isCut } : null;
        }

        return greenlet with { IsRunning = true };
    }

    /// <summary>The frames of a suspended stack, innermost first.</summary>
    List<(RawFrame Raw, CodeObject Code)> Follow(ulong frameObject, out bool isCut)
    {
        const int frameInObject = 24; // PyFrameObject.f_frame, 3.11 and later
        var calls = runtime.Layout.Calls;
        var isInline = runtime.Layout.FrameFunction is not null;
        List<(RawFrame, CodeObject)> frames = [];
        var address = frameObject;
        isCut = isInline && !_memory.TryReadWord(frameObject + frameInObject, out address);
        _framesOfStack.Clear();
        while (address != 0 && !isCut)
        {
            var previous = 0UL;
            isCut = _frames == MostFrames || !_framesOfStack.Add(address) || !_memory.TryReadWord(unchecked(address + (ulong)calls.FrameCode), out var code) || !codes.TryGet(code &= ~(ulong)calls.CodeTagMask, out var known)
                || !_memory.TryReadWord(unchecked(address + (ulong)calls.FrameInstruction), out var instruction) || !_memory.TryReadWord(unchecked(address + (ulong)calls.FramePrevious), out previous)
                || !Add(address, code, known, instruction);
            address = previous;
        }

        IsCut |= _frames == MostFrames;
        return frames;

        bool Add(ulong frame, ulong code, CodeObject known, ulong instruction)
        {
            var offset = isInline ? unchecked((long)(instruction - known.Instructions)) : (int)instruction * (runtime.Version.Minor == 10 ? 2L : 1);
            if (offset < -2 || offset >= Math.Max(known.InstructionBytes, 1))
            {
                return false;
            }

            _frames++;
            frames.Add((new RawFrame(frame, code, (int)offset, FrameOwner.Thread, CalledFromC: false), known));
            return true;
        }
    }
}
