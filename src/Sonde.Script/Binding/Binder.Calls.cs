using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>The functions of the language: which there are, how many arguments they take, what binds them.</summary>
sealed partial class Binder
{
    /// <summary>A function of the language.</summary>
    /// <param name="Least">Fewest arguments.</param>
    /// <param name="Most">Most arguments.</param>
    /// <param name="Bind">Gives a call its meaning.</param>
    /// <param name="IsUnsafe">Whether it changes what is traced and needs to be allowed.</param>
    sealed record Function(int Least, int Most, Func<Binder, Call, BoundExpression> Bind, bool IsUnsafe = false);

    const int Any = int.MaxValue;

    /// <summary>Sends its arguments as an event (<see cref="ActionKind.Event"/>). Only trees made in memory hold it: the name is none that can be written.</summary>
    public const string EventFunction = "event#";

    /// <summary>The Python value of what has none, as the result of a function that an exception left. Only trees made in memory hold it, too.</summary>
    public const string NoPythonValueFunction = "nothing#";

    static readonly Dictionary<string, Function> _functions = new()
    {
        // Output
        ["printf"] = new(1, Any, (binder, call) => binder.BindFormatted(call, ActionKind.Printf)),
        ["errorf"] = new(1, Any, (binder, call) => binder.BindFormatted(call, ActionKind.Errorf)),
        ["warnf"] = new(1, Any, (binder, call) => binder.BindFormatted(call, ActionKind.Warnf)),
        ["debugf"] = new(1, Any, (binder, call) => binder.BindDebug(call)),
        ["system"] = new(1, Any, (binder, call) => binder.BindFormatted(call, ActionKind.System), IsUnsafe: true),
        ["cat"] = new(1, Any, (binder, call) => binder.BindFormatted(call, ActionKind.Cat)),
        [EventFunction] = new(0, Any, (binder, call) => binder.BindEvent(call)),
        [NoPythonValueFunction] = new(0, 0, (_, _) => PythonValue(new BoundConstant(IntegerType.UInt64, 0))),
        ["print"] = new(1, 3, (binder, call) => binder.BindPrint(call)),
        ["time"] = new(0, 1, (binder, call) => binder.BindTime(call)),
        ["strftime"] = new(2, 2, (binder, call) => binder.BindStrftime(call)),
        ["join"] = new(1, 2, (binder, call) => binder.BindJoin(call)),
        ["exit"] = new(0, 1, (binder, call) => binder.BindExit(call)),
        ["assert"] = new(1, 2, (binder, call) => binder.BindAssert(call)),
        ["static_assert"] = new(1, 2, (binder, call) => binder.BindStaticAssert(call)),
        ["fail"] = new(1, Any, (binder, call) => binder.BindFail(call)),
        ["unwatch"] = new(1, 1, (binder, call) => binder.BindUnwatch(call)),

        // Maps
        ["clear"] = new(1, 1, (binder, call) => binder.BindWholeMap(call, ActionKind.ClearMap)),
        ["zero"] = new(1, 1, (binder, call) => binder.BindWholeMap(call, ActionKind.ZeroMap)),
        ["delete"] = new(1, 2, (binder, call) => binder.BindDelete(call)),
        ["has_key"] = new(2, 2, (binder, call) => binder.BindHasKey(call)),
        ["find"] = new(3, 3, (binder, call) => binder.BindFind(call)),
        ["len"] = new(1, 1, (binder, call) => binder.BindLength(call)),
        ["pyarg"] = new(1, 1, (binder, call) => binder.BindPythonArgument(call)),

        // Text and memory
        ["str"] = new(1, 2, (binder, call) => binder.BindStr(call)),
        ["buf"] = new(1, 2, (binder, call) => binder.BindBuf(call)),
        ["strlen"] = new(1, 1, (binder, call) => binder.BindStrlen(call)),
        ["strcap"] = new(1, 1, (binder, call) => binder.BindStrcap(call)),
        ["strcontains"] = new(2, 2, (binder, call) => binder.BindStrcontains(call)),
        ["strstr"] = new(2, 2, (binder, call) => binder.BindStrstr(call)),
        ["strncmp"] = new(3, 3, (binder, call) => binder.BindStrncmp(call)),
        ["str_concat"] = new(2, 2, (binder, call) => binder.BindConcat(call)),
        ["memcmp"] = new(3, 3, (binder, call) => binder.BindMemcmp(call)),
        ["bswap"] = new(1, 1, (binder, call) => binder.BindByteSwap(call)),
        ["kptr"] = new(1, 1, (binder, call) => binder.BindSpace(call, AddressSpace.Kernel)),
        ["uptr"] = new(1, 1, (binder, call) => binder.BindSpace(call, AddressSpace.User)),
        ["container_of"] = new(3, 3, (binder, call) => binder.BindContainerOf(call)),
        ["is_err"] = new(1, 1, (binder, call) => binder.BindIsError(call)),
        ["path"] = new(1, 2, (binder, call) => binder.BindPath(call)),
        ["write_user"] = new(3, 3, (binder, call) => binder.BindWriteUser(call), IsUnsafe: true),

        // Names of numbers
        ["strerror"] = new(1, 1, (binder, call) => binder.BindNamed(call, SymbolicKind.ErrorText)),
        ["signal_name"] = new(1, 1, (binder, call) => binder.BindNamed(call, SymbolicKind.SignalName)),
        ["syscall_name"] = new(1, 1, (binder, call) => binder.BindNamed(call, SymbolicKind.SyscallName)),
        ["ksym"] = new(1, 1, (binder, call) => binder.BindKernelSymbol(call)),
        ["usym"] = new(1, 1, (binder, call) => binder.BindUserSymbol(call)),
        ["ntop"] = new(1, 2, (binder, call) => binder.BindNtop(call)),
        ["pton"] = new(1, 1, (binder, call) => binder.BindPton(call)),
        ["macaddr"] = new(1, 1, (binder, call) => binder.BindMacaddr(call)),
        ["cgroup_path"] = new(1, 2, (binder, call) => binder.BindCgroupPath(call)),

        // Known when compiling
        ["kaddr"] = new(1, 1, (binder, call) => binder.BindKernelAddress(call)),
        ["uaddr"] = new(1, 1, (binder, call) => binder.BindUserAddress(call)),
        ["percpu_kaddr"] = new(1, 2, (binder, call) => binder.BindPerCpuAddress(call)),
        ["cgroupid"] = new(1, 1, (binder, call) => binder.BindCgroupId(call)),
        ["kfunc_exist"] = new(1, 1, (binder, call) => binder.BindKernelFunction(call)),
        ["kfunc_allowed"] = new(1, 1, (binder, call) => binder.BindKernelFunction(call)),
        ["is_str"] = new(1, 1, (binder, call) => binder.BindTypeTest(call, value => value.Type is StringType)),
        ["is_ptr"] = new(1, 1, (binder, call) => binder.BindTypeTest(call, value => value.Type is PointerType)),
        ["is_array"] = new(1, 1, (binder, call) => binder.BindTypeTest(call, value => value.Type is ArrayType)),
        ["is_integer"] = new(1, 1, (binder, call) => binder.BindTypeTest(call, value => value.Type is IntegerType)),
        ["is_unsigned_integer"] = new(1, 1, (binder, call) => binder.BindTypeTest(call, value => value.Type is IntegerType { IsSigned: false })),
        ["is_literal"] = new(1, 1, (binder, call) => binder.BindTypeTest(call, value => value is BoundConstant or BoundText)),

        // The hit and its process
        ["reg"] = new(1, 1, (binder, call) => binder.BindRegister(call)),
        ["ureg"] = new(1, 1, (binder, call) => binder.BindUserRegister(call)),
        ["kstack"] = new(0, 2, (binder, call) => binder.BindStack(call, SymbolicKind.KernelStack)),
        ["ustack"] = new(0, 2, (binder, call) => binder.BindStack(call, SymbolicKind.UserStack)),
        ["pystack"] = new(0, 1, (binder, call) => binder.BindPythonStack(call)),
        ["dw_ustack"] = new(0, 2, (binder, call) => binder.BindStack(call, SymbolicKind.UserStack)),
        ["comm"] = new(0, 1, (binder, call) => binder.BindComm(call)),
        ["nsecs"] = new(0, 1, (binder, call) => binder.BindNsecs(call)),
        ["pid"] = new(0, 1, (binder, call) => binder.BindProcessId(call, Intrinsic.Pid, Intrinsic.InitPid)),
        ["tid"] = new(0, 1, (binder, call) => binder.BindProcessId(call, Intrinsic.Tid, Intrinsic.InitTid)),
        ["ppid"] = new(0, 1, (binder, call) => Convert(binder.OfTask(call, "real_parent", "tgid"), IntegerType.UInt32)),
        ["pcomm"] = new(0, 1, (binder, call) => binder.OfTask(call, "real_parent", "comm")),
        ["leader_tid"] = new(0, 1, (binder, call) => Convert(binder.OfTask(call, "group_leader", "pid"), IntegerType.UInt32)),
        ["leader_comm"] = new(0, 1, (binder, call) => binder.OfTask(call, "group_leader", "comm")),
        ["signal"] = new(1, 1, (binder, call) => binder.BindSignal(call, Intrinsic.SendSignal)),
        ["signal_thread"] = new(1, 1, (binder, call) => binder.BindSignal(call, Intrinsic.SendSignalThread)),
        ["override"] = new(1, 1, (binder, call) => binder.BindOverride(call), IsUnsafe: true),
        ["socket_cookie"] = new(1, 1, (binder, call) => binder.BindSocketCookie(call)),
        ["skboutput"] = new(4, 4, (binder, call) => binder.BindPacketOutput(call)),
    };

