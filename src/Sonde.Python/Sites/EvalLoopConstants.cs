namespace Sonde.Python.Sites;

/// <summary>How a thread state names the frame that is running.</summary>
enum FrameLink
{
    /// <summary>3.6 to 3.10: <c>tstate->frame</c>, one call of <c>_PyEval_EvalFrameDefault</c> per Python call.</summary>
    ThreadFrame,

    /// <summary>3.11 and 3.12: <c>tstate->cframe->current_frame</c>, where the <c>_PyCFrame</c> is a local of the eval function.</summary>
    ControlFrame,

    /// <summary>3.13 and later: <c>tstate->current_frame</c>.</summary>
    CurrentFrame,
}

/// <summary>An opcode whose handler the analysis looks at.</summary>
readonly record struct NamedOpcode(string Name, byte Number);

/// <summary>An opcode that leaves the frame it runs in.</summary>
readonly record struct LeavingOpcode(string Name, byte Number, ExitReasons Reason);

/// <summary>
/// All that has to be known beforehand about one minor version's <c>_PyEval_EvalFrameDefault</c>: offsets in bytes of the
/// <c>PyThreadState</c> fields it keeps balanced (Include/cpython/pystate.h) and opcode numbers (Include/opcode.h, opcode_ids.h).
/// </summary>
sealed record EvalLoopConstants
{
    /// <summary>How the running frame is named.</summary>
    public required FrameLink Link { get; init; }

    /// <summary>
    /// The 32-bit counter that is lowered when a frame is pushed and raised when it is popped: <c>recursion_remaining</c> (3.11),
    /// <c>py_recursion_remaining</c> (3.12 and later). Before 3.11 it counts the other way and per C call, and is not looked at.
    /// </summary>
    public int RecursionCounter { get; init; } = -1;

    /// <summary>3.11 counts C calls (<c>Py_EnterRecursiveCall</c>) with the same field as Python frames; 3.12 gave them their own.</summary>
    public bool CounterIsShared { get; init; }

    /// <summary><c>frame</c> (up to 3.10), <c>cframe</c> (3.11, 3.12) or <c>current_frame</c> (3.13 and later) in <c>PyThreadState</c>.</summary>
    public required int CurrentFrame { get; init; }

    /// <summary><c>current_frame</c> in <c>_PyCFrame</c> (3.11, 3.12).</summary>
    public int ControlFrameCurrent { get; init; }

    /// <summary><c>f_back</c> in <c>PyFrameObject</c> (up to 3.10).</summary>
    public int FrameBack { get; init; } = -1;

    /// <summary>Whether the eval function's first argument is the thread state (bpo-40421, 3.9); before, the frame comes first.</summary>
    public bool ThreadStateIsArgument { get; init; } = true;

    /// <summary>The first instruction of every activation, in all its forms (3.11 and later).</summary>
    public IReadOnlyList<NamedOpcode> Resume { get; init; } = [];

    /// <summary>The opcodes that leave a frame (3.11 and later).</summary>
    public IReadOnlyList<LeavingOpcode> Leaving { get; init; } = [];

    static readonly EvalLoopConstants _threadFrame = new()
    {
        Link = FrameLink.ThreadFrame, CurrentFrame = 24, FrameBack = 24,
    };

    /// <summary>The constants of a minor version, or null when it is not one Sonde knows.</summary>
    public static EvalLoopConstants? Of(int minor) => minor switch
    {
        >= 6 and <= 8 => _threadFrame with { ThreadStateIsArgument = false },
        9 or 10 => _threadFrame,
        11 => new()
        {
            Link = FrameLink.ControlFrame, CurrentFrame = 56, ControlFrameCurrent = 8, RecursionCounter = 32, CounterIsShared = true,
            Resume = [new("RESUME", 151), new("RESUME_QUICK", 150)],
            Leaving = [.. Returns(83), .. Suspensions(86), .. Creations(75)],
        },
        12 => new()
        {
            Link = FrameLink.ControlFrame, CurrentFrame = 56, ControlFrameCurrent = 0, RecursionCounter = 28,
            Resume = [new("RESUME", 151), new("INSTRUMENTED_RESUME", 240)],
            Leaving = [.. Returns(83, 242), .. ConstantReturns(121, 247), .. Suspensions(150, 243), .. Creations(75)],
        },
        13 => new()
        {
            Link = FrameLink.CurrentFrame, CurrentFrame = 72, RecursionCounter = 44,
            Resume = [new("RESUME", 149), new("RESUME_CHECK", 207), new("INSTRUMENTED_RESUME", 236)],
            Leaving = [.. Returns(36, 239), .. ConstantReturns(103, 240), .. Suspensions(118, 241), .. Creations(35)],
        },
        14 => new()
        {
            Link = FrameLink.CurrentFrame, CurrentFrame = 72, RecursionCounter = 48,
            Resume = [new("RESUME", 128), new("RESUME_CHECK", 196), new("INSTRUMENTED_RESUME", 245)],
            Leaving = [.. Returns(35, 246), .. Suspensions(120, 247), .. Creations(34)],
        },
        15 => new()
        {
            Link = FrameLink.CurrentFrame, CurrentFrame = 72, RecursionCounter = 52,
            Resume = [new("RESUME", 128), new("RESUME_CHECK", 200), new("RESUME_CHECK_JIT", 201), new("INSTRUMENTED_RESUME", 244)],
            Leaving = [.. Returns(33, 245), .. Suspensions(119, 246), .. Creations(32)],
        },
        _ => null,
    };

    static IEnumerable<LeavingOpcode> Returns(byte plain, byte? instrumented = null) =>
        Both("RETURN_VALUE", plain, instrumented, ExitReasons.Return);

    static IEnumerable<LeavingOpcode> ConstantReturns(byte plain, byte instrumented) =>
        Both("RETURN_CONST", plain, instrumented, ExitReasons.Return);

    static IEnumerable<LeavingOpcode> Suspensions(byte plain, byte? instrumented = null) =>
        Both("YIELD_VALUE", plain, instrumented, ExitReasons.Suspend);

    static IEnumerable<LeavingOpcode> Creations(byte plain) =>
        Both("RETURN_GENERATOR", plain, null, ExitReasons.GeneratorCreation);

    static IEnumerable<LeavingOpcode> Both(string name, byte plain, byte? instrumented, ExitReasons reason)
    {
        yield return new(name, plain, reason);
        if (instrumented is { } number)
        {
            yield return new("INSTRUMENTED_" + name, number, reason);
        }
    }
}
