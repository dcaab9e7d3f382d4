namespace Sonde.Python.Stacks;

/// <summary>What a frame's memory belongs to (Include/internal/pycore_frame.h, <c>enum _frameowner</c>, 3.11 and later).</summary>
public enum FrameOwner : byte
{
    /// <summary>The thread's data stack, or up to 3.10 nothing but itself.</summary>
    Thread,

    /// <summary>A generator, coroutine or asynchronous generator.</summary>
    Generator,

    /// <summary>A frame object that outlived the call.</summary>
    FrameObject,
}
