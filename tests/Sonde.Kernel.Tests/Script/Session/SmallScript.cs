using Sonde.Bpf;
using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Syntax;
using Sonde.Script.Types;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Kernel.Tests.Script.Session;

/// <summary>A compiled script put together by hand, so that a session can be tested without a compiler.</summary>
sealed class SmallScript
{
    readonly List<CompiledProgram> _programs = [];
    readonly List<ScriptMap> _maps = [];
    readonly List<ScriptAction> _actions = [];
    readonly List<string> _names = [];

    public MapSpec Ring { get; init; } = new() { Type = MapType.RingBuffer, Name = "ring", MaxEntries = 1 << 20 };

    public MapSpec Losses { get; } = new() { Type = MapType.PerCpuArray, Name = "losses", KeySize = 4, ValueSize = 8, MaxEntries = (int)LossKind.Count };

    public ScriptConfig Config { get; init; } = new();

    /// <summary>An action whose payload are 8-byte numbers.</summary>
    public int Action(ActionKind kind, int numbers, string format = "", ScriptMap? map = null)
    {
        _actions.Add(new ScriptAction(kind, new TupleType([.. Enumerable.Repeat(IntegerType.Int64, numbers)])) { Format = format, Map = map });
        return _actions.Count - 1;
    }

    /// <summary>A map without a key that holds a number.</summary>
    public ScriptMap Scalar(string name)
    {
        var map = new ScriptMap
        {
            Name = name, Id = _maps.Count, Value = IntegerType.Int64,
            Spec = new MapSpec { Type = MapType.Array, Name = "scalar", KeySize = 4, ValueSize = 16, MaxEntries = 1 },
        };
        _maps.Add(map);
        return map;
    }

    /// <summary>A program at some places of one kind.</summary>
    public void Program(ProgramType type, Instruction[] body, params ResolvedProbe[] probes)
    {
        for (var i = 0; i < probes.Length; i++)
        {
            probes[i].NameIndex = _names.Count;
            _names.Add(probes[i].Name);
        }

        _programs.Add(new CompiledProgram
        {
            Name = probes[0].Name,
            Type = type,
            ExpectedAttachType = probes[0].Kind is ProbeKind.Uprobe or ProbeKind.Uretprobe && KernelFeatures.UprobeMulti.IsSupported ? AttachType.UprobeMulti : AttachType.None,
            Instructions = [.. body, Mov(R0, 0), Exit()],
            Probes = probes,
        });
    }

    public static ResolvedProbe Probe(ProbeKind kind, string name) => new()
    {
        Kind = kind,
        Name = name,
        Context = new ProbeContext { Key = name, Kind = kind, ProgramType = ProgramType.Kprobe, DefaultSpace = AddressSpace.None },
    };

    /// <summary>Sends a record with one number: a register's value, or a constant.</summary>
    public Instruction[] Send(int action, long constant, Register? register = null)
    {
        var sent = new Label("sent");
        return
        [
            .. register is { } from ? [Store(Size.Double, R10, -8, from)] : new[] { StoreImm(Size.Double, R10, -8, (int)constant) },
            StoreImm(Size.Double, R10, -16, action),
            LoadMap(R1, Ring), Mov(R2, R10), Add(R2, -16), Mov(R3, 16), Mov(R4, 0), Call(Helper.RingbufOutput),
            JumpIf(Condition.Equal, R0, 0, sent),
            StoreImm(Size.Word, R10, -20, (int)LossKind.Record), LoadMap(R1, Losses), Mov(R2, R10), Add(R2, -20), Call(Helper.MapLookupElem),
            JumpIf(Condition.Equal, R0, 0, sent),
            Mov(R1, 1), AtomicAdd(Size.Double, R0, 0, R1),
            Mark(sent),
        ];
    }

    /// <summary>Adds one to a scalar map.</summary>
    public static Instruction[] Increment(ScriptMap map) =>
    [
        LoadMapValue(R1, map.Spec!, 0), StoreImm(Size.Double, R1, 0, 1), Mov(R2, 1), AtomicAdd(Size.Double, R1, 8, R2),
    ];

    public CompiledScript Compile() => new()
    {
        Programs = _programs,
        Maps = _maps,
        Actions = _actions,
        ProbeNames = _names,
        Runtime = new RuntimeMaps { Ring = Ring, Losses = Losses },
        Config = Config,
    };
}
