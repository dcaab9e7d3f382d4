using System.Globalization;
using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Makes programs, maps and records of a bound script.</summary>
static class Lowerer
{
    /// <summary>Most bytes of a value of a per-processor map (<c>PCPU_MIN_UNIT_SIZE</c>, include/linux/percpu.h).</summary>
    const int MostPerProcessorBytes = 32 << 10;

    /// <summary>
    /// The values of a key lie side by side in a plain map, where they are not too large: the kernel takes memory for all entries of a per-processor map when that is created, one by one
    /// (prealloc_init, kernel/bpf/hashtab.c), which takes milliseconds, tens of them for histograms. This is the most bytes together: what a new entry is copied from.
    /// </summary>
    const int MostSideBySideBytes = 64 << 10;

    /// <summary>What one processor counts hardly ever shares a cache line with another's: values lie 8 bytes aligned, behind their keys.</summary>
    const int CacheLineBytes = 64;

    /// <summary>Such a map may take so much memory when it is created. It is in one piece, and quickly there.</summary>
    const int MostPreparedBytes = 8 << 20;

    /// <summary>Of values so small a map is created with less memory for all entries per processor than in lines of the cache, unless the latter is little.</summary>
    const int SmallValueBytes = 128;

    const int MostPreparedBytesOfSmall = 1 << 20;

    /// <summary>More memory than this no map takes for keys that may never come, even if some that are new in one hit are lost for it, and counted.</summary>
    const long MostUnusedBytes = 64 << 20;

    /// <exception cref="IrException">The kernel cannot do what the script wants; the message says what and why.</exception>
    public static CompiledScript Lower(BoundScript script, TargetKernel kernel)
    {
        var (lowering, programs) = Fit(script, kernel, []);
        return new CompiledScript
        {
            Programs = programs,
            Maps = script.Maps,
            Actions = lowering.Actions,
            ProbeNames = script.ProbeNames,
            Runtime = lowering.Runtime,
            Config = script.Config,
        };
    }

    /// <summary>The intermediate representation of what <see cref="Lower"/> makes programs of, as it is before that.</summary>
    /// <exception cref="IrException">The kernel cannot do what the script wants.</exception>
    internal static IReadOnlyList<IrProgram> WriteAsLowered(BoundScript script, TargetKernel kernel)
    {
        HashSet<BoundProbe> sparing = [];
        try
        {
            Fit(script, kernel, sparing);
        }
        catch (IrException)
        {
            // Whoever looks for the reason wants to see what was tried last.
        }

        // Compiling has changed what was written.
        return [.. Write(script, kernel, sparing).Programs.Select(program => program.Ir)];
    }

    /// <summary>Writes and compiles the programs until all fit the stack.</summary>
    /// <param name="sparing">The probes whose values go to scratch memory: where those on the stack and the registers that find no place are too much together. More come.</param>
    static (ScriptLowering Lowering, CompiledProgram[] Programs) Fit(BoundScript script, TargetKernel kernel, HashSet<BoundProbe> sparing)
    {
        while (true)
        {
            var lowering = Write(script, kernel, sparing);
            if (Compile(lowering, kernel, sparing) is { } programs)
            {
                return (lowering, programs);
            }
        }
    }

    /// <summary>The programs; null when one does not fit the stack, whose probe is to be written again.</summary>
    static CompiledProgram[]? Compile(ScriptLowering lowering, TargetKernel kernel, HashSet<BoundProbe> sparing)
    {
        var written = lowering.Programs;
        var programs = new CompiledProgram?[written.Count];
        Workers.Run(programs.Length, i =>
        {
            try
            {
                programs[i] = written[i].Compile(kernel);
            }
            catch (StackException) when (!sparing.Contains(written[i].Probe))
            {
                // Its place stays empty.
            }
        });
        sparing.UnionWith(written.Where((_, i) => programs[i] is null).Select(program => program.Probe));
        return Array.Exists(programs, program => program is null) ? null : programs.OfType<CompiledProgram>().ToArray();
    }

    /// <summary>The intermediate representation, before it is compiled.</summary>
    internal static ScriptLowering Write(BoundScript script, TargetKernel kernel) => Write(script, kernel, []);

