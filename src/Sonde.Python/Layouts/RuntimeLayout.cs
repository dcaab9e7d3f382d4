using Sonde.Symbols.Elf;

namespace Sonde.Python.Layouts;

/// <summary>Where the fields lie that lead from the runtime to interpreters, threads, their frames and what they wait for. Offsets in bytes into CPython's structures on 64-bit Linux.</summary>
/// <remarks>
/// Up to 3.12 the offsets are those of Include/internal/pycore_runtime.h, pycore_interp.h, pycore_gil.h, pycore_frame.h, Include/cpython/pystate.h and
/// Include/cpython/code.h of each minor version (3.6: Python/pystate.c, Include/pystate.h). What lies behind the head of those structures can move in a patch
/// release, so whoever reads by them checks what it finds. From 3.13 on the interpreter describes itself in <c>_Py_DebugOffsets</c>, which is read from the image;
/// the table then only holds what that structure does not tell.
/// </remarks>
public sealed record RuntimeLayout
{
    /// <summary>What the call layout knows of threads, frames, code objects and strings.</summary>
    public required CallLayout Calls { get; init; }

    /// <summary><c>_PyRuntime</c>: the first interpreter; null in 3.6, where that is a variable of its own.</summary>
    public int? RuntimeInterpreters { get; init; }

    /// <summary><c>_PyRuntime</c>: the thread that shuts the runtime down (NULL while none does); null in 3.6.</summary>
    public int? RuntimeFinalizing { get; init; }

    /// <summary><c>_PyRuntime</c>: the lock of all interpreters (3.7 to 3.11); null where there is none.</summary>
    public int? RuntimeGil { get; init; }

    /// <summary><c>_PyRuntime</c>: whether the lock's holder is asked to let go (3.7 and 3.8); null where that is elsewhere.</summary>
    public int? RuntimeDropRequest { get; init; }

    /// <summary><c>_PyRuntime</c>: whether a garbage collection runs (3.7 and 3.8); null where that is elsewhere.</summary>
    public int? RuntimeCollecting { get; init; }

    /// <summary>Interpreter: the next one.</summary>
    public int InterpreterNext { get; init; }

    /// <summary>Interpreter: its number; null in 3.6, where it has none.</summary>
    public int? InterpreterId { get; init; }

    /// <summary>Interpreter: its first thread.</summary>
    public required int InterpreterThreads { get; init; }

    /// <summary>Interpreter: the dict of modules, <c>sys.modules</c>.</summary>
    public required int InterpreterModules { get; init; }

    /// <summary>Interpreter: a pointer to its lock (3.12 and later); null where all share one.</summary>
    public int? InterpreterGil { get; init; }

    /// <summary>Interpreter: whether its lock's holder is asked to let go (3.9 to 3.12); null where that is elsewhere.</summary>
    public int? InterpreterDropRequest { get; init; }

    /// <summary>Interpreter: whether a garbage collection runs (3.9 and later); null where that is elsewhere.</summary>
    public int? InterpreterCollecting { get; init; }

    /// <summary>Lock (<c>struct _gil_runtime_state</c>): the thread state that holds it, or held it last.</summary>
    public int GilHolder { get; init; } = 8;

    /// <summary>Lock: whether it is held; -1 before it is made.</summary>
    public int GilLocked { get; init; } = 16;

    /// <summary>Lock: the first of the condition variables and mutexes that threads wait on for it.</summary>
    public const int GilWaitStart = 32;

    /// <summary>Lock: the end of those. A condition variable of pthreads has 48 bytes, a mutex 40, and there are two of each.</summary>
    public const int GilWaitEnd = 208;

    /// <summary>Thread: the next one of its interpreter.</summary>
    public int ThreadNext { get; init; } = 8;

    /// <summary>Thread: its interpreter.</summary>
    public int ThreadInterpreter { get; init; } = 16;

    /// <summary>Thread: <c>pthread_self()</c>.</summary>
    public required int ThreadPthreadId { get; init; }

    /// <summary>Thread: the kernel's number of it, in the target's pid namespace (3.11 and later); null before.</summary>
    public int? ThreadNativeId { get; init; }