    BoundExpression BindCall(Call call)
    {
        if (Subprograms.TryGetValue(call.Name, out var subprogram))
        {
            return BindSubprogram(call, subprogram);
        }

        if (Aggregations.ContainsKey(call.Name))
        {
            return Fail(call.Span, $"{call.Name}() must be assigned directly to a map");
        }

        if (_functions.TryGetValue(call.Name, out var function))
        {
            if (function.IsUnsafe && !_options.AllowUnsafe)
            {
                return Fail(call.Span, $"{call.Name}() is an unsafe function being used in safe mode");
            }

            return CheckCount(call, function.Least, function.Most) ? function.Bind(this, call) : Unknown;
        }

        if (IsValueName(call.Name))
        {
            return CheckCount(call, 0, 0) && TryValue(call.Name, call.Span, out var value) ? value : Unknown;
        }

        // What is wrong with one that is left was said where the command line's parameters are put in.
        if (call.Name == "getopt")
        {
            return Unknown;
        }

        return Fail(call.Span, $"Unknown function: '{call.Name}'", DidYouMean(call.Name, _functions.Keys.Where(static name => !name.EndsWith('#')).Concat(Aggregations.Keys).Concat(Subprograms.Keys)));
    }

    /// <summary>Functions that bpftrace has as macros, and whose number of arguments it complains about as of theirs.</summary>
    static readonly HashSet<string> _macros =
    [
        "assert", "container_of", "delete", "find", "has_key", "is_err", "kptr", "len", "memcmp", "ppid", "signal_name", "static_assert",
        "str_concat", "strcap", "strcontains", "strerror", "strlen", "strstr", "syscall_name", "uptr",
    ];

