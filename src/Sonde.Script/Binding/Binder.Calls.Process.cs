using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>Functions on the hit and its process.</summary>
sealed partial class Binder
{
    /// <summary>PERF_MAX_STACK_DEPTH (include/uapi/linux/perf_event.h).</summary>
    const int DefaultStackDepth = 127;

    /// <summary>Offsets in <c>struct pt_regs</c> of x86-64 (arch/x86/include/uapi/asm/ptrace.h).</summary>
    static readonly Dictionary<string, int> _registers = new()
    {
        ["r15"] = 0,
        ["r14"] = 8,
        ["r13"] = 16,
        ["r12"] = 24,
        ["bp"] = 32,
        ["bx"] = 40,
        ["r11"] = 48,
        ["r10"] = 56,
        ["r9"] = 64,
        ["r8"] = 72,
        ["ax"] = 80,
        ["cx"] = 88,
        ["dx"] = 96,
        ["si"] = 104,
        ["di"] = 112,
        ["orig_rax"] = 120,
        ["ip"] = 128,
        ["pc"] = 128,
        ["cs"] = 136,
        ["flags"] = 144,
        ["sp"] = 152,
        ["ss"] = 160,
    };

    /// <summary>Signal numbers of x86-64 (include/uapi/asm-generic/signal.h).</summary>
    static readonly string[] _signals =
    [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
        "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    BoundExpression BindRegister(Call call)
    {
        if (!Context.HasRegisters)
        {
            return Fail(call.Span, $"{call.Name} can not be used with \"{ProbeWord(Context.Kind)}\" probes");
        }

        return BindRegister(call, Intrinsic.Register);
    }

    BoundExpression BindUserRegister(Call call) => RunsInProcess(Context.Kind)
        ? BindRegister(call, Intrinsic.UserRegister)
        : Fail(call.Span, $"{call.Name} can not be used with \"{ProbeWord(Context.Kind)}\" probes");

    BoundExpression BindRegister(Call call, Intrinsic function)
    {
        if (LiteralArgument(call, 0) is not { } name)
        {
            return Unknown;
        }

        return _registers.TryGetValue(name, out var offset)
            ? new BoundCall(function, [], IntegerType.UInt64) { Number = offset }
            : Fail(call.Span, $"'{name}' is not a valid register on this architecture (x86_64)", DidYouMean(name, _registers.Keys));
    }

    BoundExpression BindStack(Call call, SymbolicKind kind)
    {
        var shape = new StackShape(_options.Config.StackMode, DefaultStackDepth, ByTables: call.Name == "dw_ustack");
        var arguments = call.Arguments.ToList();
        if (arguments is [Identifier mode, ..])
        {
            if (ModeOf(mode.Name) is not { } known)
            {
                return Fail(mode.Span, $"Error parsing stack mode: {call.Name}: Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.");
            }

            if (known == StackMode.BuildId && kind == SymbolicKind.KernelStack)
            {
                return Fail(call.Span, "'build_id' stack mode can only be used for ustack");
            }

            shape = shape with { Mode = known };
            arguments.RemoveAt(0);
        }
        else if (arguments.Count == 2)
        {
            return Fail(call.Span, "Expected stack mode as first argument");
        }

        if (arguments.Count > 0)
        {
            if (BindExpression(arguments[0]) is not BoundConstant { Type: IntegerType, Value: >= 0 and var depth })
            {
                return Fail(call.Span, $"{call.Name}: invalid limit value, need non-negative literal");
            }

            if (depth > DefaultStackDepth)
            {
                return Fail(call.Span, $"{call.Name}([int limit]): limit shouldn't exceed {DefaultStackDepth}, {depth} given");
            }

            shape = shape with { Depth = Math.Max(1, (int)depth) };
        }

        return Number(kind == SymbolicKind.KernelStack ? Intrinsic.KernelStack : Intrinsic.UserStack, new SymbolicType(kind) { Stack = shape });
    }

    static StackMode? ModeOf(string name) => name switch
    {
        "bpftrace" => StackMode.Bpftrace,
        "perf" => StackMode.Perf,
        "raw" => StackMode.Raw,
        "build_id" => StackMode.BuildId,
        _ => null,
    };

    BoundExpression BindNsecs(Call call)
    {
        if (call.Arguments.Count == 0)
        {
            return Clock(1);
        }

        return call.Arguments[0] switch
        {
            Identifier { Name: "monotonic" } => Clock(0),
            Identifier { Name: "boot" } => Clock(1),
            Identifier { Name: "tai" } => _target.Kernel.HasTaiTime ? Clock(2) : Fail(call.Span, "Kernel does not support tai timestamp, please try sw_tai"),
            Identifier { Name: "sw_tai" } => Clock(3),
            var other => Fail(other.Span, $"Invalid timestamp mode: {other.Span.Text}", "The modes are monotonic, boot, tai and sw_tai"),
        };
    }

    BoundExpression BindProcessId(Call call, Intrinsic own, Intrinsic initial) => call.Arguments switch
    {
        [] or [Identifier { Name: "curr_ns" }] => Number(own, IntegerType.UInt32),
        [Identifier { Name: "init" }] => Number(initial, IntegerType.UInt32),
        _ => Fail(call.Span, $"{call.Name}() only supports curr_ns and init as the argument"),
    };

    BoundExpression OfTask(Call call, string link, string field)
    {
        var task = call.Arguments.Count == 0 ? CurrentTask() : BindExpression(call.Arguments[0]);
        return IsUnknown(task) || task.Type is PointerType
            ? TaskField(task, call.Span, link, field)
            : Fail(call.Span, $"{call.Name}() expects a 'struct task_struct *' ({NameOf(task.Type)} provided)");
    }

    BoundExpression BindSignal(Call call, Intrinsic function)
    {
        if (Context.Kind is ProbeKind.Begin or ProbeKind.End or ProbeKind.Test or ProbeKind.Bench or ProbeKind.SelfSignal)
        {
            Error(call.Span, $"{call.Name}() can not be used for this probetype {TypeName(Context.Kind)}");
        }

        if (!_options.AllowUnsafe)
        {
            return Fail(call.Span, $"{call.Name}() is unsafe. To use you need the --unsafe flag");
        }

        var value = BindWantingText(call.Arguments[0]);
        if (value is BoundText text)
        {
            var name = TextOf(text);
            var number = Lexer.ReadNumber(name) ?? Math.Max(0, Array.IndexOf(_signals, name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name));
            value = number > 0 ? Literals.Of(number) : Fail(call.Span, $"{name} is not a valid signal", DidYouMean(name, _signals));
        }

        if (IsUnknown(value))
        {
            return Unknown;
        }

        return value.Type is not IntegerType ? Fail(call.Span, $"{call.Name}() only supports string literals and integers ({NameOf(value.Type)} provided)")
            : value is BoundConstant { Value: < 1 or > 64 } ? Fail(call.Span, $"{((BoundConstant)value).Value} is not a valid signal, allowed range: [1,64]")
            : new BoundCall(function, [Convert(value, IntegerType.Int64)], IntegerType.Int64);
    }

    BoundExpression BindOverride(Call call) => Context.Kind != ProbeKind.Kprobe
        ? Fail(call.Span, $"{call.Name} can only be used with 'kprobe' probes")
        : IntegerArgument(call, 0) is { } code ? new BoundCall(Intrinsic.OverrideReturn, [Convert(code, IntegerType.UInt64)], VoidType.Instance) : Unknown;

    /// <summary>Only programs that are given a packet by its type can send it (<c>bpf_skb_output</c>, Linux 5.5).</summary>
    BoundExpression BindPacketOutput(Call call)
    {
        const int mostSkipped = 0xffff;
        if (Context.Kind is not (ProbeKind.Fentry or ProbeKind.Fexit or ProbeKind.RawTracepoint))
        {
            return Fail(call.Span, $"{call.Name} can not be used with \"{ProbeWord(Context.Kind)}\" probes");
        }

        if (LiteralArgument(call, 0) is not { } file || IntegerArgument(call, 2) is not { } length)
        {
            return Unknown;
        }

        if (file.Length == 0 || file.Contains('\0', StringComparison.Ordinal))
        {
            return Fail(call.Span, $"{call.Name}() needs the name of a file");
        }

        if (BindExpression(call.Arguments[3]) is not BoundConstant { Type: IntegerType, Value: >= 0 and <= mostSkipped } skipped)
        {
            return Fail(call.Span, $"{call.Name}(): invalid offset (must be a literal from 0 to {mostSkipped})");
        }

        var packet = BindExpression(call.Arguments[1]);
        if (packet.Type is not PointerType { Target: StructType { Name: "sk_buff" } })
        {
            return IsUnknown(packet) ? Unknown : Fail(call.Span, $"{call.Name}() only supports 'struct sk_buff *' as the second argument ('{packet.Type}' provided)");
        }

        var size = MemberOf(packet, "len", call.Span);
        if (IsUnknown(size))
        {
            return Unknown;
        }

        var action = AddAction(new(ActionKind.Packet, new([IntegerType.UInt64, IntegerType.UInt64, IntegerType.UInt64])) { Format = file, SkippedBytes = (int)skipped.Value, Span = call.Span });
        return new BoundCall(Intrinsic.PacketOutput, [Convert(packet, IntegerType.UInt64), Convert(length, IntegerType.UInt64), Convert(size, IntegerType.UInt64)], IntegerType.Int64) { Number = action };
    }

    /// <summary>The name of the process hit, or of the thread; others' are not looked up.</summary>
    BoundExpression BindComm(Call call)
    {
        if (call.Arguments.Count == 0)
        {
            return Number(Intrinsic.Comm, new StringType(CommLength));
        }

        return BindExpression(call.Arguments[0]) switch
        {
            BoundCall { Function: Intrinsic.Pid or Intrinsic.InitPid } => TaskField(CurrentTask(), call.Span, "group_leader", "comm"),
            BoundCall { Function: Intrinsic.Tid or Intrinsic.InitTid } => Number(Intrinsic.Comm, new StringType(CommLength)),
            { Type: PointerType } task => TaskField(task, call.Span, "comm"),
            var other when IsUnknown(other) => Unknown,
            _ => Fail(call.Span, $"{call.Name}() only knows the process that was hit: comm(pid), comm(tid), or a 'struct task_struct *'"),
        };
    }

    BoundExpression BindSocketCookie(Call call)
    {
        if (Context.Kind is not (ProbeKind.Fentry or ProbeKind.Fexit or ProbeKind.RawTracepoint))
        {
            return Fail(call.Span, $"{call.Name} can not be used with \"{ProbeWord(Context.Kind)}\" probes");
        }

        var socket = BindExpression(call.Arguments[0]);
        return socket.Type switch
        {
            _ when IsUnknown(socket) => Unknown,
            PointerType { Target: StructType { Name: "sock" } } => new BoundCall(Intrinsic.SocketCookie, [Convert(socket, IntegerType.UInt64)], IntegerType.UInt64) { Space = SpaceOf(socket) },
            _ => Fail(call.Span, $"{call.Name}() only supports 'struct sock *' as the argument ({socket.Type} provided)"),
        };
    }
}
