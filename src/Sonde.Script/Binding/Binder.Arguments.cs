using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>What a probe is given: <c>argN</c>, <c>args</c>, <c>retval</c>.</summary>
sealed partial class Binder
{
    /// <summary>Where integer arguments are in <c>struct pt_regs</c> (arch/x86/include/uapi/asm/ptrace.h): rdi, rsi, rdx, rcx, r8, r9.</summary>
    static readonly int[] _argumentRegisters = [112, 104, 96, 88, 72, 64];

    BoundExpression BindArgument(int number, SourceSpan span)
    {
        _usesArguments = true;
        if (Context.Arguments is { } described)
        {
            return number < described.Count
                ? ReadArgument(described[number], span)
                : Fail(span, $"The arg{number} builtin is not available here: this probe has {described.Count} argument{(described.Count == 1 ? "" : "s")}");
        }

        return Context.Convention switch
        {
            ArgumentConvention.Registers => new BoundArgument(
                number < _argumentRegisters.Length ? new RegisterSource(_argumentRegisters[number]) : new StackSource(8 * (number - _argumentRegisters.Length + 1)), ArgumentType),
            ArgumentConvention.Array => new BoundArgument(new ContextSource(8 * number), ArgumentType),
            _ => Fail(span, $"The arg{number} builtin can only be used with 'kprobes', 'uprobes' and 'usdt' probes"),
        };
    }

    /// <summary>What nothing is known of is a number without a sign, as bpftrace has it: addresses and sizes, mostly.</summary>
    static IntegerType ArgumentType => IntegerType.UInt64;

    BoundExpression ReadArgument(ProbeArgument argument, SourceSpan span)
    {
        if (argument.Source is UnavailableSource unavailable)
        {
            return Fail(span, $"'{(argument.Name.Length > 0 ? argument.Name : span.Text)}' cannot be read here: {unavailable.Reason}");
        }

        var type = argument.Type is PointerType { Space: AddressSpace.None } pointer ? pointer with { Space = Context.DefaultSpace } : argument.Type;
        return Readable(new BoundArgument(argument.Source, type));
    }

    bool HasArguments(SourceSpan span)
    {
        _usesArguments = true;
        if (Context.ArgumentStruct is not null || Context.Named is not null)
        {
            return true;
        }

        if (Context.Kind is ProbeKind.Uprobe or ProbeKind.Fentry or ProbeKind.Fexit or ProbeKind.RawTracepoint or ProbeKind.Tracepoint)
        {
            Error(span, $"Cannot read function parameters: no description of the arguments of '{_program.Places[0].Name}' was found",
                Context.Kind == ProbeKind.Uprobe ? "Build the program with debug information (-g), or use arg0, arg1, …" : null);
        }
        else if (Context.Kind == ProbeKind.Usdt)
        {
            Error(span, $"Cannot read arguments by name: '{_program.Places[0].Name}' does not say what they are called", "Use arg0, arg1, …");
        }
        else
        {
            Error(span, $"The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe probes ({TypeName(Context.Kind)} used here)");
        }

        return false;
    }

    BoundExpression BindArguments(SourceSpan span)
    {
        if (!HasArguments(span))
        {
            return Unknown;
        }

        if (Context.ArgumentStruct is { } structure)
        {
            return new BoundDereference(new BoundContext(PointerTo(structure, AddressSpace.Context)), AddressSpace.Context, structure);
        }

        var readable = Context.Named!.Where(argument => argument.Source is not UnavailableSource).ToArray();
        return TupleOf([.. readable.Select(argument => ReadArgument(argument, span))], [.. readable.Select(argument => argument.Name)]);
    }

    BoundExpression BindArgumentField(Member syntax)
    {
        if (Context.Python is not null)
        {
            return BindPythonVariable(syntax.Name);
        }

        if (!HasArguments(syntax.Operand.Span))
        {
            return Unknown;
        }

        if (Context.ArgumentStruct is { } structure)
        {
            return FindField(structure, syntax.Name, syntax.Span) is { } field
                ? ReadField(new BoundContext(PointerTo(structure, AddressSpace.Context)), AddressSpace.Context, field)
                : Unknown;
        }

        foreach (var argument in Context.Named!)
        {
            if (argument.Name == syntax.Name)
            {
                return ReadArgument(argument, syntax.Span);
            }
        }

        return Fail(syntax.Span, $"Can't find {(Context.Kind == ProbeKind.Usdt ? "argument" : "function parameter")} {syntax.Name}", DidYouMean(syntax.Name, Context.Named.Select(argument => argument.Name)));
    }

    BoundExpression BindReturnValue(SourceSpan span)
    {
        _usesArguments = true;
        return Context.Python is not null ? BindPythonResult(span)
            : Context.ReturnValue is { } result ? ReadArgument(result, span)
            : Fail(span, "The retval builtin can only be used with 'kretprobe' and 'uretprobe' and 'fentry' probes");
    }
}
