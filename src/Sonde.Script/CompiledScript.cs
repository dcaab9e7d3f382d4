using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Script;

/// <summary>A script as the kernel and the reader of its records need it. Nothing of it has been loaded or attached.</summary>
sealed class CompiledScript
{
    /// <summary>Its programs, in the order of the source.</summary>
    public required IReadOnlyList<CompiledProgram> Programs { get; init; }

    /// <summary>Its maps, those of the language first; <see cref="ScriptMap.Id"/> is the place in this list.</summary>
    public required IReadOnlyList<ScriptMap> Maps { get; init; }

    /// <summary>What user space does for the programs; a record's first number is the place in this list.</summary>
    public required IReadOnlyList<ScriptAction> Actions { get; init; }

    /// <summary>Names of the probes that <see cref="SymbolicKind.Probe"/> values are indices of.</summary>
    public required IReadOnlyList<string> ProbeNames { get; init; }

    /// <summary>The maps the run time itself needs.</summary>
    public required RuntimeMaps Runtime { get; init; }

    /// <summary>The settings it was compiled with.</summary>
    public required Syntax.ScriptConfig Config { get; init; }
}

/// <summary>A program and where it is to be attached.</summary>
sealed class CompiledProgram
{
    /// <summary>A name for the kernel and for <c>-d</c>: the first probe's.</summary>
    public required string Name { get; init; }

    public required ProgramType Type { get; init; }

    public AttachType ExpectedAttachType { get; init; }

    public required IReadOnlyList<Instruction> Instructions { get; init; }

    public bool Sleepable { get; init; }

    /// <summary>Whether it leaves out other processes than <see cref="Globals.TargetProcess"/> itself, so that it is attached for all.</summary>
    public bool FiltersProcess { get; init; }

    /// <summary>The kernel function a fentry, fexit or iterator program is for: its id in the BTF of the kernel, or of <see cref="AttachModule"/>.</summary>
    public int AttachBtfId { get; init; }

    /// <summary>The module that has the function; empty for the kernel itself.</summary>
    public string AttachModule { get; init; } = "";

    /// <summary>All places, of one <see cref="ProbeKind"/>; each one's cookie is <see cref="ResolvedProbe.NameIndex"/>.</summary>
    public required IReadOnlyList<ResolvedProbe> Probes { get; init; }
}

/// <summary>The maps behind a script's run time. Those that are null are not needed by it.</summary>
sealed class RuntimeMaps
{
    /// <summary>Where records come from.</summary>
    public MapSpec? Ring { get; set; }

    /// <summary>Where packets come from: the kernel copies them into perf buffers only.</summary>
    public MapSpec? Packets { get; set; }

    /// <summary>One-entry array the reader sets before anything is attached: see <see cref="Globals"/>.</summary>
    public MapSpec? Globals { get; set; }

    /// <summary>Scratch memory for what does not fit the stack, by processor.</summary>
    public MapSpec? Scratch { get; set; }

    /// <summary>Per-processor counters of what was lost, one of 8 bytes for each <see cref="LossKind"/>.</summary>
    public MapSpec? Losses { get; set; }

    /// <summary>One-entry array of nothing but zeros, never written: what new map entries begin as, and what absent ones read as.</summary>
    public MapSpec? Zeros { get; set; }

    /// <summary>Stack maps by shape, of kernel and user stacks alike.</summary>
    public IDictionary<StackShape, MapSpec> Stacks { get; } = new Dictionary<StackShape, MapSpec>();

    /// <summary>The maps behind Python probes.</summary>
    public Lowering.Python.PythonMaps? Python { get; set; }

    /// <summary>The maps behind stacks by unwind tables.</summary>
    public Lowering.Native.UnwindMaps? Unwind { get; set; }

    /// <summary>All that are needed: what is to be created besides the maps of the language.</summary>
    public IEnumerable<MapSpec> All => new[] { Ring, Packets, Globals, Scratch, Losses, Zeros }.OfType<MapSpec>().Concat(Stacks.Values).Concat(Python?.All ?? []).Concat(Unwind?.All ?? []);
}

/// <summary>Offsets in the value of <see cref="RuntimeMaps.Globals"/>.</summary>
static class Globals
{
    /// <summary>8 bytes: <c>CLOCK_BOOTTIME</c> at the start, what <c>elapsed</c> counts from.</summary>
    public const int StartTime = 0;

    /// <summary>8 bytes: the process id -p or -c narrows to, in the host's numbering; 0 for none.</summary>
    public const int TargetProcess = 8;

    /// <summary>8 bytes: not 0 once the script is to do nothing more (after <c>exit()</c>).</summary>
    public const int Stopped = 16;

    /// <summary>8 bytes each: device and inode of the pid namespace whose numbers <c>pid</c> and <c>tid</c> are in; 0 for the host's.</summary>
    public const int NamespaceDevice = 24;

    /// <summary>See <see cref="NamespaceDevice"/>.</summary>
    public const int NamespaceInode = 32;

    /// <summary>8 bytes: the child of -c (<c>cpid</c>).</summary>
    public const int Child = 40;

    public const int Size = 48;
}

/// <summary>Why something a script did left no trace.</summary>
enum LossKind
{
    /// <summary>The ring buffer was full.</summary>
    Record,

    /// <summary>A map was full or could not be updated.</summary>
    MapUpdate,

    /// <summary>All scratch memory of the processor was in use by programs that were interrupted.</summary>
    Scratch,

    /// <summary>A stack could not be stored.</summary>
    Stack,

    /// <summary>A Python frame or code object could not be read.</summary>
    Python,

    /// <summary>A process's Python stack was asked for before it was known what it runs.</summary>
    PythonProcess,

    /// <summary>A time series, histogram or string operation met a value it has no room for.</summary>
    Value,

    /// <summary>A stack by unwind tables ended early: no table had the code, or the stack could not be read.</summary>
    Unwind,

    /// <summary>A packet could not be sent: its buffer was full, or there was none.</summary>
    Packet,

    Count,
}

/// <summary>A map of the language and how its keys and values lie in memory.</summary>
sealed class ScriptMap
{
    /// <summary>The name with its <c>@</c>.</summary>
    public required string Name { get; init; }

    public required int Id { get; init; }

    /// <summary>The key; null for a map without one, which is a one-entry array.</summary>
    public DataType? Key { get; set; }

    /// <summary>The value.</summary>
    public DataType? Value { get; set; }

    /// <summary>How many keys were asked for by a declaration; 0 for the setting's.</summary>
    public int MaxEntries { get; set; }

    /// <summary>The declared kind; null when it follows from the value.</summary>
    public MapType? DeclaredType { get; set; }

    /// <summary>
    /// What is created: set by the code generator. A map without a key holds 8 bytes, not 0 once the map was assigned to, then the value.
    /// </summary>
    public MapSpec? Spec { get; set; }

    /// <summary>How many values an entry has side by side, one for each processor; 1 where there is one, or the kernel itself keeps them apart.</summary>
    public int Copies { get; set; } = 1;

    /// <summary>Bytes from one of them to the next, where there are several.</summary>
    public int Stride { get; set; }

    /// <summary>Where the value begins in the kernel's value: 8 for maps without a key (<see cref="Spec"/>), else 0.</summary>
    public int ValueOffset => Key is null ? 8 : 0;
}
