using System.Globalization;
using System.IO.Enumeration;
using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Syntax;
using Sonde.Script.Types;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Usdt;

namespace Sonde.Tests.Script;

/// <summary>A small machine for the language's tests: some probes of each kind, some kernel types; needs no kernel and never changes by itself.</summary>
sealed class FixtureTarget : ITarget
{
    /// <summary>The functions of <c>/bin/app</c>, in the order of the file.</summary>
    static readonly (string Name, ulong Offset)[] _functions = [("main", 0x1000), ("compute", 0x1100), ("parse_one", 0x1200), ("parse_two", 0x1300), ("readline", 0x1400)];

    static readonly (string Provider, string Name, string Arguments)[] _usdt =
    [
        ("app", "request__start", "8@%rdi -4@%esi 8@-8(%rbp)"),
        ("app", "request__done", "-4@%eax"),
        ("app", "tick", ""),
    ];

    public TargetKernel Kernel { get; init; } = TargetKernel.Newest;

    public KernelThreadLayout? KernelThreads { get; } = new(ThreadPointer: 1000, Memory: 2000);

    public IReadOnlyList<ResolvedProbe> Resolve(AttachPoint point, DiagnosticBag diagnostics) => point.Provider.ToLowerInvariant() switch
    {
        "begin" => [Special(ProbeKind.Begin, "begin", point)],
        "end" => [Special(ProbeKind.End, "end", point)],
        "test" => [Special(ProbeKind.Test, point.ToString(), point)],
        "bench" => [Special(ProbeKind.Bench, point.ToString(), point)],
        "self" => [Special(ProbeKind.SelfSignal, point.ToString(), point)],
        "tracepoint" or "t" => Tracepoints(point),
        "rawtracepoint" or "rt" => RawTracepoints(point),
        "uprobe" or "u" => Functions(point, diagnostics, ProbeKind.Uprobe),
        "uretprobe" or "ur" => Functions(point, diagnostics, ProbeKind.Uretprobe),
        "usdt" or "U" => UsdtProbes(point),
        "interval" or "i" => Timer(point, diagnostics, ProbeKind.Interval),
        "profile" or "p" => Timer(point, diagnostics, ProbeKind.Profile),
        "software" or "s" => PerfEvent(point, diagnostics, ProbeKind.Software),
        "hardware" or "h" => PerfEvent(point, diagnostics, ProbeKind.Hardware),
        "watchpoint" or "w" => PerfEvent(point, diagnostics, ProbeKind.Watchpoint),
        _ => Unknown(point, diagnostics),
    };

    public DataType? FindKernelType(string tag, string name) => (tag, name) switch
    {
        ("struct", "task_struct") => FixtureTypes.Task,
        ("struct", "file") => FixtureTypes.File,
        ("struct", "path") => FixtureTypes.Path,
        ("struct", "dentry") => FixtureTypes.Dentry,
        ("struct", "sock") => FixtureTypes.Sock,
        ("union", "address") => FixtureTypes.Address,
        ("enum", "pid_type") => FixtureTypes.PidType,
        ("", "pid_t") => IntegerType.Int32,
        ("", "u8") => IntegerType.UInt8,
        ("", "u32" or "__u32" or "uint32_t") => IntegerType.UInt32,
        ("", "u64" or "uint64_t") => IntegerType.UInt64,
        _ => null,
    };

    public DataType? FindProgramType(ResolvedProbe probe, string tag, string name) => (tag, name) switch
    {
        ("struct", "point") => FixtureTypes.Point,
        _ => null,
    };

    public bool TryFindEnumValue(string name, out EnumType type, out long value)
    {
        type = FixtureTypes.PidType;
        foreach (var member in type.Members)
        {
            if (member.Name == name)
            {
                value = member.Value;
                return true;
            }
        }

        value = 0;
        return false;
    }

    public ulong? FindKernelSymbol(string name) => name switch
    {
        "avenrun" => 0xffffffff82a00000,
        "runqueues" => 0x34c00,
        "__per_cpu_offset" => 0xffffffff82b00000,
        _ => null,
    };

    public bool HasPerCpuVariable(string name) => name is "runqueues" or "unnamed";

    public (ulong Address, int Size)? FindUserSymbol(ResolvedProbe probe, string name) => name == "counter" ? (0x404000, 4) : null;

    public ulong? FindCgroup(string path) => path == "/sys/fs/cgroup/system.slice" ? 4242 : null;