    /// <summary>Thread: a pointer to the innermost <c>CFrame</c> (<c>_PyCFrame</c>), a variable of the evaluation loop's on the machine's stack (3.10 to 3.12); null elsewhere.</summary>
    public int? ThreadCFrame { get; init; }

    /// <summary>Thread: the newest chunk of its data stack, where frames lie (3.11 and later); null before.</summary>
    public int? ThreadStackChunk { get; init; }

    /// <summary>Thread: the innermost exception being handled: a <c>_PyErr_StackItem</c> pointer (3.7 and later); null in 3.6.</summary>
    public int? ThreadHandledException { get; init; }

    /// <summary>Thread, 3.6: the exception being handled itself; null after.</summary>
    public int? ThreadHandledValue { get; init; }

    /// <summary><c>_PyErr_StackItem</c>: the exception.</summary>
    public int HandledValue { get; init; }

    /// <summary><c>_PyErr_StackItem</c>: the next outer one.</summary>
    public int HandledPrevious { get; init; } = 8;

    /// <summary>Thread: the word of requests to the evaluation loop, whose bit 0 asks it to drop the lock (3.13 and later); null before.</summary>
    public int? ThreadEvalBreaker { get; init; }

    /// <summary>Frame: the first variable; the frame's head ends there.</summary>
    public required int FrameLocals { get; init; }

    /// <summary>Frame, 3.11: a byte that is not zero when the evaluation loop was entered from C with it; null elsewhere.</summary>
    public int? FrameIsEntry { get; init; }

    /// <summary>Frame: the function object (3.11 and later); null before.</summary>
    public int? FrameFunction { get; init; }

    /// <summary>Frame: the dict of global variables.</summary>
    public int FrameGlobals { get; init; }

    /// <summary>Function: its code object.</summary>
    public int FunctionCode { get; init; }

    /// <summary>Function: its version, 0 when it has none (3.11 and later).</summary>
    public int FunctionVersion { get; init; }

    /// <summary>Whether frames of the evaluation loop itself (shims) lie in the chain, wherever it was entered from C (3.12 and later).</summary>
    public bool HasShims { get; init; }

    /// <summary>Whether <c>f_lasti</c> and instruction pointers name the instruction to go on with rather than the one last started (3.13 and later: at a call they are the same).</summary>
    public bool InstructionIsNext { get; init; }

    /// <summary>Code object: the tuple of names that its instructions load.</summary>
    public required int CodeNames { get; init; }

    /// <summary>Code object: the tuple of constants.</summary>
    public required int CodeConstants { get; init; }

    /// <summary>Code object: the first instruction (3.11 and later), or up to 3.10 the bytes object that has them.</summary>
    public required int CodeInstructions { get; init; }

    /// <summary>Code object: the tuple of names of its variables, those of cells included from 3.11 on.</summary>
    public required int CodeVariableNames { get; init; }

    /// <summary>Code object: the index of its first instruction that counts as running it (<c>_co_firsttraceable</c>, 3.11 and later); frames before it are not shown by CPython either.</summary>
    public int? CodeFirstTraceable { get; init; }

    /// <summary>Code object, up to 3.10: the tuple of names of the cells; null after.</summary>
    public int? CodeCellNames { get; init; }

    /// <summary>Code object, up to 3.10: the tuple of names of the free variables, which follow the cells; null after.</summary>
    public int? CodeFreeNames { get; init; }

    /// <summary>Tuple: the first item.</summary>
    public int TupleItems { get; init; } = 24;

    /// <summary>Type object: the name, a pointer to a C string.</summary>
    public int TypeName { get; init; } = 24;

    /// <summary>The layout of an interpreter image.</summary>
    /// <exception cref="LayoutException">The version is unknown, or the image contradicts what is known of its version.</exception>
    public static RuntimeLayout For(PythonVersion version, ElfFile image)
    {
        var calls = CallLayout.For(version, image);
        var values = ValueLayout.For(version);
        var layout = ForMinor(version, image, calls);
        return layout with
        {
            CodeCellNames = values.CodeCellNames,
            CodeFreeNames = values.CodeFreeNames,
            CodeFirstTraceable = calls.FrameOwner is null ? null : layout.CodeInstructions - 16,
        };
    }

