using Sonde.Python.Layouts;
using Sonde.Symbols;

namespace Sonde.Python.Stacks;

/// <summary>Reads the stacks of threads that run on meanwhile, and gives only such as were there at one moment.</summary>
/// <param name="runtime">The runtime they belong to.</param>
/// <param name="codes">Its code objects.</param>
/// <remarks>Not safe for concurrent use.</remarks>
public sealed class StackReader(PythonRuntime runtime, CodeTable codes)
{
    /// <summary>The most frames of one stack; CPython's own limit is 1000 unless raised.</summary>
    public const int MostFrames = 1 << 16;

    readonly IMemory _memory = runtime.Memory;
    readonly RuntimeLayout _layout = runtime.Layout;
    readonly CallLayout _calls = runtime.Layout.Calls;
    readonly byte[] _head = new byte[Math.Max(runtime.Layout.FrameLocals, 128)];
    readonly List<RawFrame> _again = [];

    /// <summary>The code object of the function that the thread was in when its stack was last found <see cref="StackReadResult.Changed"/>; 0 when not even that is known.</summary>
    public ulong ChangedIn { get; private set; }

    /// <summary>Reads a thread's stack.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="innermostFirst">Filled with its frames; empty unless the result is <see cref="StackReadResult.Verified"/>.</param>
    /// <param name="budgetNs">How long to try again while the thread goes on, in nanoseconds.</param>
    public StackReadResult Read(in ThreadRecord thread, List<RawFrame> innermostFirst, long budgetNs = 1_000_000)
    {
        ArgumentNullException.ThrowIfNull(innermostFirst);
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        ChangedIn = 0;
        StackReadResult result;
        do
        {
            result = Walk(thread, innermostFirst);
            if (result != StackReadResult.Verified)
            {
                continue;
            }

            ChangedIn = innermostFirst[0].Code;
            if (Walk(thread, _again) == StackReadResult.Verified && Same(innermostFirst, _again))
            {
                return StackReadResult.Verified;
            }

            result = StackReadResult.Changed;
        }
        while (result == StackReadResult.Changed && System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalNanoseconds < budgetNs);

        innermostFirst.Clear();
        return result;
    }

    static bool Same(List<RawFrame> left, List<RawFrame> right) =>
        left.Count == right.Count && left[0] with { InstructionOffsetBytes = 0 } == right[0] with { InstructionOffsetBytes = 0 }
        && System.Runtime.InteropServices.CollectionsMarshal.AsSpan(left)[1..].SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(right)[1..]);

    StackReadResult Walk(in ThreadRecord thread, List<RawFrame> frames)
    {
        frames.Clear();
        if (!_memory.TryReadWord(unchecked(thread.Address + (ulong)_calls.ThreadFrame), out var frame)
            || (_calls.CFrameFrame is { } field && !_memory.TryReadWord(unchecked(frame + (ulong)field), out frame)))
        {
            return StackReadResult.Unreadable;
        }

        var fromC = _layout.FrameFunction is null;
        ReadOnlySpan<byte> head = _head;
        while (frame != 0)
        {
            if (frames.Count == MostFrames || !_memory.TryRead(frame, _head))
            {
                return StackReadResult.Changed;
            }

            var address = frame;
            frame = head.Word(_calls.FramePrevious);
            var owner = _calls.FrameOwner is { } ownerField ? head[ownerField] : (byte)0;
            const byte shim = 3;
            if (owner >= shim)
            {
                if (frames.Count > 0)
                {
                    frames[^1] = frames[^1] with { CalledFromC = true };
                }

                continue;
            }

            var code = head.Word(_calls.FrameCode) & ~(ulong)_calls.CodeTagMask;
            if (!codes.TryGet(code, out var found))
            {
                return StackReadResult.Changed;
            }

            var offset = _layout.FrameFunction is null
                ? head.Int32(_calls.FrameInstruction) * (runtime.Version.Minor == 10 ? 2 : 1)
                : unchecked((int)(head.Word(_calls.FrameInstruction) - found.Instructions));
            if (offset < -2 || offset > found.InstructionBytes)
            {
                return StackReadResult.Changed;
            }

            frames.Add(new RawFrame(address, code, offset, (FrameOwner)owner, fromC || (_layout.FrameIsEntry is { } entry && head[entry] != 0)));
        }

        return frames.Count == 0 ? StackReadResult.NoFrames : StackReadResult.Verified;
    }
}
