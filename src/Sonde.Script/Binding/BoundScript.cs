using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>A script whose names, types and probes are settled; what the code generator reads.</summary>
sealed class BoundScript
{
    public required ScriptConfig Config { get; init; }

    /// <summary>One for each block and context, in the order of the source.</summary>
    public required IReadOnlyList<BoundProbe> Probes { get; init; }

    /// <summary>The maps, keys and values typed.</summary>
    public required IReadOnlyList<ScriptMap> Maps { get; init; }

    /// <summary>What records ask of user space; <see cref="BoundSend"/> refers to them.</summary>
    public required IReadOnlyList<ScriptAction> Actions { get; init; }

    public required IReadOnlyList<string> ProbeNames { get; init; }

    /// <summary>Whether user space is told of helpers that fail.</summary>
    public bool TellsFailures { get; init; }

    /// <summary>Names of Python variables that the script reads; <see cref="Intrinsic.PythonLocal"/> refers to them.</summary>
    public IReadOnlyList<string> PythonNames { get; init; } = [];

    /// <summary>Where the kernel keeps what threads are told by, if the script asks for Python frames where no probe gives them; else null.</summary>
    public KernelThreadLayout? KernelThreads { get; init; }
}

/// <summary>A block of the script for the places that share a context.</summary>
sealed class BoundProbe
{
    public required IReadOnlyList<ResolvedProbe> Places { get; init; }

    public required ProbeContext Context { get; init; }

    /// <summary>The predicate and the statements: a predicate is <c>if (!predicate) return</c>.</summary>
    public required BoundBlock Body { get; init; }

    /// <summary>Whether only hits of <see cref="Globals.TargetProcess"/> count (-p or -c, for probes that cannot be narrowed when attached).</summary>
    public bool FiltersProcess { get; init; }

    public SourceSpan? Span { get; init; }
}

/// <summary>A scratch variable. Two of one name in different blocks are two.</summary>
sealed class BoundVariable
{
    public required string Name { get; init; }

    public required DataType Type { get; set; }

    /// <summary>Whether its address is taken, or it is used inside a loop body that became a subprogram: it then lies in memory.</summary>
    public bool NeedsMemory { get; set; }
}