    bool CheckCount(Call call, int least, int most)
    {
        var count = call.Arguments.Count;
        if (count >= least && count <= most)
        {
            return true;
        }

        if (_macros.Contains(call.Name) || !_functions.ContainsKey(call.Name) && IsValueName(call.Name))
        {
            var expected = least == most ? $"{least}" : $"{least} to {most}";
            Error(call.Span, $"Call to {call.Name}() has arguments that do not match any definition.", $"Expected: {expected} but got {count}");
            return false;
        }

        var wanted = (count < least, least == most) switch
        {
            (_, true) when least == 0 => "takes no arguments",
            (_, true) => $"requires {least} argument{(least == 1 ? "" : "s")}",
            (true, _) => least == 1 ? "requires at least one argument" : $"requires at least {least} arguments",
            _ => $"takes up to {most} argument{(most == 1 ? "" : "s")}",
        };
        Error(call.Span, $"{call.Name}() {wanted} ({count} provided)");
        return false;
    }

    static string? DidYouMean(string name, IEnumerable<string> known) => Suggest.Hint(name, known);

    /// <summary>A number as an argument; null after an error or while unknown.</summary>
    BoundExpression? IntegerArgument(Call call, int index)
    {
        var value = PythonAsNumber(AsNumber(BindExpression(call.Arguments[index])));
        if (IsUnknown(value))
        {
            return null;
        }

        if (!IsNumber(value.Type))
        {
            Error(call.Span, $"{call.Name}() only supports int arguments ({NameOf(value.Type)} provided)");
            return null;
        }

        return value;
    }

    /// <summary>A text as an argument, read from memory if it is a pointer to characters; null after an error or while unknown.</summary>
    BoundExpression? TextArgument(Call call, int index)
    {
        var value = BindWantingText(call.Arguments[index]);
        switch (value.Type)
        {
            case StringType:
                return value;
            case PointerType { Target: IntegerType { Size: 1 } or VoidType } pointer:
                return ReadText(value, Space(pointer.Space), _options.Config.MaxStringLength + 1);
            case SymbolicType { Kind: SymbolicKind.Probe }:
                return ProbeText(value);
            case SymbolicType when value is BoundCall { Function: Intrinsic.FunctionAddress } && _program.Places.DistinctBy(place => place.Function).Count() == 1:
                return Text(_program.Places[0].Function);
            case var _ when IsUnknown(value):
                return null;
            default:
                Error(call.Arguments[index].Span, $"{call.Name}() expects a string argument ({NameOf(value.Type)} provided)");
                return null;
        }
    }

    /// <summary>A text known when compiling; null after an error.</summary>
    string? LiteralArgument(Call call, int index)
    {
        switch (call.Arguments[index] is StringLiteral literal ? BindText(literal) : BindWantingText(call.Arguments[index]))
        {
            case BoundText text:
                return TextOf(text);
            case var other:
                if (!IsUnknown(other) || _isLast)
                {
                    Error(call.Span, $"{call.Name}() expects a string literal ({(IsUnknown(other) ? "something else" : NameOf(other.Type))} provided)");
                }

                return null;
        }
    }

    /// <summary>The same for an argument that may be left out.</summary>
    string? OptionalLiteral(Call call, int index, string otherwise) => index < call.Arguments.Count ? LiteralArgument(call, index) : otherwise;

    BoundExpression BindTypeTest(Call call, Func<BoundExpression, bool> test)
    {
        var value = BindExpression(call.Arguments[0]);
        return IsUnknown(value) ? Unknown : Bool(test(value));
    }
}