    static ScriptLowering Write(BoundScript script, TargetKernel kernel, HashSet<BoundProbe> sparing)
    {
        // Memory for a key that comes is got ready by an interrupt (kernel/bpf/memalloc.c): where interrupts are off, a loop with new keys would soon find none.
        var canWait = kernel.HasMapAllocator && script.Probes.All(static probe => probe.Places.All(static place => IsInterruptible(place.Kind)));
        foreach (var map in script.Maps)
        {
            map.Spec = SpecOf(map, script.Config.MaxMapKeys, kernel, canWait);
        }

        // The size of scratch memory is part of its map, which the programs refer to, and is known once all are written: so they are written again.
        var lowering = ScriptLowering.Run(script, kernel, sparing, scratchBytes: 0, zeroBytes: 0);
        if (lowering.ScratchBytes > 0 || lowering.ZeroBytes > 0)
        {
            CheckPerProcessor(lowering.ScratchBytes, "The program's texts and other large values");
            lowering = ScriptLowering.Run(script, kernel, sparing, lowering.ScratchBytes, lowering.ZeroBytes);
        }

        return lowering;
    }

    static bool IsInterruptible(ProbeKind kind) => kind is ProbeKind.Begin or ProbeKind.End or ProbeKind.SelfSignal or ProbeKind.Uprobe or ProbeKind.Uretprobe or ProbeKind.Usdt
        or ProbeKind.PythonCall or ProbeKind.PythonReturn or ProbeKind.PythonRaise;

    static MapSpec SpecOf(ScriptMap map, int defaultEntries, TargetKernel kernel, bool canWait)
    {
        var value = map.Value ?? throw new IrException($"The map {map.Name} is never assigned a value.");
        var perProcessor = value is AggregateType;
        var size = map.ValueOffset + value.Size;
        if (perProcessor)
        {
            CheckPerProcessor(size, $"A value of the map {map.Name}");
        }

        var entries = map.Key is null ? 1 : map.MaxEntries > 0 ? map.MaxEntries : defaultEntries;
        var isPrepared = true;
        var isLarge = false;
        if (perProcessor && map.Key is not null && map.DeclaredType is not (MapType.LruHash or MapType.LruPerCpuHash))
        {
            var stride = (size + CacheLineBytes - 1) / CacheLineBytes * CacheLineBytes;
            var together = (long)stride * kernel.Processors;
            isPrepared = together * entries <= (size < SmallValueBytes ? MostPreparedBytesOfSmall : MostPreparedBytes) && (!canWait || size < SmallValueBytes);
            // Larger ones of programs that cannot wait for memory are kept by processor, all entries prepared: that takes long, and loses nothing.
            isLarge = kernel.HasMapAllocator && (long)size * kernel.Processors * entries > MostUnusedBytes;
            if (together <= MostSideBySideBytes && (isPrepared || canWait || isLarge))
            {
                (map.Copies, map.Stride) = (kernel.Processors, stride);
            }
        }

        var type = (map.Key, perProcessor && map.Copies == 1, map.DeclaredType) switch
        {
            (null, true, _) => MapType.PerCpuArray,
            (null, false, _) => MapType.Array,
            (_, true, MapType.LruHash or MapType.LruPerCpuHash) => MapType.LruPerCpuHash,
            (_, true, _) => MapType.PerCpuHash,
            (_, false, MapType.LruHash or MapType.LruPerCpuHash) => MapType.LruHash,
            _ => MapType.Hash,
        };
        return new MapSpec
        {
            Type = type,
            // The kernel takes letters, digits, '_' and '.' in names.
            Name = "map_" + map.Name.TrimStart('@'),
            KeySize = map.Key is { } key ? Math.Max(key.Size, 1) : sizeof(int),
            ValueSize = map.Copies > 1 ? map.Stride * map.Copies : Math.Max(size, 1),
            Flags = (map.Copies > 1 && !isPrepared) || (map.Copies == 1 && isLarge) ? MapFlags.NoPreallocation : MapFlags.None,
            MaxEntries = entries,
        };
    }

    static void CheckPerProcessor(int bytes, string what)
    {
        if (bytes > MostPerProcessorBytes)
        {
            throw new IrException(string.Create(CultureInfo.InvariantCulture, $"{what} would take {bytes} bytes on each processor; the kernel allows {MostPerProcessorBytes}. A smaller max_strlen or fewer buckets help."));
        }
    }
}
