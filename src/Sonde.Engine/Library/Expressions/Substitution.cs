using System.Linq.Expressions;

namespace Sonde.Engine.Library.Expressions;

/// <summary>Puts an expression in a parameter's place; what is then taken out of an object just made is what was put into it.</summary>
sealed class Substitution(ParameterExpression parameter, Expression value) : ExpressionVisitor
{
    /// <summary>The body of a lambda with one parameter, of that value.</summary>
    public static Expression Apply(LambdaExpression lambda, Expression value) => new Substitution(lambda.Parameters[0], value).Visit(lambda.Body);

    protected override Expression VisitParameter(ParameterExpression node) => node == parameter ? value : node;

    protected override Expression VisitMember(MemberExpression node)
    {
        var of = Visit(node.Expression);
        return of is not null && Find(of, node.Member.Name) is { } part && part.Type == node.Type ? part : node.Update(of);
    }

    static Expression? Find(Expression made, string name)
    {
        switch (made)
        {
            case NewExpression { Members: { } members } anonymous:
                for (var i = 0; i < members.Count; i++)
                {
                    if (members[i].Name == name || members[i].Name == "get_" + name)
                    {
                        return anonymous.Arguments[i];
                    }
                }

                return null;
            case NewExpression { Constructor: { } constructor } record:
                // A record's properties are called as its parameters, a tuple's items as those but for the case.
                var parameters = constructor.GetParameters();
                var at = Array.FindIndex(parameters, one => string.Equals(one.Name, name, StringComparison.OrdinalIgnoreCase));
                return at < 0 ? null : record.Arguments[at];
            case MemberInitExpression init:
                return init.Bindings.OfType<MemberAssignment>().FirstOrDefault(binding => binding.Member.Name == name)?.Expression ?? Find(init.NewExpression, name);
            case MethodCallExpression call when Projection.MakesTuple(call) && name.StartsWith("Item", StringComparison.Ordinal) && int.TryParse(name.AsSpan(4), out var item) && item <= call.Arguments.Count:
                return call.Arguments[item - 1];
            default:
                return null;
        }
    }
}
