using System.Linq.Expressions;
using Sonde.Script.Syntax;
using Sonde.Tracing;
using Expression = System.Linq.Expressions.Expression;
using Tree = Sonde.Script.Syntax.Expression;

namespace Sonde.Engine.Library.Expressions;

/// <summary>Writes an expression of C# as one of the language, with C#'s widths and signs: each result is cast to the type it has in C#.</summary>
/// <param name="member">Writes something of the hit.</param>
sealed class KernelExpression(Func<HitMember, Tree> member)
{
    /// <summary>Nanoseconds of a tick of <see cref="TimeSpan"/>.</summary>
    const long TickNs = 100;

    /// <exception cref="ExpressionException">A part of it cannot be computed in the kernel.</exception>
    public Tree Write(Expression expression)
    {
        if (Constants.TryEvaluate(expression, out var value))
        {
            return Literal(expression, value);
        }

        if (HitMember.Of(expression) is { } asked)
        {
            return member(asked);
        }

        return expression switch
        {
            UnaryExpression unary => Unary(unary),
            BinaryExpression binary => Binary(binary),
            ConditionalExpression choice => Choice(choice),
            MethodCallExpression call => Call(call),
            _ => throw Unknown(expression),
        };
    }

    static SyntaxWriter At(Expression expression) => new(CSharpText.Of(expression));

    static ExpressionException Wrong(Expression expression, string reason) => new(CSharpText.Of(expression), reason);

    static ExpressionException Unknown(Expression expression) => Wrong(expression, expression switch
    {
        ParameterExpression => "select what you want of it",
        MethodCallExpression { Method: { } method } => $"{CSharpText.Name(method.DeclaringType!)}.{method.Name} runs in .NET only; call it in the loop that reads the events",
        MemberExpression { Member: { } name, Expression: { } of } => UnknownMember(name.Name, of),
        InvocationExpression => "a delegate runs in .NET only; call it in the loop that reads the events",
        _ => "only arithmetic, comparisons and logic of integers, times and texts can; do the rest in the loop that reads the events",
    });

    /// <summary>Why a member of something is not to be had.</summary>
    public static string UnknownMember(string name, Expression of) => of is NewExpression or MemberInitExpression
        ? $"{name} is not one of the values that were selected"
        : $"{CSharpText.Name(of.Type)}.{name} is of .NET only; use it in the loop that reads the events";

    static Tree Literal(Expression expression, object? value)
    {
        var write = At(expression);
        return value switch
        {
            bool truth => new BoolLiteral(write.Span, truth),
            string text => write.Text(text),
            TimeSpan time => write.Number(Int128.Clamp((Int128)time.Ticks * TickNs, long.MinValue, long.MaxValue)),
            char one => write.Number(one),
            ulong number => write.Number(number),
            Enum named => write.Number(Type.GetTypeCode(named.GetType()) == TypeCode.UInt64 ? Convert.ToUInt64(named, null) : Convert.ToInt64(named, null)),
            sbyte or byte or short or ushort or int or uint or long => write.Number(Convert.ToInt64(value, null)),
            null => throw Wrong(expression, "there is no null in the kernel; a text that is not there is an empty one"),
            _ => throw Wrong(expression, $"a {CSharpText.Name(value.GetType())} is nothing it can compute with; use integers, bool, texts or times"),
        };
    }

    Tree Unary(UnaryExpression unary)
    {
        var write = At(unary);
        switch (unary.NodeType)
        {
            case ExpressionType.Not when unary.Type == typeof(bool):
                return write.Unary(UnaryOperator.LogicalNot, Write(unary.Operand));
            case ExpressionType.Not or ExpressionType.OnesComplement:
                return Sized(unary, write, write.Unary(UnaryOperator.BitwiseNot, Write(unary.Operand)));
            case ExpressionType.Negate:
                return Sized(unary, write, write.Unary(UnaryOperator.Minus, Write(unary.Operand)));
            case ExpressionType.UnaryPlus:
                return Write(unary.Operand);
            case ExpressionType.Convert when Numbers.Of(unary.Operand.Type) is not null:
                return Sized(unary, write, Write(unary.Operand));
            case ExpressionType.Convert or ExpressionType.ConvertChecked:
                throw Wrong(unary, $"{CSharpText.Name(unary.Operand.Type)} cannot become {CSharpText.Name(unary.Type)} there; only integers can be cast, without 'checked'");
            default:
                throw Unknown(unary);
        }
    }

