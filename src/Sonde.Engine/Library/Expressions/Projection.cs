using System.Linq.Expressions;
using System.Reflection;
using Sonde.Engine.Library.Running;
using Sonde.Tracing;

namespace Sonde.Engine.Library.Expressions;

/// <summary>
/// Splits what is selected: numbers, texts and stacks are computed in the kernel and get a slot of the record each; objects are made of them here.
/// </summary>
sealed class Projection
{
    static readonly MethodInfo _number = typeof(RecordReader).GetMethod(nameof(RecordReader.Number))!;
    static readonly MethodInfo _truth = typeof(RecordReader).GetMethod(nameof(RecordReader.Truth))!;
    static readonly MethodInfo _time = typeof(RecordReader).GetMethod(nameof(RecordReader.Time))!;
    static readonly MethodInfo _real = typeof(RecordReader).GetMethod(nameof(RecordReader.Real))!;
    static readonly MethodInfo _text = typeof(RecordReader).GetMethod(nameof(RecordReader.Text))!;
    static readonly MethodInfo _stack = typeof(RecordReader).GetMethod(nameof(RecordReader.Stack))!;
    static readonly MethodInfo _value = typeof(RecordReader).GetMethod(nameof(RecordReader.Value))!;

    readonly ParameterExpression _reader = Expression.Parameter(typeof(RecordReader), "reader");
    readonly List<Expression> _slots = [];
    readonly Expression _made;

    /// <exception cref="ExpressionException">A part of it cannot be computed in the kernel.</exception>
    public Projection(Expression selected)
    {
        Collect(selected);
        // The record ends with the last text's last byte.
        _slots = [.. _slots.OrderBy(static slot => slot.Type == typeof(string))];
        _made = Make(selected);
    }

    /// <summary>What the kernel computes, in the order of the record.</summary>
    public IReadOnlyList<Expression> Slots => _slots;

    /// <summary>Makes what was selected of a record: compiled where code can be made at run time, else interpreted.</summary>
    public Func<RecordReader, T> Compile<T>() => Expression.Lambda<Func<RecordReader, T>>(_made, _reader).Compile();

    /// <summary>Whether a call makes a tuple of its arguments, which C# has no other way to write in an expression.</summary>
    public static bool MakesTuple(MethodCallExpression call) =>
        call.Method.Name == nameof(Tuple.Create) && (call.Method.DeclaringType == typeof(ValueTuple) || call.Method.DeclaringType == typeof(Tuple) || call.Method.DeclaringType == typeof(KeyValuePair));

    void Collect(Expression part)
    {
        if (Constants.TryEvaluate(part, out _))
        {
            return;
        }

        if (Read(part) is not null)
        {
            if (SlotOf(part) < 0)
            {
                _slots.Add(part);
            }

            return;
        }

        foreach (var inner in Parts(part))
        {
            Collect(inner);
        }
    }

    Expression Make(Expression part)
    {
        if (SlotOf(part) is >= 0 and var slot)
        {
            Expression value = Expression.Call(_reader, Read(part)!, Expression.Constant(slot));
            return value.Type == part.Type ? value : Expression.Convert(value, part.Type);
        }

        // Each event has an object of its own, whatever it is made of.
        if (!IsMadeHere(part) && Constants.TryEvaluate(part, out var known))
        {
            return Expression.Constant(known, part.Type);
        }

        return part switch
        {
            NewExpression made => made.Update(made.Arguments.Select(Make)),
            MemberInitExpression init => init.Update(init.NewExpression.Update(init.NewExpression.Arguments.Select(Make)), init.Bindings.Select(binding => ((MemberAssignment)binding).Update(Make(((MemberAssignment)binding).Expression)))),
            NewArrayExpression array => array.Update(array.Expressions.Select(Make)),
            UnaryExpression cast => cast.Update(Make(cast.Operand)),
            MethodCallExpression call => call.Update(null, call.Arguments.Select(Make)),
            _ => throw new InvalidOperationException($"no way to make {part}"),
        };
    }

    /// <summary>The place of a value in the record; -1 when the kernel does not compute it. What a hit has is there once, however often it is asked for.</summary>
    int SlotOf(Expression part)
    {
        var asked = HitMember.Of(part);
        return _slots.FindIndex(slot => slot == part || (asked is not null && asked.Equals(HitMember.Of(slot))));
    }

    static bool IsMadeHere(Expression part) => part is NewExpression or NewArrayExpression || (part is MemberInitExpression init && init.Bindings.All(static binding => binding is MemberAssignment));

    /// <summary>The parts that an object is made of.</summary>
    static Expression[] Parts(Expression part) => part switch
    {
        NewExpression made => [.. made.Arguments],
        MemberInitExpression init when init.Bindings.All(static binding => binding is MemberAssignment) => [.. init.NewExpression.Arguments, .. init.Bindings.Select(static binding => ((MemberAssignment)binding).Expression)],
        NewArrayExpression { NodeType: ExpressionType.NewArrayInit } array => [.. array.Expressions],
        UnaryExpression { NodeType: ExpressionType.Convert } cast => [cast.Operand],
        MethodCallExpression call when MakesTuple(call) => [.. call.Arguments],
        ParameterExpression hit => throw new ExpressionException(CSharpText.Of(hit), $"a hit is no value; Select what you want of it: .Select({hit.Name} => new {{ {hit.Name}.Pid, {hit.Name}.Comm }})"),
        MethodCallExpression call => throw new ExpressionException(CSharpText.Of(call), $"{CSharpText.Name(call.Method.DeclaringType!)}.{call.Method.Name} runs in .NET only; call it in the loop that reads the events"),
        InvocationExpression call => throw new ExpressionException(CSharpText.Of(call), "a delegate runs in .NET only; call it in the loop that reads the events"),
        MemberExpression { Expression: { } of } member => throw new ExpressionException(CSharpText.Of(member), KernelExpression.UnknownMember(member.Member.Name, of)),
        BinaryExpression or UnaryExpression or ConditionalExpression => throw new ExpressionException(CSharpText.Of(part), $"the kernel does not compute with {CSharpText.Name(part.Type)}; compute it in the loop that reads the events"),
        _ => throw new ExpressionException(CSharpText.Of(part), $"a {CSharpText.Name(part.Type)} can only be made of values by its constructor; do the rest in the loop that reads the events"),
    };

    /// <summary>How a value that the kernel computes is read; null for objects, which are made here.</summary>
    static MethodInfo? Read(Expression part) =>
        part.Type == typeof(TimeSpan) ? _time
        : part.Type == typeof(bool) ? _truth
        : part.Type == typeof(string) && part is not (NewExpression or UnaryExpression) ? _text
        : Numbers.Of(part.Type) is not null ? _number
        : HitMember.Of(part) is not null ? part.Type == typeof(Stack) ? _stack : part.Type == typeof(double) ? _real : part.Type == typeof(object) ? _value : null
        : null;
}
