using System.Runtime.InteropServices;
using Sonde.Bpf;
using Sonde.Engine.Flow;
using Sonde.Linux;
using Sonde.Script;

namespace Sonde.Engine.Scripts.Session;

/// <summary>A script in the kernel: its maps and programs. Closing it removes them.</summary>
sealed class LoadedScript : IDisposable
{
    readonly Map?[] _maps;
    readonly Program?[] _programs;
    readonly Dictionary<MapSpec, Map> _bySpec = new(ReferenceEqualityComparer.Instance);

    /// <summary>Creates the maps.</summary>
    /// <exception cref="ScriptLoadException">A map of the script is too large.</exception>
    /// <exception cref="LinuxException">The kernel refuses: rights are missing, or it is too old.</exception>
    public LoadedScript(CompiledScript script)
    {
        Script = script;
        MapSpec[] specs = [.. new HashSet<MapSpec>(script.Runtime.All.Concat(script.Maps.Select(map => map.Spec).OfType<MapSpec>()), ReferenceEqualityComparer.Instance)];
        _maps = new Map?[specs.Length];
        _programs = new Program?[script.Programs.Count];
        try
        {
            // Memory for their entries is got ready now: side by side for all, and for the programs below the verifier too, as both are most of a long script's start.
            Workers.Run(specs.Length, i => _maps[i] = Create(specs[i]));
        }
        catch
        {
            Dispose();
            throw;
        }

        Array.ForEach(_maps, map => _bySpec.Add(map!.Spec, map));
    }

    public CompiledScript Script { get; }

    /// <summary>The programs, in the script's order; empty before <see cref="LoadPrograms"/>.</summary>
    public IReadOnlyList<Program> Programs { get; private set; } = [];

    /// <summary>The map that was made; null for a specification nobody made one of.</summary>
    public Map? Find(MapSpec? spec) => spec is not null && _bySpec.TryGetValue(spec, out var map) ? map : null;

    /// <summary>Sets what programs read of the session.</summary>
    /// <param name="process">The process hits are narrowed to; 0 for all.</param>
    /// <param name="child">The command started for the script; 0 for none.</param>
    public void SetGlobals(int process, int child)
    {
        if (Find(Script.Runtime.Globals) is not { } globals)
        {
            return;
        }

        var value = new byte[globals.Spec.ValueSize];
        Set(value, Globals.StartTime, Clock.BootTimeNs);
        Set(value, Globals.TargetProcess, (ulong)process);
        Set(value, Globals.Child, (ulong)child);
        if (PidNamespaces.Own is { } own)
        {
            Set(value, Globals.NamespaceDevice, own.Device);
            Set(value, Globals.NamespaceInode, own.Inode);
        }

        globals.Update(new byte[globals.Spec.KeySize], value);
    }

    /// <summary>Loads every program.</summary>
    /// <exception cref="ScriptLoadException">The kernel refuses one; the message says which and why.</exception>
    public void LoadPrograms()
    {
        Workers.Run(_programs.Length, i => _programs[i] = Load(Script.Programs[i]));
        Programs = _programs!;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach(_programs, program => program?.Dispose());
        Array.ForEach(_maps, map => map?.Dispose());
    }

    Program Load(CompiledProgram program)
    {
        try
        {
            return Program.Load(new ProgramSpec
            {
                Name = program.Name,
                Type = program.Type,
                ExpectedAttachType = program.ExpectedAttachType,
                Instructions = program.Instructions,
                Maps = _maps!,
                License = Script.Config.License,
                Sleepable = program.Sleepable,
                AttachBtfId = program.AttachBtfId,
                AttachModule = program.AttachModule,
            });
        }
        catch (VerifierException exception)
        {
            throw new ScriptLoadException($"the program of {program.Name} was not accepted by the kernel: {exception.Message}{(exception.IsTooComplex ? TooComplex : "")}");
        }
        catch (AssemblerException exception)
        {
            throw new ScriptLoadException($"the program of {program.Name} is too large: {exception.Message}");
        }
        catch (LinuxException exception) when (program.Type is ProgramType.Tracing && exception.Errno is Errno.EINVAL or Errno.ENOTSUPP or Errno.EOPNOTSUPP)
        {
            throw new ScriptLoadException($"{program.Name}: this kernel cannot load programs of this kind (fentry, fexit and iterators need CONFIG_BPF_EVENTS and CONFIG_FUNCTION_TRACER): {exception.Message}");
        }
    }

    /// <summary>Sizes come from the script: that they are too much is told by the script's name of the map.</summary>
    Map Create(MapSpec spec)
    {
        try
        {
            return Map.Create(spec);
        }
        catch (LinuxException exception) when (exception.Errno is Errno.E2BIG or Errno.ENOMEM or Errno.EINVAL && Script.Maps.FirstOrDefault(map => map.Spec == spec) is { } map)
        {
            throw new ScriptLoadException($"the kernel has no room for the map {map.Name} with {spec.MaxEntries} entries of {spec.KeySize} and {spec.ValueSize} bytes ({exception.Errno}); let it have fewer: let {map.Name} = hash(N); or max_map_keys=N in config");
        }
    }

    /// <summary>What made the verifier give up.</summary>
    static string TooComplex => KernelFeatures.Loop.IsSupported
        ? ". The kernel follows every path through a program, and gave up on so many: make fewer turns of unroll(), or fewer branches in it"
        : ". Before Linux 5.17 the kernel follows every turn of a loop, and those of a loop in a loop multiply: let them make fewer turns";

    static void Set(Span<byte> value, int offset, ulong number) => MemoryMarshal.Write(value[offset..], in number);
}
