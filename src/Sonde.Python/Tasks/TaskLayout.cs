namespace Sonde.Python.Tasks;

/// <summary>Where tasks and coroutines have their fields. Offsets in bytes, 64-bit Linux.</summary>
/// <remarks><c>TaskObj</c> of Modules/_asynciomodule.c, <c>PyCoroObject</c> of Include/cpython/genobject.h, frames of Include/internal/pycore_frame.h (Include/frameobject.h up to 3.10) of each minor version.</remarks>
sealed record TaskLayout
{
    /// <summary>Task: an int; 0 while it has not ended.</summary>
    public required int State { get; init; }

    /// <summary>Task: the future it waits for (<c>task_fut_waiter</c>).</summary>
    public required int Waiter { get; init; }

    /// <summary>Task: its coroutine, which follows the future.</summary>
    public int Coroutine => Waiter + 8;

    /// <summary>Task: its name, or from 3.12 on its number as long as nobody asked for the name; null before 3.8, where tasks have none.</summary>
    public int? Name { get; init; }

    /// <summary>Coroutine: its frame; from 3.11 on the frame is a part of it.</summary>
    public required int Frame { get; init; }

    /// <summary>Coroutine, 3.11 and later: its state, a signed byte: negative before it has run and while it is suspended, 0 while it runs.</summary>
    public int? FrameState { get; init; }

    /// <summary>Coroutine, up to 3.9: a byte, not 0 while it runs.</summary>
    public int? Running { get; init; }

    /// <summary>How the top of a suspended frame's stack of values is found.</summary>
    public required StackTop Top { get; init; }

    /// <summary>The layout of a version.</summary>
    public static TaskLayout For(PythonVersion version) => version.Minor switch
    {
        6 => new() { State = 56, Waiter = 88, Frame = 16, Running = 24, Top = StackTop.Pointer },
        7 => new() { State = 72, Waiter = 104, Frame = 16, Running = 24, Top = StackTop.Pointer },
        8 => new() { State = 72, Waiter = 104, Name = 120, Frame = 16, Running = 24, Top = StackTop.Pointer },
        9 => new() { State = 80, Waiter = 144, Name = 160, Frame = 16, Running = 24, Top = StackTop.Pointer },
        10 => new() { State = 88, Waiter = 152, Name = 168, Frame = 16, Top = StackTop.Depth },
        11 => new() { State = 88, Waiter = 128, Name = 144, Frame = 80, FrameState = 75, Top = StackTop.Index },
        12 => new() { State = 88, Waiter = 128, Name = 144, Frame = 72, FrameState = 67, Top = StackTop.Index },
        13 => new() { State = 96, Waiter = 112, Name = 128, Frame = 72, FrameState = 67, Top = StackTop.Index },
        _ => new() { State = 104, Waiter = 120, Name = 136, Frame = 72, FrameState = 67, Top = StackTop.TaggedPointer },
    };
}

/// <summary>How a frame tells where its stack of values ends.</summary>
enum StackTop
{
    /// <summary>A pointer behind the top at 72, NULL while the frame runs (<c>f_stacktop</c>, up to 3.9).</summary>
    Pointer,

    /// <summary>An int at 80, counted from the pointer at 64 (<c>f_stackdepth</c>, <c>f_valuestack</c>, 3.10).</summary>
    Depth,

    /// <summary>An int at 64, counted from the first variable (<c>stacktop</c>, 3.11 to 3.13).</summary>
    Index,

    /// <summary>A pointer behind the top at 64, to tagged references (<c>stackpointer</c>, 3.14 and later).</summary>
    TaggedPointer,
}
