using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>What the programs of a script have in common while they are written.</summary>
sealed class ScriptLowering
{
    const int PageSize = 4096;

    /// <summary>4 MiB: what a second of busy printing fills.</summary>
    const int TalkativeRingPages = 1024;

    /// <summary>256 KiB, for some ten thousand records without texts. A reader has the buffer mapped twice, and all of it counts as its memory.</summary>
    const int QuietRingPages = 64;

    /// <summary>Stack maps hold all their entries from the start: this much memory at most.</summary>
    const int StackMapBytes = 32 << 20;

    readonly int _scratchSize;
    readonly int _zeroSize;
    readonly IReadOnlySet<BoundProbe> _sparing;
    int _pythonStackDepth;

    ScriptLowering(BoundScript script, TargetKernel kernel, IReadOnlySet<BoundProbe> sparing, int scratchSize, int zeroSize)
    {
        (Script, Kernel, _sparing, _scratchSize, _zeroSize) = (script, kernel, sparing, scratchSize, zeroSize);
        Actions = [.. script.Actions];
        CanStop = Actions.Any(action => action.Kind is ActionKind.Exit or ActionKind.AssertionFailed);
    }

    public BoundScript Script { get; }

    public TargetKernel Kernel { get; }

    /// <summary>The script's actions, then those of run-time errors.</summary>
    public List<ScriptAction> Actions { get; }

    public List<LoweredProgram> Programs { get; } = [];

    public RuntimeMaps Runtime { get; } = new();

    /// <summary>Whether something may end the script before it is told to.</summary>
    public bool CanStop { get; }

    /// <summary>Whether the number of a stack has the count of its frames in the upper half, for some program asks for it later.</summary>
    public bool MeasuresStacks { get; private set; }

    /// <summary>How many bytes of scratch memory the hungriest program wants, its in-use word included; 0 for none.</summary>
    public int ScratchBytes { get; private set; }

    /// <summary>How many zeros are wanted.</summary>
    public int ZeroBytes { get; private set; }

    /// <summary>How many programs can use scratch memory on a processor at the same time, one interrupting the other.</summary>
    public int ScratchSlots => Kernel.HasFetchingAtomics ? 4 : 1;

