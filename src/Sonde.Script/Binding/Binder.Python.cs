using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>What Python probes give: the function, its variables by name, its result.</summary>
/// <remarks>
/// A Python value has no type before the probe is hit: printed, stored or used as a key it is what it then is; as a number, a text or a condition it is
/// read as that, and is 0 or empty when it is something else.
/// </remarks>
sealed partial class Binder
{
    /// <summary>Frames of a Python stack that does not say.</summary>
    const int DefaultPythonStackDepth = 256;

    /// <summary>The most frames of a Python stack.</summary>
    const int MostPythonStackDepth = 1024;

    /// <summary>Characters of a type's name.</summary>
    const int PythonTypeNameLength = 64;

    readonly List<string> _pythonNames = [];
    bool _looksAtThreads;

    static bool IsPython(ProbeKind kind) => kind is ProbeKind.PythonCall or ProbeKind.PythonReturn or ProbeKind.PythonRaise;

    BoundExpression BindPython(SourceSpan span, string name, Intrinsic function, DataType type)
    {
        if (Context.Python is not null)
        {
            return Number(function, type);
        }

        if (!RunsInProcess(Context.Kind))
        {
            return Fail(span, $"The {name} builtin can only be used with probes that a process hits ({TypeName(Context.Kind)} used here)");
        }

        if (_target.KernelThreads is null)
        {
            return Fail(span, $"The {name} builtin needs the kernel's BTF (CONFIG_DEBUG_INFO_BTF) in '{TypeName(Context.Kind)}' probes, to find the current thread");
        }

        _looksAtThreads = true;
        return Number(function, type);
    }

    /// <summary>Whether a program there runs in the context of what it is about: begin and its like run in ours, timers of one processor in any.</summary>
    static bool RunsInProcess(ProbeKind kind) =>
        kind is not (ProbeKind.Begin or ProbeKind.End or ProbeKind.Test or ProbeKind.Bench or ProbeKind.SelfSignal or ProbeKind.Interval or ProbeKind.Iterator);

    BoundExpression BindPythonStack(Call call)
    {
        var depth = DefaultPythonStackDepth;
        if (call.Arguments.Count > 0)
        {
            if (BindExpression(call.Arguments[0]) is not BoundConstant { Type: IntegerType, Value: >= 1 and <= MostPythonStackDepth and var wanted })
            {
                return Fail(call.Span, $"{call.Name}([int limit]): the limit is a literal from 1 to {MostPythonStackDepth}");
            }

            depth = (int)wanted;
        }

        return PythonStack(call.Span, depth);
    }

    BoundExpression PythonStack(SourceSpan span, int depth) =>
        BindPython(span, "pystack", Intrinsic.PythonStack, new SymbolicType(SymbolicKind.PythonStack) { Stack = new(_options.Config.StackMode, depth) });

    BoundExpression BindPythonException(SourceSpan span) => Context.Kind == ProbeKind.PythonRaise
        ? Number(Intrinsic.PythonException, new StringType(PythonTypeNameLength + 1))
        : Fail(span, $"The pyexception builtin can only be used with 'pyraise' probes ({TypeName(Context.Kind)} used here)");

    /// <summary>A variable of the function hit: an argument or another local.</summary>
    BoundCall BindPythonVariable(string name)
    {
        var place = _pythonNames.IndexOf(name);
        if (place < 0)
        {
            place = _pythonNames.Count;
            _pythonNames.Add(name);
        }

        return PythonValue(new BoundCall(Intrinsic.PythonLocal, [], IntegerType.UInt64) { Number = place });
    }

    /// <summary>The same by a name in quotes, which need not be one of the language.</summary>
    BoundExpression BindPythonArgument(Call call) =>
        Context.Python is null ? Fail(call.Span, $"The pyarg function can only be used with Python probes ({TypeName(Context.Kind)} used here)")
        : call.Arguments[0] is StringLiteral { Bytes: { Length: > 0 } name } && name.All(char.IsAscii) ? BindPythonVariable(name)
        : Fail(call.Span, "pyarg() expects the name of a variable, in ASCII, as a string literal");

    static bool IsNone(Expression expression) => expression is Identifier { Name: "None" };

    /// <summary>Whether a Python value is <c>None</c>, or is not.</summary>
    BoundExpression BindComparisonWithNone(Binary syntax)
    {
        var other = IsNone(syntax.Left) ? syntax.Right : syntax.Left;
        if (IsNone(other) || BindExpression(other) is not { } value)
        {
            return Fail(syntax.Span, "None can be compared with a Python value only");
        }

        if (IsUnknown(value))
        {
            return Unknown;
        }

        if (!IsPythonValue(value))
        {
            return Fail(syntax.Span, "None can be compared with a Python value only");
        }

        var isNone = new BoundCall(Intrinsic.PythonIsNone, ((BoundCall)value).Arguments, IntegerType.Int64) { Span = syntax.Span };
        return BindBinary(syntax.Operator == BinaryOperator.Equal ? BinaryOperator.NotEqual : BinaryOperator.Equal, isNone, new BoundConstant(IntegerType.Int64, 0), syntax, syntax.Left.Span, syntax.Right.Span);
    }

    BoundExpression BindPythonResult(SourceSpan span) => Context.Kind == ProbeKind.PythonReturn
        ? PythonValue(new BoundCall(Intrinsic.PythonResult, [], IntegerType.UInt64))
        : Fail(span, $"The retval builtin can only be used with 'pyreturn' among Python's probes ({TypeName(Context.Kind)} used here)");

    static BoundCall PythonValue(BoundExpression address) => new(Intrinsic.PythonValue, [address], new SymbolicType(SymbolicKind.PythonValue));

    static bool IsPythonValue(BoundExpression value) => value is BoundCall { Function: Intrinsic.PythonValue };

    /// <summary>A Python value as a number; anything else as it is.</summary>
    static BoundExpression PythonAsNumber(BoundExpression value) => value is BoundCall { Function: Intrinsic.PythonValue } python
        ? new BoundCall(Intrinsic.PythonInteger, python.Arguments, IntegerType.Int64) { Span = value.Span }
        : value;

    /// <summary>A Python value as text of at most so many characters.</summary>
    static BoundCall PythonAsText(BoundExpression value, int length, bool isAskedFor = false) =>
        new(Intrinsic.PythonText, ((BoundCall)value).Arguments, new StringType(length + 1)) { Number = isAskedFor ? 1 : 0, Span = value.Span };

    /// <summary>The operands of an operator: a Python value is read as what the other one is.</summary>
    (BoundExpression Left, BoundExpression Right) PythonOperands(BoundExpression left, BoundExpression right) =>
        (PythonOperand(left, right.Type), PythonOperand(right, left.Type));

    BoundExpression PythonOperand(BoundExpression value, DataType other) =>
        !IsPythonValue(value) ? value : other is StringType ? PythonAsText(value, _options.Config.MaxStringLength) : PythonAsNumber(value);

    /// <summary>Python values that a format prints as numbers are read as numbers.</summary>
    static BoundExpression[] ForFormat(string format, BoundExpression[] values)
    {
        if (!values.Any(IsPythonValue))
        {
            return values;
        }

        var letters = FormatString.Parse(format).Where(conversion => conversion.Letter != "%").Select(conversion => conversion.Letter).ToList();
        return [.. values.Select((value, i) => i < letters.Count && letters[i] != "s" ? PythonAsNumber(value) : value)];
    }
}