    static RuntimeLayout ForMinor(PythonVersion version, ElfFile image, CallLayout calls) =>
        version.Minor switch
        {
            6 => HeapFrames(calls) with
            {
                RuntimeInterpreters = null, RuntimeFinalizing = null, RuntimeGil = null, InterpreterId = null, InterpreterModules = 16, ThreadPthreadId = 152,
                ThreadHandledException = null, ThreadHandledValue = 112, FrameLocals = 376, CodeNames = 56, CodeConstants = 48, CodeInstructions = 40, CodeVariableNames = 64,
            },
            7 => HeapFrames(calls) with
            {
                RuntimeInterpreters = 24, RuntimeFinalizing = 8, RuntimeGil = 1264, RuntimeDropRequest = 716, RuntimeCollecting = 632, InterpreterModules = 40,
                CodeNames = 56, CodeConstants = 48, CodeInstructions = 40, CodeVariableNames = 64,
            },
            8 => HeapFrames(calls) with { RuntimeGil = 1152, RuntimeDropRequest = 596, RuntimeCollecting = 544, InterpreterModules = 56 },
            9 => HeapFrames(calls) with { InterpreterId = 24, RuntimeGil = 352, InterpreterDropRequest = 76, InterpreterCollecting = 816, InterpreterModules = 856 },
            10 => HeapFrames(calls) with
            {
                FunctionCode = 48, InterpreterId = 24, RuntimeGil = 352, InterpreterDropRequest = 72, InterpreterCollecting = 816, InterpreterModules = 856, FrameLocals = 352, ThreadCFrame = 48,
            },
            11 => InlineFrames(calls) with
            {
                RuntimeInterpreters = 40, RuntimeFinalizing = 24, RuntimeGil = 360, InterpreterId = 48, InterpreterThreads = 16, InterpreterModules = 888, InterpreterDropRequest = 104,
                InterpreterCollecting = 848, ThreadPthreadId = 152, ThreadNativeId = 160, ThreadCFrame = 56, ThreadStackChunk = 296, ThreadHandledException = 120,
                FrameIsEntry = 68, FrameFunction = 0, FrameGlobals = 8, FunctionVersion = 128, HasShims = false, CodeInstructions = 184,
            },
            12 => InlineFrames(calls) with
            {
                RuntimeInterpreters = 40, RuntimeFinalizing = 24, InterpreterId = 8, InterpreterThreads = 72, InterpreterModules = 944, InterpreterGil = 384, InterpreterDropRequest = 372,
                InterpreterCollecting = 312, ThreadPthreadId = 136, ThreadNativeId = 144, ThreadCFrame = 56, ThreadStackChunk = 232, ThreadHandledException = 104, CodeInstructions = 192,
            },
            13 => DebugOffsets.Read(image, version).Describe(InlineFrames(calls) with { InstructionIsNext = true }),
            _ => DebugOffsets.Read(image, version).Describe(InlineFrames(calls) with { InstructionIsNext = true, TupleItems = 32 }),
        };

    /// <summary>3.6 to 3.10: frames are objects of their own, linked by <c>f_back</c>.</summary>
    static RuntimeLayout HeapFrames(CallLayout calls) => new()
    {
        Calls = calls, RuntimeInterpreters = 32, RuntimeFinalizing = 16, InterpreterId = 16, InterpreterThreads = 8, InterpreterModules = 0, ThreadPthreadId = 176,
        ThreadHandledException = 144, HandledValue = 8, HandledPrevious = 24, FrameLocals = 360, FrameGlobals = 48, FunctionCode = 16, CodeNames = 64, CodeConstants = 56, CodeInstructions = 48, CodeVariableNames = 72,
    };

    /// <summary>3.11 and later: frames lie on the thread's data stack, or inside the generator.</summary>
    static RuntimeLayout InlineFrames(CallLayout calls) => new()
    {
        Calls = calls, InterpreterThreads = 0, InterpreterModules = 0, ThreadPthreadId = 152, ThreadHandledException = 120, ThreadEvalBreaker = calls.CFrameFrame is null ? 24 : null,
        FrameLocals = 72, FrameFunction = 16, FrameGlobals = 24, FunctionCode = 48, FunctionVersion = 136, HasShims = true, CodeNames = 32, CodeConstants = 24, CodeInstructions = 0, CodeVariableNames = 96,
    };
}
