using System.Globalization;
using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using System.Text;

namespace Sonde.Engine.Library.Expressions;

/// <summary>Expressions as C#, for messages. Different ones may read the same: a captured variable is its name, a cast that C# adds by itself is not there.</summary>
static class CSharpText
{
    /// <summary>The expression as it is written in C#, as far as its tree tells.</summary>
    public static string Of(Expression expression) => expression switch
    {
        ConstantExpression constant => Literal(constant.Value),
        ParameterExpression parameter => parameter.Name ?? "x",
        MemberExpression { Expression: ConstantExpression { Value: { } closure } } captured when closure.GetType().Name.StartsWith('<') => captured.Member.Name,
        MemberExpression { Expression: { } of } member => $"{Of(of)}.{member.Member.Name}",
        MemberExpression member => $"{member.Member.DeclaringType?.Name}.{member.Member.Name}",
        MethodCallExpression { Method.Name: "op_Implicit", Arguments: [var converted] } => Of(converted),
        MethodCallExpression { Object: { } of, Method.Name: "get_Item" or "get_Chars" } index => $"{Of(of)}[{List(index.Arguments)}]",
        MethodCallExpression { Object: null, Arguments: [var of, ..] } extension when extension.Method.IsDefined(typeof(ExtensionAttribute), inherit: false) => $"{Of(of)}.{extension.Method.Name}({List(extension.Arguments.Skip(1))})",
        InvocationExpression invocation => $"{Of(invocation.Expression)}({List(invocation.Arguments)})",
        MethodCallExpression call => $"{(call.Object is { } of ? Of(of) : call.Method.DeclaringType?.Name)}.{call.Method.Name}({List(call.Arguments)})",
        UnaryExpression { NodeType: ExpressionType.Convert or ExpressionType.ConvertChecked } cast => cast.Operand is ConstantExpression || IsWidening(cast) ? Of(cast.Operand) : $"({Name(cast.Type)}){Nested(cast.Operand)}",
        UnaryExpression unary => unary.NodeType switch
        {
            ExpressionType.Not when unary.Type == typeof(bool) => "!",
            ExpressionType.Not => "~",
            ExpressionType.Negate or ExpressionType.NegateChecked => "-",
            _ => $"{unary.NodeType} ",
        } + Nested(unary.Operand),
        BinaryExpression { NodeType: ExpressionType.ArrayIndex } index => $"{Of(index.Left)}[{Of(index.Right)}]",
        BinaryExpression binary => $"{Nested(binary.Left)} {Operator(binary.NodeType)} {Nested(binary.Right)}",
        ConditionalExpression choice => $"{Nested(choice.Test)} ? {Nested(choice.IfTrue)} : {Nested(choice.IfFalse)}",
        NewExpression { Members: { } members } made => $"new {{ {string.Join(", ", made.Arguments.Zip(members, (value, member) => $"{member.Name} = {Of(value)}"))} }}",
        NewExpression made => $"new {Name(made.Type)}({List(made.Arguments)})",
        MemberInitExpression init => $"{Of(init.NewExpression)} {{ {string.Join(", ", init.Bindings.Select(static binding => binding is MemberAssignment set ? $"{set.Member.Name} = {Of(set.Expression)}" : binding.Member.Name))} }}",
        ListInitExpression list => $"{Of(list.NewExpression)} {{ {List(list.Initializers.SelectMany(static one => one.Arguments))} }}",
        NewArrayExpression { NodeType: ExpressionType.NewArrayBounds } room => $"new {Name(room.Type.GetElementType()!)}[{List(room.Expressions)}]",
        NewArrayExpression array => $"new[] {{ {List(array.Expressions)} }}",
        _ => expression.ToString(),
    };

    /// <summary>A type's name in C#.</summary>
    public static string Name(Type type) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => type.Name,
        TypeCode.SByte => "sbyte",
        TypeCode.Byte => "byte",
        TypeCode.Int16 => "short",
        TypeCode.UInt16 => "ushort",
        TypeCode.Int32 => "int",
        TypeCode.UInt32 => "uint",
        TypeCode.Int64 => "long",
        TypeCode.UInt64 => "ulong",
        TypeCode.Char => "char",
        TypeCode.Boolean => "bool",
        TypeCode.Single => "float",
        TypeCode.Double => "double",
        TypeCode.String => "string",
        _ when type.IsArray => $"{Name(type.GetElementType()!)}[]",
        _ => type.IsGenericType ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : type.Name,
    };

    static string List(IEnumerable<Expression> expressions) => string.Join(", ", expressions.Select(Of));

    static string Nested(Expression expression)
    {
        var inner = expression;
        while (inner is UnaryExpression { NodeType: ExpressionType.Convert } cast && IsWidening(cast))
        {
            inner = cast.Operand;
        }

        return inner is BinaryExpression { NodeType: not ExpressionType.ArrayIndex } or ConditionalExpression ? $"({Of(expression)})" : Of(expression);
    }

    /// <summary>Whether C# writes no cast there.</summary>
    static bool IsWidening(UnaryExpression cast) =>
        Numbers.Of(cast.Operand.Type) is { } from && Numbers.Of(cast.Type) is { } to && !cast.Operand.Type.IsEnum && (to.Size > from.Size || to == from)
        || cast.Type == typeof(object);

    static string Literal(object? value) => value switch
    {
        null => "null",
        string text => new StringBuilder("\"").Append(text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"').ToString(),
        bool truth => truth ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => Name(value.GetType()),
    };

    static string Operator(ExpressionType type) => type switch
    {
        ExpressionType.Add or ExpressionType.AddChecked => "+",
        ExpressionType.Subtract or ExpressionType.SubtractChecked => "-",
        ExpressionType.Multiply or ExpressionType.MultiplyChecked => "*",
        ExpressionType.Divide => "/",
        ExpressionType.Modulo => "%",
        ExpressionType.Equal => "==",
        ExpressionType.NotEqual => "!=",
        ExpressionType.LessThan => "<",
        ExpressionType.LessThanOrEqual => "<=",
        ExpressionType.GreaterThan => ">",
        ExpressionType.GreaterThanOrEqual => ">=",
        ExpressionType.AndAlso => "&&",
        ExpressionType.OrElse => "||",
        ExpressionType.And => "&",
        ExpressionType.Or => "|",
        ExpressionType.ExclusiveOr => "^",
        ExpressionType.LeftShift => "<<",
        ExpressionType.RightShift => ">>",
        ExpressionType.Coalesce => "??",
        _ => type.ToString(),
    };
}
