using System.Globalization;
using System.Linq.Expressions;
using Sonde.Script.Syntax;
using Sonde.Tracing;
using Expression = System.Linq.Expressions.Expression;

namespace Sonde.Engine.Library.Expressions;

/// <summary>Something of a hit that an expression asks for: <c>p.Pid</c>, <c>p.UInt32(2)</c>, <c>p.Result.String</c>.</summary>
/// <param name="Text">It as C#, for messages: variables have the same name whatever their value.</param>
/// <param name="Name">The member.</param>
/// <param name="Argument">An index, a name or a count of frames; null for none.</param>
/// <param name="OfResult">Whether it is of the result.</param>
/// <param name="Type">Its type.</param>
sealed record HitMember(string Text, string Name, object? Argument, bool OfResult, Type Type)
{
    /// <summary>Where a call pair keeps when the call began.</summary>
    public const string Duration = nameof(CallHit.Duration);

    /// <summary>Whether it is known when a call begins, and perhaps not when it ends.</summary>
    public bool IsOfEntry => Argument is string || (Argument is int && !IsStack) || Name == nameof(Hit.Time);

    /// <summary>Whether it is known only when a call ends, or is better asked for there.</summary>
    public bool IsOfExit => OfResult || IsStack || Name is Duration or nameof(PythonCallHit.Exception) or nameof(Hit.Cpu);

    bool IsStack => Name is nameof(Hit.NativeStack) or nameof(Hit.PythonStack);

    /// <summary>Whether it is a text that filters read.</summary>
    public bool IsText => Type == typeof(string);

    /// <summary>Whether it is the same value of a hit, however it is written.</summary>
    public bool Equals(HitMember? other) => other is not null && (Name, OfResult, Type) == (other.Name, other.OfResult, other.Type) && Equals(Argument, other.Argument);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Argument, OfResult, Type);

    /// <summary>The member that an expression is; null for other expressions.</summary>
    public static HitMember? Of(Expression expression)
    {
        (Expression? of, string name, IReadOnlyList<Expression> arguments) = expression switch
        {
            MemberExpression member => (member.Expression, member.Member.Name, (IReadOnlyList<Expression>)[]),
            MethodCallExpression call => (call.Object, call.Method.Name, call.Arguments),
            _ => (null, "", []),
        };
        var ofResult = of is MemberExpression { Member.Name: nameof(CallHit.Result), Expression: ParameterExpression } result && result.Type == typeof(Result) && expression is MemberExpression;
        // What every object has, as ToString, is nothing of the hit.
        var isOfHit = of is ParameterExpression parameter && typeof(Hit).IsAssignableFrom(parameter.Type) && expression is not MethodCallExpression { Method.DeclaringType.Namespace: nameof(System) };
        if (!isOfHit && !ofResult)
        {
            return null;
        }

        object? argument = null;
        var text = CSharpText.Of(expression);
        if (arguments.Count > 0 && !Constants.TryEvaluate(arguments[0], out argument))
        {
            throw new ExpressionException(text, "which value it is must be known when the probe is attached; give a constant or a variable of the program");
        }

        if (name is nameof(Hit.NativeStack) or nameof(Hit.PythonStack) && argument is int frames && (frames < 1 || frames > MostFrames(name)))
        {
            throw new ExpressionException(text, string.Create(CultureInfo.InvariantCulture, $"its frames are 1 to {MostFrames(name)}"));
        }

        return new HitMember(text, name, argument, ofResult, expression.Type);
    }

    static int MostFrames(string name) => name == nameof(Hit.NativeStack) ? 127 : 1024;

    /// <summary>It in the language.</summary>
    public Sonde.Script.Syntax.Expression Write()
    {
        var write = new SyntaxWriter(Text);
        return (OfResult, Name) switch
        {
            (true, nameof(Result.Value)) => write.Name("retval"),
            (true, nameof(Result.String)) => write.Call("str", write.Name("retval")),
            (true, _) => Number(write, write.Name("retval")),
            (_, nameof(Hit.Pid)) => Number(write, write.Name("pid")),
            (_, nameof(Hit.Tid)) => Number(write, write.Name("tid")),
            (_, nameof(Hit.Cpu)) => Number(write, write.Name("cpu")),
            (_, nameof(Hit.Uid)) => Number(write, write.Name("uid")),
            (_, nameof(Hit.Time)) => Number(write, write.Name("nsecs")),
            (_, nameof(Hit.Comm)) => write.Name("comm"),
            (_, nameof(Hit.NativeStack)) => write.Call("dw_ustack", write.Number((int)Argument!)),
            (_, nameof(Hit.PythonStack)) => write.Call("pystack", write.Number((int)Argument!)),
            (_, nameof(PythonCallHit.Function)) => write.Name("pyfunc"),
            (_, nameof(PythonCallHit.File)) => write.Name("pyfile"),
            (_, nameof(PythonCallHit.Line)) => Number(write, write.Name("pyline")),
            (_, nameof(PythonCallHit.Exception)) => write.Name("pyexception"),
            (_, nameof(PythonCallHit.Value) or nameof(NamedHit.Double)) => Raw(write),
            (_, nameof(NamedHit.String)) => write.Call("str", Raw(write)),
            (_, nameof(TracepointHit.UserString)) => write.Call("str", write.Call("uptr", Raw(write))),
            _ => Number(write, Raw(write)),
        };
    }

    Sonde.Script.Syntax.Expression Raw(SyntaxWriter write) => Argument switch
    {
        int index when index >= 0 => write.Name(string.Create(CultureInfo.InvariantCulture, $"arg{index}")),
        string name => write.Field(write.Name("args"), name),
        int => throw new ExpressionException(Text, "arguments count from 0"),
        _ => throw new ExpressionException(Text, "a value has a place or a name, not null"),
    };

    Cast Number(SyntaxWriter write, Sonde.Script.Syntax.Expression value) => Numbers.Of(Type) is { } number
        ? write.Cast(number.Size, number.IsSigned, value)
        : throw new ExpressionException(Text, $"there is no way to read a {CSharpText.Name(Type)} there");
}
