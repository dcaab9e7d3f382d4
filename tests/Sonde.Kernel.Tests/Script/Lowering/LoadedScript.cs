using System.Buffers.Binary;
using Sonde.Bpf;
using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Lowering;

namespace Sonde.Kernel.Tests.Script.Lowering;

/// <summary>A script that the kernel has taken: its maps and programs, without anything attached.</summary>
sealed class LoadedScript : IDisposable
{
    readonly Dictionary<MapSpec, Map> _maps = new(ReferenceEqualityComparer.Instance);
    readonly List<Program> _programs = [];
    readonly RingBuffer? _ring;

    public LoadedScript(BoundScript script, TargetKernel? kernel = null)
    {
        Compiled = Lowerer.Lower(script, kernel ?? TargetKernel.Newest with { Processors = Processors.Possible });
        try
        {
            foreach (MapSpec spec in Compiled.Maps.Select(map => map.Spec!).Concat(Compiled.Runtime.All))
            {
                _maps.Add(spec, Map.Create(spec));
            }

            foreach (CompiledProgram program in Compiled.Programs)
            {
                _programs.Add(Program.Load(new ProgramSpec
                {
                    Name = "sonde_test",
                    Type = program.Type,
                    ExpectedAttachType = program.ExpectedAttachType,
                    Instructions = program.Instructions,
                    Sleepable = program.Sleepable,
                    Maps = [.. _maps.Values],
                }));
            }

            _ring = Compiled.Runtime.Ring is { Type: MapType.RingBuffer } ring ? new RingBuffer(_maps[ring]) : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public CompiledScript Compiled { get; }

    public uint Run(int program = 0, params ulong[] arguments) => _programs[program].TestRun(arguments);

    /// <summary>The records sent so far, each with its action's place in front.</summary>
    public List<byte[]> Records()
    {
        List<byte[]> records = [];
        _ring!.Drain(record => records.Add(record.ToArray()));
        return records;
    }

    public Map MapOf(ScriptMap map) => _maps[map.Spec!];

    /// <summary>The number a map without a key holds, all processors' added up for aggregates.</summary>
    public long Number(ScriptMap map, int word = 1)
    {
        Map kernelMap = MapOf(map);
        byte[] value = new byte[kernelMap.ValueBytes];
        kernelMap.TryLookup(new byte[4], value);
        int stride = (map.Spec!.ValueSize + 7) & ~7;
        long sum = 0;
        for (int at = 0; at < value.Length; at += stride)
        {
            sum += BinaryPrimitives.ReadInt64LittleEndian(value.AsSpan(at + (word * 8)));
        }

        return sum;
    }

    /// <summary>How often something was lost, of all processors.</summary>
    public ulong Lost(LossKind kind) => Compiled.Runtime.Losses is { } losses ? _maps[losses].SumPerCpu((int)kind) : 0;

    /// <summary>Whether no scratch memory is held by a program that has ended.</summary>
    public bool ScratchIsFree()
    {
        if (Compiled.Runtime.Scratch is not { } spec)
        {
            return true;
        }

        for (int slot = 0; slot < spec.MaxEntries; slot++)
        {
            byte[] value = new byte[_maps[spec].ValueBytes];
            _maps[spec].TryLookup(BitConverter.GetBytes(slot), value);
            int stride = (spec.ValueSize + 7) & ~7;
            for (int at = 0; at < value.Length; at += stride)
            {
                if (BinaryPrimitives.ReadInt64LittleEndian(value.AsSpan(at)) != 0)
                {
                    return false;
                }
            }
        }

        return true;
    }

    public void Dispose()
    {
        _ring?.Dispose();
        _programs.ForEach(program => program.Dispose());
        foreach (Map map in _maps.Values)
        {
            map.Dispose();
        }
    }
}
