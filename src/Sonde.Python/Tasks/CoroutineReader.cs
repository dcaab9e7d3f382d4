using System.Buffers.Binary;
using Sonde.Python.Stacks;
using Sonde.Python.Values;

namespace Sonde.Python.Tasks;

/// <summary>Follows coroutines to what they await.</summary>
sealed class CoroutineReader(ObjectReader objects, PythonRuntime runtime, CodeTable codes)
{
    const int MaximumDepth = 1000;

    readonly TaskLayout _layout = TaskLayout.For(runtime.Version);

    /// <summary>The frames of a chain of coroutines, outermost first, and what the last one awaits, which is no coroutine.</summary>
    /// <param name="coroutine">The outermost.</param>
    /// <param name="frames">Gets the frames.</param>
    /// <param name="isRunning">Whether one of them runs just now.</param>
    /// <returns>The object awaited; 0 when there is none or it cannot be told.</returns>
    public ulong Follow(ulong coroutine, List<(RawFrame Raw, CodeObject Code)> frames, out bool isRunning)
    {
        HashSet<ulong> seen = [];
        isRunning = false;
        while (seen.Count < MaximumDepth && seen.Add(coroutine) && objects.TryGet(coroutine, out var value) == ObjectState.Live)
        {
            const ulong wrapped = 16;
            switch (value.Type.Name)
            {
                case "coroutine" or "generator" or "async_generator":
                    if (!TryReadFrame(coroutine, out var frame))
                    {
                        return 0;
                    }

                    frames.Add(frame);
                    isRunning = IsRunning(coroutine);
                    coroutine = isRunning ? 0 : Awaited(coroutine, frame);
                    if (coroutine == 0)
                    {
                        return 0;
                    }

                    break;
                // What __await__ and asynchronous generators put between (Objects/genobject.c), and what futures do (Modules/_asynciomodule.c): the object comes first in all of them.
                case "coroutine_wrapper" or "async_generator_asend" or "async_generator_athrow" or "anext_awaitable" or "FutureIter" or "_asyncio.FutureIter":
                    if (!objects.TryReadPointer(coroutine + wrapped, out coroutine))
                    {
                        return 0;
                    }

                    break;
                default:
                    return coroutine;
            }
        }

        return 0;
    }

    bool IsRunning(ulong coroutine)
    {
        Span<byte> state = stackalloc byte[1];
        if (_layout.Running is { } running)
        {
            return objects.TryRead(coroutine + (ulong)running, state) && state[0] != 0;
        }

        if (_layout.FrameState is { } at)
        {
            return objects.TryRead(coroutine + (ulong)at, state) && state[0] == 0;
        }

        // PyFrameObject.f_state of 3.10; 0 is FRAME_EXECUTING.
        const ulong frameState = 108;
        return objects.TryReadPointer(coroutine + (ulong)_layout.Frame, out var frame) && objects.TryRead(frame + frameState, state) && state[0] == 0;
    }

    bool TryReadFrame(ulong coroutine, out (RawFrame Raw, CodeObject Code) found)
    {
        found = default;
        var address = coroutine + (ulong)_layout.Frame;
        if (_layout.FrameState is null && !objects.TryReadPointer(address, out address))
        {
            return false;
        }

        var calls = objects.Calls;
        if (!objects.TryReadPointer(address + (ulong)calls.FrameCode, out var code) || !codes.TryGet(code &= ~(ulong)calls.CodeTagMask, out var known)
            || !objects.TryReadPointer(address + (ulong)calls.FrameInstruction, out var instruction))
        {
            return false;
        }

        var offset = _layout.FrameState is null
            ? (int)instruction * (runtime.Version.Minor == 10 ? 2 : 1)
            : unchecked((int)(instruction - known.Instructions));
        found = (new RawFrame(address, code, offset, FrameOwner.Generator, CalledFromC: false), known);
        return true;
    }

    /// <summary>What a suspended coroutine awaits stays on top of its stack of values; it can be suspended nowhere else.</summary>
    ulong Awaited(ulong coroutine, (RawFrame Raw, CodeObject Code) frame)
    {
        var address = frame.Raw.Address;
        var top = 0UL;
        var bottom = address + (ulong)objects.Values.FrameLocals;
        Span<byte> count = stackalloc byte[4];
        switch (_layout.Top)
        {
            case StackTop.Pointer:
                objects.TryReadPointer(address + 72, out top);
                objects.TryReadPointer(address + (ulong)(objects.Values.FrameValueStack ?? 64), out bottom);
                break;
            case StackTop.Depth when objects.TryRead(address + 80, count) && objects.TryReadPointer(address + 64, out bottom):
                top = bottom + (8 * (ulong)Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(count), 0, 1 << 20));
                break;
            case StackTop.Index when objects.TryRead(address + 64, count):
                top = bottom + (8 * (ulong)Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(count), 0, 1 << 20));
                bottom += Variables(frame.Raw.Code);
                break;
            case StackTop.TaggedPointer:
                objects.TryReadPointer(address + 64, out top);
                bottom += Variables(frame.Raw.Code);
                break;
        }

        // From 3.15 on something that is no object can lie on top of it.
        var mask = (ulong)objects.Values.SlotTagMask;
        for (var slot = top - 8; slot >= bottom && slot < top && top - slot <= 16; slot -= 8)
        {
            if (objects.TryReadPointer(slot, out var value) && (mask == 0 || (value & mask) != mask) && (value & ~mask) != 0)
            {
                return value & ~mask;
            }
        }

        return 0;
    }

    ulong Variables(ulong code)
    {
        Span<byte> count = stackalloc byte[4];
        return objects.TryRead(code + (ulong)objects.Values.CodeVariableCount, count) ? 8 * (ulong)Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(count), 0, 1 << 20) : 0;
    }
}
