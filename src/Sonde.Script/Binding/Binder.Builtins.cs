using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    const int CommLength = 16;

    /// <summary>Values of the language: written bare or as a call without arguments.</summary>
    static readonly Dictionary<string, Func<Binder, SourceSpan, BoundExpression>> _values = new()
    {
        ["pid"] = (_, _) => Number(Intrinsic.Pid, IntegerType.UInt32),
        ["tid"] = (_, _) => Number(Intrinsic.Tid, IntegerType.UInt32),
        ["uid"] = (_, _) => Number(Intrinsic.Uid, IntegerType.UInt32),
        ["gid"] = (_, _) => Number(Intrinsic.Gid, IntegerType.UInt32),
        ["username"] = (_, _) => Convert(Number(Intrinsic.Uid, IntegerType.UInt32), new SymbolicType(SymbolicKind.UserName)),
        ["comm"] = (_, _) => Number(Intrinsic.Comm, new StringType(CommLength)),
        ["nsecs"] = (_, _) => Clock(1),
        ["elapsed"] = (_, _) => Number(Intrinsic.Elapsed, IntegerType.UInt64),
        ["jiffies"] = (_, _) => Number(Intrinsic.Jiffies, IntegerType.UInt64),
        ["cpu"] = (_, _) => Number(Intrinsic.Cpu, IntegerType.UInt32),
        ["ncpus"] = (binder, _) => new BoundConstant(IntegerType.UInt64, binder._target.Kernel.Processors),
        ["numaid"] = (_, _) => Number(Intrinsic.NumaNode, IntegerType.UInt32),
        ["rand"] = (_, _) => Number(Intrinsic.Random, IntegerType.UInt64),
        ["usermode"] = (binder, _) => binder.BindUserMode(),
        ["cgroup"] = (_, _) => Number(Intrinsic.Cgroup, IntegerType.UInt64),
        ["kstack"] = (binder, _) => Number(Intrinsic.KernelStack, binder.StackType(SymbolicKind.KernelStack)),
        ["ustack"] = (binder, _) => Number(Intrinsic.UserStack, binder.StackType(SymbolicKind.UserStack)),
        ["func"] = (binder, span) => binder.BindFunc(span),
        ["probe"] = (binder, _) => Number(Intrinsic.ProbeIndex, new SymbolicType(SymbolicKind.Probe) { TextCapacity = binder._probeTextCapacity }),
        ["probetype"] = (binder, _) => Text(TypeName(binder.Context.Kind)),
        ["args"] = (binder, span) => binder.BindArguments(span),
        ["retval"] = (binder, span) => binder.BindReturnValue(span),
        ["ctx"] = (binder, span) => binder.BindContext(span),
        ["curtask"] = (binder, _) => binder.CurrentTask(),
        ["ppid"] = (binder, span) => Convert(binder.TaskField(binder.CurrentTask(), span, "real_parent", "tgid"), IntegerType.UInt32),
        ["pcomm"] = (binder, span) => binder.TaskField(binder.CurrentTask(), span, "real_parent", "comm"),
        ["leader_tid"] = (binder, span) => Convert(binder.TaskField(binder.CurrentTask(), span, "group_leader", "pid"), IntegerType.UInt32),
        ["leader_comm"] = (binder, span) => binder.TaskField(binder.CurrentTask(), span, "group_leader", "comm"),
        ["cpid"] = (binder, _) => binder.BindChild(),
        ["has_cpid"] = (binder, _) => Bool(binder._options.HasChild),
        ["config"] = (binder, _) => binder.BindConfig(),
        ["pyfunc"] = (binder, span) => binder.BindPython(span, "pyfunc", Intrinsic.PythonFunction, new SymbolicType(SymbolicKind.PythonFunction)),
        ["pyfile"] = (binder, span) => binder.BindPython(span, "pyfile", Intrinsic.PythonFile, new SymbolicType(SymbolicKind.PythonFile)),
        ["pyline"] = (binder, span) => binder.BindPython(span, "pyline", Intrinsic.PythonLine, IntegerType.Int64),
        ["pyframe"] = (binder, span) => binder.BindPython(span, "pyframe", Intrinsic.PythonFrame, IntegerType.UInt64),
        ["pystack"] = (binder, span) => binder.PythonStack(span, DefaultPythonStackDepth),
        ["pyexception"] = (binder, span) => binder.BindPythonException(span),
    };

    static BoundCall Number(Intrinsic function, DataType type) => new BoundCall(function, [], type);

    static bool IsValueName(string name) => _values.ContainsKey(name) || ArgumentNumber(name) is not null;

    BoundExpression BindIdentifier(Identifier syntax)
    {
        if (TryValue(syntax.Name, syntax.Span, out var value))
        {
            return value;
        }

        if (_types.TryFindConstant(syntax.Name, out var type, out var constant))
        {
            return new BoundConstant(type, constant);
        }

        return syntax.Name == "dw_ustack" ? BindCall(new(syntax.Span, syntax.Name, syntax.Span, []))
            : Fail(syntax.Span, $"Unknown identifier: '{syntax.Name}'", MeantBy(syntax.Name));
    }

    /// <summary>What a word that is no value was probably meant to be: something whose sign or parentheses were left out, or was misspelt.</summary>
    string? MeantBy(string name) =>
        _functions.ContainsKey(name) || Aggregations.ContainsKey(name) ? $"it is a function: {name}()"
        : _maps.ContainsKey("@" + name) ? $"did you mean '@{name}'?"
        : _scope.Find("$" + name) is not null ? $"did you mean '${name}'?"
        : name is ['s', .. var argument] && ArgumentNumber(argument) is { } number ? $"arguments on the stack go on where the registers end: arg{_argumentRegisters.Length + number}"
        : DidYouMean(name, _values.Keys);

    bool TryValue(string name, SourceSpan span, out BoundExpression value)
    {
        if (_values.TryGetValue(name, out var bind))
        {
            value = bind(this, span);
            return true;
        }

        value = Unknown;
        if (ArgumentNumber(name) is not { } number)
        {
            return false;
        }

        value = BindArgument(number, span);
        return true;
    }

    static int? ArgumentNumber(string name) => name.StartsWith("arg", StringComparison.Ordinal) && name.Length is > 3 and < 6
        && int.TryParse(name.AsSpan(3), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;

    static BoundCall Clock(int mode) => new(Intrinsic.Nsecs, [], IntegerType.UInt64) { Number = mode };

    SymbolicType StackType(SymbolicKind kind) => new(kind) { Stack = new(_options.Config.StackMode, DefaultStackDepth) };

    /// <summary>A number, as bpftrace has it. Where the code segment is not known, the kind of probe says it.</summary>
    BoundExpression BindUserMode() => Context.Kind switch
    {
        ProbeKind.Profile or ProbeKind.Software or ProbeKind.Hardware or ProbeKind.Interval => Convert(Number(Intrinsic.UserMode, BoolType.Instance), IntegerType.UInt8),
        ProbeKind.Uprobe or ProbeKind.Uretprobe or ProbeKind.Usdt or ProbeKind.Watchpoint => new BoundConstant(IntegerType.UInt8, 1),
        _ => new BoundConstant(IntegerType.UInt8, IsPython(Context.Kind) ? 1 : 0),
    };

    BoundExpression BindFunc(SourceSpan span)
    {
        if (Context.Python is not null && IsPython(Context.Kind))
        {
            return Number(Intrinsic.PythonFunction, new SymbolicType(SymbolicKind.PythonFunction));
        }

        switch (Context.Kind)
        {
            case ProbeKind.Kprobe or ProbeKind.Kretprobe or ProbeKind.Fentry or ProbeKind.Fexit:
                return new BoundCall(Intrinsic.FunctionAddress, [], new SymbolicType(SymbolicKind.KernelSymbol)) { Space = AddressSpace.Kernel };
            case ProbeKind.Uprobe or ProbeKind.Uretprobe or ProbeKind.Usdt:
                return new BoundCall(Intrinsic.FunctionAddress, [], new SymbolicType(SymbolicKind.UserSymbol)) { Space = AddressSpace.User };
            default:
                return Fail(span, $"The func builtin can not be used with '{ProbeWord(Context.Kind)}' probes");
        }
    }

    BoundExpression BindContext(SourceSpan span)
    {
        _usesArguments = true;
        switch (Context.Kind)
        {
            case ProbeKind.Begin or ProbeKind.End or ProbeKind.Test or ProbeKind.Bench or ProbeKind.SelfSignal:
                return Fail(span, $"The ctx builtin can not be used with '{ProbeWord(Context.Kind)}' probes");
            case ProbeKind.Tracepoint:
                Error(span, "Use args instead of ctx in tracepoint");
                return Unknown;
            default:
                return new BoundContext(PointerTo(Context.ContextType ?? VoidType.Instance, AddressSpace.Context));
        }
    }

    BoundCall CurrentTask() => _target.FindKernelType("struct", "task_struct") is { } task
        ? Number(Intrinsic.CurrentTask, PointerTo(task, AddressSpace.Kernel))
        : Number(Intrinsic.CurrentTask, IntegerType.UInt64);

    BoundExpression TaskField(BoundExpression task, SourceSpan span, params ReadOnlySpan<string> path)
    {
        if (task.Type is not PointerType { Target: StructType })
        {
            return IsUnknown(task) ? Unknown : Fail(span, "This needs the type 'struct task_struct', which this kernel does not describe (no BTF)");
        }

        foreach (var name in path)
        {
            task = IsUnknown(task) ? Unknown : MemberOf(task, name, span);
        }

        return task;
    }

    BoundExpression BindChild() => _options.HasChild ? Number(Intrinsic.ChildPid, IntegerType.Int64) : new BoundConstant(IntegerType.Int64, 0);

    BoundExpression BindConfig()
    {
        var entries = _options.Config.Values.ToArray();
        return TupleOf([.. entries.Select(entry => SettingOf(entry.Value))], [.. entries.Select(entry => entry.Name)]);
    }

    static BoundExpression SettingOf(string value) => value switch
    {
        "true" => Bool(true),
        "false" => Bool(false),
        _ => Lexer.ReadNumber(value) is { } number ? new BoundConstant(IntegerType.UInt64, unchecked((long)number)) : Text(value),
    };
}