    public int? FindKernelFunction(string name) => name == "bpf_task_from_pid" ? 77 : null;

    static IReadOnlyList<ResolvedProbe> Unknown(AttachPoint point, DiagnosticBag diagnostics)
    {
        diagnostics.Error(point.Span, $"Invalid probe type: {point.Provider}");
        return [];
    }

    static ResolvedProbe Special(ProbeKind kind, string name, AttachPoint point) => new()
    {
        Kind = kind,
        Name = name,
        Context = new() { Key = kind.ToString(), Kind = kind, ProgramType = ProgramType.RawTracepoint, DefaultSpace = AddressSpace.Kernel },
        Signal = kind == ProbeKind.SelfSignal ? 10 : 0,
        Span = point.Span,
    };

    static IReadOnlyList<ResolvedProbe> Tracepoints(AttachPoint point) =>
    [
        .. from entry in FixtureTypes.Tracepoints
           where point.Parts.Count == 2 && Matches(point.Parts[0], entry.Group) && Matches(point.Parts[1], entry.Name)
           select new ResolvedProbe
           {
               Kind = ProbeKind.Tracepoint,
               Name = $"tracepoint:{entry.Group}:{entry.Name}",
               Context = new()
               {
                   Key = $"tracepoint:{entry.Arguments.Name}",
                   Kind = ProbeKind.Tracepoint,
                   ProgramType = ProgramType.Tracepoint,
                   DefaultSpace = entry.Group == "syscalls" ? AddressSpace.User : AddressSpace.Kernel,
                   ContextType = entry.Arguments,
                   ArgumentStruct = entry.Arguments,
               },
               Group = entry.Group,
               Function = entry.Name,
               TracepointId = entry.Id,
               Span = point.Span,
           },
    ];

    static IReadOnlyList<ResolvedProbe> RawTracepoints(AttachPoint point) => point.Parts is [.., "sched_switch"]
        ?
        [
            new()
            {
                Kind = ProbeKind.RawTracepoint,
                Name = "rawtracepoint:vmlinux:sched_switch",
                Context = new()
                {
                    Key = "rawtracepoint:sched_switch",
                    Kind = ProbeKind.RawTracepoint,
                    ProgramType = ProgramType.RawTracepoint,
                    DefaultSpace = AddressSpace.Kernel,
                    Convention = ArgumentConvention.Array,
                    Named =
                    [
                        new("preempt", BoolType.Instance, new ContextSource(0)),
                        new("prev", new PointerType(FixtureTypes.Task, AddressSpace.Kernel), new ContextSource(8)),
                        new("next", new PointerType(FixtureTypes.Task, AddressSpace.Kernel), new ContextSource(16)),
                    ],
                },
                Function = "sched_switch",
                BtfId = 5,
                Span = point.Span,
            },
        ]
        : [];

    static IReadOnlyList<ResolvedProbe> Functions(AttachPoint point, DiagnosticBag diagnostics, ProbeKind kind)
    {
        var word = kind == ProbeKind.Uprobe ? "uprobe" : "uretprobe";
        if (point.Parts is not [var file, .., var function] || point.Parts.Count > 3)
        {
            diagnostics.Error(point.Span, $"{word} probe type requires 2 or 3 arguments, found {point.Parts.Count}");
            return [];
        }

        if (file != "/bin/app")
        {
            diagnostics.Error(point.Span, $"{word} target file '{file}' does not exist or is not executable");
            return [];
        }

        return
        [
            .. from entry in _functions
               where Matches(function, entry.Name)
               select new ResolvedProbe
               {
                   Kind = kind,
                   Name = $"{word}:/bin/app:{entry.Name}",
                   Context = FunctionContext(kind, entry.Name),
                   Path = "/bin/app",
                   FileOffset = entry.Offset,
                   Function = entry.Name,
                   Span = point.Span,
               },
        ];
    }

    /// <summary>Only <c>compute</c> has debug information; <c>retval</c> and <c>argN</c> of the others are numbers.</summary>
    static ProbeContext FunctionContext(ProbeKind kind, string function)
    {
        var described = function == "compute" && kind == ProbeKind.Uprobe;
        return new()
        {
            Key = kind + (described ? ":compute" : ""),
            Kind = kind,
            ProgramType = ProgramType.Kprobe,
            DefaultSpace = AddressSpace.User,
            HasRegisters = true,
            Convention = kind == ProbeKind.Uprobe ? ArgumentConvention.Registers : ArgumentConvention.None,
            ReturnValue = kind == ProbeKind.Uretprobe ? new("retval", IntegerType.UInt64, new RegisterSource(80)) : null,
            Named = described
                ?
                [
                    new("count", IntegerType.Int32, new RegisterSource(112)),
                    new("name", new PointerType(IntegerType.Int8, AddressSpace.User), new RegisterSource(104)),
                    new("where", new PointerType(FixtureTypes.Point, AddressSpace.User), new RegisterSource(96)),
                    new("scale", new FloatType(8), new UnavailableSource("floating-point registers cannot be read")),
                ]
                : null,
            MaySleep = true,
        };
    }