    public MapSpec Ring => Runtime.Ring ??= Kernel.HasRingBuffer
        ? new MapSpec { Type = MapType.RingBuffer, Name = "sonde_ring", MaxEntries = checked((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)RingPages) * PageSize) }
        : new MapSpec { Type = MapType.PerfEventArray, Name = "sonde_ring", KeySize = sizeof(int), ValueSize = sizeof(int) };

    public MapSpec Packets => Runtime.Packets ??= new MapSpec { Type = MapType.PerfEventArray, Name = "sonde_packets", KeySize = sizeof(int), ValueSize = sizeof(int) };

    public MapSpec Globals => Runtime.Globals ??= new MapSpec { Type = MapType.Array, Name = "sonde_globals", KeySize = sizeof(int), ValueSize = Sonde.Script.Globals.Size, MaxEntries = 1 };

    public MapSpec Losses => Runtime.Losses ??= new MapSpec { Type = MapType.PerCpuArray, Name = "sonde_losses", KeySize = sizeof(int), ValueSize = sizeof(long), MaxEntries = (int)LossKind.Count };

    public MapSpec Scratch => Runtime.Scratch ??= new MapSpec { Type = MapType.PerCpuArray, Name = "sonde_scratch", KeySize = sizeof(int), ValueSize = Math.Max(_scratchSize, 8), MaxEntries = ScratchSlots };

    int RingPages => Script.Config.RingPages > 0 ? Script.Config.RingPages : Script.Actions.All(IsSeldom) && !Script.Probes.Any(probe => probe.Context.Python is not null) ? QuietRingPages : TalkativeRingPages;

    /// <summary>Whether it is an action that scripts ask for now and then, not at every hit, or that has a buffer of its own.</summary>
    static bool IsSeldom(ScriptAction action) => action.Kind is ActionKind.Exit or ActionKind.AssertionFailed or ActionKind.Unwatch or ActionKind.Time
        or ActionKind.PrintMap or ActionKind.PrintMapEntry or ActionKind.ClearMap or ActionKind.ZeroMap or ActionKind.Packet;

    /// <param name="sparing">The probes whose programs keep nothing on the stack but what must be there.</param>
    public static ScriptLowering Run(BoundScript script, TargetKernel kernel, IReadOnlySet<BoundProbe> sparing, int scratchBytes, int zeroBytes)
    {
        var lowering = new ScriptLowering(script, kernel, sparing, scratchBytes, zeroBytes);
        var probes = script.Probes.Select(probe => (Probe: probe, Facts: new ProbeFacts(probe, kernel))).ToList();
        lowering.MeasuresStacks = probes.Exists(each => each.Facts.MeasuresStoredStacks);
        lowering._pythonStackDepth = probes.Select(each => each.Facts.PythonStackDepth).DefaultIfEmpty(0).Max();
        foreach (var (probe, facts) in probes)
        {
            foreach (var places in ProgramPlaces.Split(probe, facts, kernel))
            {
                lowering.Programs.Add(new ProgramLowerer(lowering, probe, places, facts).Write());
            }
        }

        return lowering;
    }

    /// <summary>What Python probes need of the script.</summary>
    public (PythonMaps Maps, PythonSends Sends) Python(Action<IrBuilder, LossKind> countLoss)
    {
        var patterns = Script.Probes.Select(probe => probe.Context.Python?.Pattern).OfType<PythonPattern>().Distinct().ToList();
        if (patterns.Count > PythonSends.MostPatterns)
        {
            throw new IrException($"The script has {patterns.Count} different patterns of Python functions; at most {PythonSends.MostPatterns} can be told apart.");
        }

        if (Script.PythonNames.Count > PythonMaps.MostNames)
        {
            throw new IrException($"The script reads {Script.PythonNames.Count} different Python variables; at most {PythonMaps.MostNames} can be found.");
        }

        if (!Kernel.HasLoop || !Kernel.HasRingBuffer)
        {
            throw new IrException("Python probes need bpf_loop, which came with Linux 5.17.");
        }

        Runtime.Python ??= new PythonMaps(Script.PythonNames, _pythonStackDepth) { Patterns = patterns };
        return (Runtime.Python, new PythonSends(Ring, Action(ActionKind.PythonCode), Action(ActionKind.PythonStack), Action(ActionKind.PythonProcess), countLoss));
    }

    /// <summary>The action of a kind there is only one of.</summary>
    int Action(ActionKind kind)
    {
        var known = Actions.FindIndex(each => each.Kind == kind);
        if (known >= 0)
        {
            return known;
        }

        Actions.Add(new ScriptAction(kind, new TupleType([])));
        return Actions.Count - 1;
    }

    /// <summary>How many bytes of stack a function of a probe's program may use for values.</summary>
    public int StackBudget(BoundProbe probe, int usual) => _sparing.Contains(probe) ? 0 : usual;

    /// <summary>The map of zeros, of at least so many.</summary>
    public MapSpec Zeros(int bytes)
    {
        ZeroBytes = Math.Max(ZeroBytes, bytes + 7 & ~7);
        return Runtime.Zeros ??= new MapSpec { Type = MapType.Array, Name = "sonde_zeros", KeySize = sizeof(int), ValueSize = Math.Max(_zeroSize, 8), MaxEntries = 1 };
    }

    /// <summary>Tells how much scratch memory a program uses.</summary>
    public void UseScratch(int bytes) => ScratchBytes = Math.Max(ScratchBytes, bytes);

    /// <summary>What stacks by unwind tables need.</summary>
    public Native.UnwindMaps Unwind()
    {
        if (!Kernel.HasLoop)
        {
            throw new IrException("dw_ustack needs bpf_loop, which came with Linux 5.17.");
        }

        return Runtime.Unwind ??= new Native.UnwindMaps();
    }

    public MapSpec Stacks(StackShape shape)
    {
        const int mostUnwound = 16384;
        if (!Runtime.Stacks.TryGetValue(shape, out var spec) && shape.ByTables)
        {
            spec = new MapSpec
            {
                Type = MapType.Hash, Name = $"sonde_stacks{Runtime.Stacks.Count}", KeySize = 8, ValueSize = 8 + (8 * shape.Depth), MaxEntries = mostUnwound, Flags = MapFlags.NoPreallocation,
            };
            Runtime.Stacks.Add(shape, spec);
        }
        else if (spec is null)
        {
            var withBuildIds = shape.Mode == StackMode.BuildId;
            var size = checked(shape.Depth * (withBuildIds ? 32 : 8)); // struct bpf_stack_build_id, include/uapi/linux/bpf.h
            var entries = Math.Clamp((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(StackMapBytes / Math.Max(size, 1)) / 2 + 1), 4096, 65536);
            spec = new MapSpec
            {
                Type = MapType.StackTrace,
                Name = $"sonde_stacks{Runtime.Stacks.Count}",
                KeySize = sizeof(int),
                ValueSize = size,
                MaxEntries = entries,
                Flags = withBuildIds ? MapFlags.StackBuildId : MapFlags.None,
            };
            Runtime.Stacks.Add(shape, spec);
        }

        return spec;
    }

    /// <summary>The action that tells of a fault of the script at run time.</summary>
    public int RuntimeError(string message, Syntax.SourceSpan? span) => Message(new(ActionKind.RuntimeError, new TupleType([])) { Message = message, Span = span });

    /// <summary>The action that tells of a helper that failed; its payload is the helper's answer.</summary>
    public int HelperError(Helper helper, Syntax.SourceSpan? span) =>
        Message(new(ActionKind.HelperError, new TupleType([IntegerType.Int64])) { Message = KernelName(helper), Span = span });

    static string KernelName(Helper helper) =>
        string.Concat(helper.ToString().Select((letter, i) => char.IsUpper(letter) ? $"{(i > 0 ? "_" : "")}{char.ToLowerInvariant(letter)}" : $"{letter}"));

    int Message(ScriptAction message)
    {
        var known = Actions.FindIndex(action => action.Kind == message.Kind && action.Message == message.Message && action.Span == message.Span);
        if (known >= 0)
        {
            return known;
        }

        Actions.Add(message);
        return Actions.Count - 1;
    }
}