    Tree Binary(BinaryExpression binary)
    {
        var write = At(binary);
        if (binary.Type == typeof(bool) && binary.Left.Type == typeof(bool) && Logic(binary.NodeType) is { } logic)
        {
            return write.Binary(logic, Write(binary.Left), Write(binary.Right));
        }

        if (Comparison(binary.NodeType) is { } comparison)
        {
            var isEquality = comparison is BinaryOperator.Equal or BinaryOperator.NotEqual;
            var known = Numbers.Of(binary.Left.Type) is not null || (isEquality && (binary.Left.Type == typeof(string) || binary.Left.Type == typeof(bool)));
            return known ? write.Binary(comparison, Write(binary.Left), Write(binary.Right))
                : throw Wrong(binary, $"{CSharpText.Name(binary.Left.Type)} cannot be compared there; only integers and times can, and bool and texts be equal");
        }

        if (Arithmetic(binary.NodeType) is not { } op || Numbers.Of(binary.Left.Type) is not { } left)
        {
            throw Numbers.Of(binary.Left.Type) is null && Arithmetic(binary.NodeType) is not null
                ? Wrong(binary, $"the kernel does not compute with {CSharpText.Name(binary.Left.Type)}; compute it in the loop that reads the events")
                : binary.NodeType is ExpressionType.AddChecked or ExpressionType.SubtractChecked or ExpressionType.MultiplyChecked
                ? Wrong(binary, "an overflow cannot be an exception there; leave out 'checked'")
                : Unknown(binary);
        }

        var right = Write(binary.Right);
        if (op is BinaryOperator.Divide or BinaryOperator.Modulo && !(right is IntegerLiteral { Value: var divisor } && divisor != 0))
        {
            throw Wrong(binary, "a divisor must be a constant other than 0; send both numbers and divide in the loop that reads the events");
        }

        if (op is BinaryOperator.ShiftLeft or BinaryOperator.ShiftRight)
        {
            // C# takes the lowest bits of the distance (specification, 12.11).
            right = right is IntegerLiteral { Value: var distance } ? write.Number((int)distance & (left.Size == 8 ? 63 : 31)) : throw Wrong(binary, "how far is shifted must be a constant");
        }

        return Sized(binary, write, write.Binary(op, Write(binary.Left), right));
    }

    Tree Choice(ConditionalExpression choice)
    {
        var write = At(choice);
        var value = new Conditional(write.Span, Write(choice.Test), Write(choice.IfTrue), Write(choice.IfFalse));
        return Numbers.Of(choice.Type) is null ? value : Sized(choice, write, value);
    }

    Tree Call(MethodCallExpression call)
    {
        var write = At(call);
        if (call.Method.DeclaringType != typeof(string))
        {
            throw Unknown(call);
        }

        List<Expression> texts = [.. (call.Object is { } self ? [self] : (IEnumerable<Expression>)[]).Concat(call.Arguments).Where(static part => part.Type == typeof(string) || part.Type == typeof(char))];
        if (call.Method.Name is nameof(string.Equals) or nameof(string.StartsWith) or nameof(string.Contains) && !call.Arguments.All(IsOrdinal))
        {
            throw Wrong(call, "texts are compared byte by byte there; use StringComparison.Ordinal");
        }

        switch (call.Method.Name)
        {
            case nameof(string.Equals) when texts.Count == 2:
                return write.Binary(BinaryOperator.Equal, Write(texts[0]), Write(texts[1]));
            case nameof(string.StartsWith) or nameof(string.Contains) when texts.Count == 2:
                if (!Constants.TryEvaluate(texts[1], out var given) || given?.ToString() is not { } part)
                {
                    throw Wrong(call, "what is looked for must be known when the probe is attached");
                }

                var bytes = System.Text.Encoding.UTF8.GetByteCount(part);
                return bytes == 0 ? new BoolLiteral(write.Span, true)
                    : call.Method.Name == nameof(string.Contains) ? write.Call("strcontains", Write(texts[0]), write.Text(part))
                    : write.Binary(BinaryOperator.Equal, write.Call("strncmp", Write(texts[0]), write.Text(part), write.Number(bytes)), write.Number(0));
            default:
                throw Unknown(call);
        }
    }

    /// <summary>Whether an argument is a text, or says that bytes are compared.</summary>
    static bool IsOrdinal(Expression argument) => argument.Type == typeof(string) || argument.Type == typeof(char)
        || (argument.Type == typeof(StringComparison) && Constants.TryEvaluate(argument, out var rule) && rule is StringComparison.Ordinal);

    static Cast Sized(Expression expression, SyntaxWriter write, Tree value) => Numbers.Of(expression.Type) is { } size
        ? write.Cast(size.Size, size.IsSigned, value)
        : throw Wrong(expression, $"a {CSharpText.Name(expression.Type)} is nothing the kernel can compute");

    static BinaryOperator? Logic(ExpressionType type) => type switch
    {
        ExpressionType.AndAlso or ExpressionType.And => BinaryOperator.LogicalAnd,
        ExpressionType.OrElse or ExpressionType.Or => BinaryOperator.LogicalOr,
        ExpressionType.ExclusiveOr => BinaryOperator.NotEqual,
        _ => null,
    };

    static BinaryOperator? Comparison(ExpressionType type) => type switch
    {
        ExpressionType.Equal => BinaryOperator.Equal,
        ExpressionType.NotEqual => BinaryOperator.NotEqual,
        ExpressionType.LessThan => BinaryOperator.Less,
        ExpressionType.LessThanOrEqual => BinaryOperator.LessOrEqual,
        ExpressionType.GreaterThan => BinaryOperator.Greater,
        ExpressionType.GreaterThanOrEqual => BinaryOperator.GreaterOrEqual,
        _ => null,
    };

    static BinaryOperator? Arithmetic(ExpressionType type) => type switch
    {
        ExpressionType.Add => BinaryOperator.Add,
        ExpressionType.Subtract => BinaryOperator.Subtract,
        ExpressionType.Multiply => BinaryOperator.Multiply,
        ExpressionType.Divide => BinaryOperator.Divide,
        ExpressionType.Modulo => BinaryOperator.Modulo,
        ExpressionType.And => BinaryOperator.BitwiseAnd,
        ExpressionType.Or => BinaryOperator.BitwiseOr,
        ExpressionType.ExclusiveOr => BinaryOperator.BitwiseXor,
        ExpressionType.LeftShift => BinaryOperator.ShiftLeft,
        ExpressionType.RightShift => BinaryOperator.ShiftRight,
        _ => null,
    };
}