    static IReadOnlyList<ResolvedProbe> UsdtProbes(AttachPoint point)
    {
        var provider = point.Parts.Count > 2 ? point.Parts[1] : "*";
        return
        [
            .. from entry in _usdt
               where point.Parts is ["/bin/app", ..] && Matches(provider, entry.Provider) && Matches(point.Parts[^1], entry.Name)
               select new ResolvedProbe
               {
                   Kind = ProbeKind.Usdt,
                   Name = $"usdt:/bin/app:{entry.Provider}:{entry.Name}",
                   Context = new()
                   {
                       Key = $"usdt:{entry.Arguments}",
                       Kind = ProbeKind.Usdt,
                       ProgramType = ProgramType.Kprobe,
                       DefaultSpace = AddressSpace.User,
                       HasRegisters = true,
                       Arguments =
                       [
                           .. UsdtArgument.Parse(entry.Arguments, ElfMachine.X8664)
                               .Select(argument => new ProbeArgument("", IntegerType.Of(argument.Size, argument.IsSigned), new UsdtSource(argument))),
                       ],
                   },
                   Path = "/bin/app",
                   FileOffset = 0x1500,
                   Group = entry.Provider,
                   Function = entry.Name,
                   Span = point.Span,
               },
        ];
    }

    /// <summary>A number is nanoseconds, <c>1s</c> and <c>s:1</c> a second, <c>hz:99</c> a frequency.</summary>
    static IReadOnlyList<ResolvedProbe> Timer(AttachPoint point, DiagnosticBag diagnostics, ProbeKind kind)
    {
        if (point.Parts.Count is not (1 or 2))
        {
            return WrongCount(point, diagnostics, kind, "1 or 2 arguments");
        }

        _ = ulong.TryParse(string.Concat(point.Parts[^1].Where(char.IsAsciiDigit)), NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        var unit = point.Parts.Count > 1 ? point.Parts[0] : string.Concat(point.Parts[0].Where(char.IsAsciiLetter));
        ulong scale = unit switch
        {
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" => 1_000,
            _ => 1,
        };
        return
        [
            new()
            {
                Kind = kind,
                Name = $"{kind.ToString().ToLowerInvariant()}:{string.Join(':', point.Parts)}",
                Context = PerfContext(kind),
                Period = unit == "hz" ? 0 : number * scale,
                Frequency = unit == "hz" ? number : 0,
                Span = point.Span,
            },
        ];
    }

    static IReadOnlyList<ResolvedProbe> PerfEvent(AttachPoint point, DiagnosticBag diagnostics, ProbeKind kind)
    {
        bool isCounted = kind == ProbeKind.Watchpoint ? point.Parts.Count == 3 : point.Parts.Count is 1 or 2;
        return !isCounted ? WrongCount(point, diagnostics, kind, kind == ProbeKind.Watchpoint ? "3 arguments" : "1 or 2 arguments")
            :
            [
                new()
                {
                    Kind = kind,
                    Name = $"{kind.ToString().ToLowerInvariant()}:{string.Join(':', point.Parts)}",
                    Context = PerfContext(kind),
                    Function = point.Parts[0],
                    Period = 1,
                    Span = point.Span,
                },
            ];
    }

    static IReadOnlyList<ResolvedProbe> WrongCount(AttachPoint point, DiagnosticBag diagnostics, ProbeKind kind, string wanted)
    {
        diagnostics.Error(point.Span, $"{kind.ToString().ToLowerInvariant()} probe type requires {wanted}, found {point.Parts.Count}");
        return [];
    }

    static ProbeContext PerfContext(ProbeKind kind) => new()
    {
        Key = kind.ToString(),
        Kind = kind,
        ProgramType = ProgramType.PerfEvent,
        DefaultSpace = AddressSpace.Kernel,
        HasRegisters = true,
    };

    static bool Matches(string pattern, string name) => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);
}
