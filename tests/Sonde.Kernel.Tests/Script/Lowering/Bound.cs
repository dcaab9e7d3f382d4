using System.Text;
using Sonde.Bpf;
using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Kernel.Tests.Script.Lowering;

/// <summary>Bound trees, written by hand.</summary>
static class Bound
{
    public static readonly ProbeContext Begin = new() { Key = "begin", Kind = ProbeKind.Begin, ProgramType = ProgramType.RawTracepoint, DefaultSpace = AddressSpace.Kernel };

    public static readonly ProbeContext Uprobe = new()
    {
        Key = "uprobe",
        Kind = ProbeKind.Uprobe,
        ProgramType = ProgramType.Kprobe,
        DefaultSpace = AddressSpace.User,
        HasRegisters = true,
        Convention = ArgumentConvention.Registers,
        MaySleep = true,
    };

    /// <summary>A context of raw tracepoint programs that stands for user probes: <c>arg0</c> is the first test-run argument, memory is this process's.</summary>
    public static readonly ProbeContext UserArguments = new()
    {
        Key = "arguments",
        Kind = ProbeKind.RawTracepoint,
        ProgramType = ProgramType.RawTracepoint,
        DefaultSpace = AddressSpace.User,
        Convention = ArgumentConvention.Array,
    };

    public static BoundScript Program(IReadOnlyList<ScriptMap> maps, IReadOnlyList<ScriptAction> actions, params BoundStatement[] body) => Program(Begin, maps, actions, body);

    public static BoundScript Program(ProbeContext context, IReadOnlyList<ScriptMap> maps, IReadOnlyList<ScriptAction> actions, params BoundStatement[] body) => new()
    {
        Config = new ScriptConfig(),
        Maps = maps,
        Actions = actions,
        ProbeNames = ["one"],
        Probes = [new BoundProbe { Context = context, Places = [new ResolvedProbe { Kind = context.Kind, Name = "one", Context = context }], Body = new BoundBlock(body) }],
    };

    public static ScriptMap Map(string name, DataType? key, DataType value) => new() { Name = name, Id = 0, Key = key, Value = value };

    public static BoundConstant Int(long value) => new(IntegerType.Int64, value);

    public static BoundText Text(string text, int? capacity = null) => new(new StringType(capacity ?? text.Length + 1), Encoding.UTF8.GetBytes(text));

    public static BoundCall Call(Intrinsic function, DataType type, params BoundExpression[] arguments) => new(function, arguments, type);

    public static BoundBinary Binary(BinaryOperator operation, BoundExpression left, BoundExpression right) => new(operation, left, right, left.Type);

    public static BoundBinary Compare(BinaryOperator operation, BoundExpression left, BoundExpression right) => new(operation, left, right, BoolType.Instance);

    public static BoundVariable Variable(string name, DataType type) => new() { Name = name, Type = type };

    public static ScriptAction Printf(string format, params DataType[] payload) => new(ActionKind.Printf, new TupleType(payload)) { Format = format };

    public static BoundExpression Argument(int index, DataType? type = null) => new BoundArgument(new ContextSource(index * 8), type ?? IntegerType.UInt64);

    public static BoundCall Pid => Call(Intrinsic.Pid, IntegerType.UInt32);

    public static BoundCall Comm => Call(Intrinsic.Comm, new StringType(16));
}
