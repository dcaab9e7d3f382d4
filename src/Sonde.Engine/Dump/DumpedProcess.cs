using Sonde.Engine.Stacks;
using Sonde.Python;
using Sonde.Python.Stacks;
using Sonde.Python.Tasks;

namespace Sonde.Engine.Dump;

/// <summary>A process as it was when it was looked at. Names are as the target has them: whoever shows them escapes them.</summary>
public sealed record DumpedProcess
{
    /// <summary>Its number, as seen from here.</summary>
    public required int Pid { get; init; }

    /// <summary>The number of the process that started it; 0 when that is not known.</summary>
    public int ParentPid { get; init; }

    /// <summary>What it was started with.</summary>
    public IReadOnlyList<string> CommandLine { get; init; } = [];

    /// <summary>The program it runs; null when that cannot be told.</summary>
    public string? Executable { get; init; }

    /// <summary>Its interpreter's version; null with a <see cref="Problem"/>.</summary>
    public PythonVersion? Version { get; init; }

    /// <summary>Its Python threads, the main one first.</summary>
    public IReadOnlyList<DumpedThread> Threads { get; init; } = [];

    /// <summary>How many threads it has besides, in which no Python runs.</summary>
    public int OtherThreads { get; init; }

    /// <summary>Its asyncio tasks that have not ended, in no particular order; null when they were not asked for.</summary>
    public IReadOnlyList<DumpedTask>? Tasks { get; init; }

    /// <summary>Whether it has more tasks than <see cref="Tasks"/> holds.</summary>
    public bool HasMoreTasks { get; init; }

    /// <summary>What it died of; null while it lives.</summary>
    public string? Death { get; init; }

    /// <summary>What could not be found out, one sentence; null when everything was.</summary>
    public string? Problem { get; init; }
}

/// <summary>A thread of a dump.</summary>
/// <param name="State">What it did.</param>
/// <param name="Frames">Its stack, innermost first.</param>
public sealed record DumpedThread(ThreadSnapshot State, IReadOnlyList<DumpedFrame> Frames)
{
    /// <summary>What is missing of its machine code, and why; null when nothing is or it was not asked for.</summary>
    public string? NativeProblem { get; init; }

    /// <summary>Its greenlets that have begun and not ended; empty where it has none.</summary>
    public IReadOnlyList<DumpedGreenlet> Greenlets { get; init; } = [];
}

/// <summary>A greenlet of a dump.</summary>
/// <param name="Greenlet">The greenlet.</param>
/// <param name="Frames">Its stack, innermost first; empty while it runs.</param>
public sealed record DumpedGreenlet(PythonGreenlet Greenlet, IReadOnlyList<DumpedFrame> Frames);

/// <summary>An asyncio task of a dump.</summary>
/// <param name="Task">The task.</param>
/// <param name="Frames">Its chain of coroutines, the innermost first.</param>
public sealed record DumpedTask(PythonTask Task, IReadOnlyList<DumpedFrame> Frames);

/// <summary>A frame of a dump.</summary>
/// <param name="Function">The function's qualified name.</param>
/// <param name="File">The source file, as the target names it.</param>
/// <param name="ShortFile">That file from the root of its package on.</param>
/// <param name="Span">What it is at in the source; null when that belongs to no line.</param>
public sealed record DumpedFrame(string Function, string File, string ShortFile, SourceSpan? Span)
{
    /// <summary>The line it is at; null when the source is not to be had.</summary>
    public SourceExcerpt? Source { get; init; }

    /// <summary>Its variables, the arguments first; null when they were not asked for, or with a <see cref="VariablesProblem"/>.</summary>
    public IReadOnlyList<DumpedVariable>? Variables { get; init; }

    /// <summary>How many variables it has besides; more than 0 only in bodies of modules and classes.</summary>
    public int MoreVariables { get; init; }

    /// <summary>Why its variables are missing; null when they are not.</summary>
    public string? VariablesProblem { get; init; }

    /// <summary>Whether it is machine code; its file is the library then, where the source is not known.</summary>
    public bool IsNative { get; init; }

    /// <summary>The number of the interpreter it runs in, 0 for the main one; null for machine code, and for what does not run.</summary>
    public long? Interpreter { get; init; }

    /// <summary>Whether the evaluation loop was entered with it.</summary>
    public bool IsEntry { get; init; }

    /// <summary>The line it is at; 0 when that belongs to none.</summary>
    public int Line => Span?.Line ?? 0;
}

/// <summary>A variable of a frame.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">The object it is bound to.</param>
/// <param name="IsArgument">Whether it is an argument of the function.</param>
/// <param name="Value">The object as <c>repr</c> would show it, cut where it is long; printable characters only.</param>
public readonly record struct DumpedVariable(string Name, ulong Address, bool IsArgument, string Value);
