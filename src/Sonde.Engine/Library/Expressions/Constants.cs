using System.Linq.Expressions;
using System.Reflection;
using Sonde.Tracing;

namespace Sonde.Engine.Library.Expressions;

/// <summary>What of an expression does not depend on the hit: it is known when the probe is attached.</summary>
static class Constants
{
    /// <summary>The value of an expression without parameters; false for one that has some.</summary>
    /// <exception cref="ExpressionException">It has none, as it ends in an exception.</exception>
    public static bool TryEvaluate(Expression expression, out object? value)
    {
        value = null;
        var search = new ParameterSearch();
        search.Visit(expression);
        if (search.Found)
        {
            return false;
        }

        try
        {
            value = Evaluate(expression);
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            var cause = problem is TargetInvocationException { InnerException: { } inner } ? inner : problem;
            throw new ExpressionException(CSharpText.Of(expression), $"it was to be evaluated before that, and failed: {cause.Message}");
        }

        return true;
    }

    static object? Evaluate(Expression expression) => expression switch
    {
        ConstantExpression constant => constant.Value,
        MemberExpression { Member: FieldInfo field } member => field.GetValue(member.Expression is null ? null : Evaluate(member.Expression)),
        MemberExpression { Member: PropertyInfo property } member => property.GetValue(member.Expression is null ? null : Evaluate(member.Expression)),
        _ => Expression.Lambda<Func<object?>>(Expression.Convert(expression, typeof(object))).Compile(preferInterpretation: true)(),
    };

    sealed class ParameterSearch : ExpressionVisitor
    {
        public bool Found { get; private set; }

        protected override Expression VisitParameter(ParameterExpression node)
        {
            Found = true;
            return node;
        }
    }
}
