using System.Linq.Expressions;
using Sonde.Engine.Library.Running;
using Sonde.Tracing;
using Expression = System.Linq.Expressions.Expression;

namespace Sonde.Engine.Library.Expressions;

/// <summary>Where events come from and what becomes of them, as one expression over the hit. Queries do not change.</summary>
sealed class Query
{
    /// <summary>The map that an aggregate is gathered in.</summary>
    public const string AggregateMap = "@aggregate";

    readonly EventSource _source;
    readonly Expression _selected;
    readonly IReadOnlyList<Expression> _conditions;
    readonly string? _gathering;
    readonly Expression? _gathered;

    Query(EventSource source, Expression selected, IReadOnlyList<Expression> conditions, string? gathering = null, Expression? gathered = null) =>
        (_source, _selected, _conditions, _gathering, _gathered) = (source, selected, conditions, gathering, gathered);

    public static Query Usdt(Session session, string probe) => probe.Split(':') switch
    {
        [_, _] when session.Pid == 0 => throw new ArgumentException($"USDT probe '{probe}': on the whole machine the program or library stands before it: '/usr/bin/app:{probe}'", nameof(probe)),
        [var provider, var name] => One<UsdtHit>(probe, "usdt", "*", provider, name),
        [var file, var provider, var name] => One<UsdtHit>(probe, "usdt", file, provider, name),
        _ => throw new ArgumentException($"USDT probe '{probe}': it is written provider:name, or file:provider:name", nameof(probe)),
    };

    public static Query Function(string function) => One<FunctionHit>(function, "uprobe", InFile(function));

    public static Query Calls(string function)
    {
        var write = new SyntaxWriter(function, SyntaxWriter.ProbeSource);
        var parts = InFile(function);
        return new(new CallPair(write, write.At("uprobe", parts), [write.At("uretprobe", parts)], IsPython: false), Expression.Parameter(typeof(CallHit), "p"), []);
    }

    public static Query PythonCalls(string function)
    {
        var write = new SyntaxWriter(function, SyntaxWriter.ProbeSource);
        var parts = function.Split(':');
        return new(new CallPair(write, write.At("pycall", parts), [write.At("pyreturn", parts), write.At("pyraise", parts)], IsPython: true), Expression.Parameter(typeof(PythonCallHit), "p"), []);
    }

    public static Query Tracepoint(string name) => name.Split(':') is [var group, var one]
        ? One<TracepointHit>(name, "tracepoint", group, one)
        : throw new ArgumentException($"tracepoint '{name}': it is written group:name, as syscalls:sys_enter_openat", nameof(name));

    public static Query Samples(int perSecond) => One<SampleHit>("Samples", "profile", "hz", perSecond.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public Query Where(LambdaExpression condition) => new(_source, _selected, [.. _conditions, .. Conjuncts(Substitution.Apply(condition, _selected))]);

    public Query Select(LambdaExpression projection) => new(_source, Substitution.Apply(projection, _selected), _conditions);

    /// <summary>Gathers something in the kernel instead of sending events.</summary>
    /// <param name="key">What entries are told apart by.</param>
    /// <param name="value">What is gathered; null for counts.</param>
    /// <param name="function">The language's name of it.</param>
    public Query Aggregate(LambdaExpression key, LambdaExpression? value, string function) =>
        new(_source, Substitution.Apply(key, _selected), _conditions, function, value is null ? null : Substitution.Apply(value, _selected));

    /// <summary>The script, and what makes objects of its records or keys.</summary>
    /// <exception cref="ExpressionException">A part of an expression cannot be computed in the kernel.</exception>
    public (Sonde.Script.Syntax.Script Script, Func<RecordReader, T> Decoder) Compile<T>()
    {
        var projection = new Projection(_selected);
        var script = _source.Write(_conditions, [.. projection.Slots, .. _gathered is null ? [] : (Expression[])[_gathered]], values => _gathering is null
            ? _source.Name.Do(_source.Name.Call(Sonde.Script.Binding.Binder.EventFunction, values))
            : _source.Name.Set(
                _source.Name.Map(AggregateMap, projection.Slots.Count == 0 ? [_source.Name.Number(0)] : [.. values.Take(projection.Slots.Count)]),
                _source.Name.Call(_gathering, [.. values.Skip(projection.Slots.Count)])));
        return (script, projection.Compile<T>());
    }

    static Query One<THit>(string name, string provider, params string[] parts)
        where THit : Hit
    {
        var write = new SyntaxWriter(name, SyntaxWriter.ProbeSource);
        return new(new OneProbe(write, write.At(provider, parts)), Expression.Parameter(typeof(THit), "p"), []);
    }

    static string[] InFile(string function) => function.Split(':', 2) is [{ Length: > 0 } file, { Length: > 0 } name]
        ? [file, name]
        : throw new ArgumentException($"function '{function}': it is written file:function, as libc:open", nameof(function));

    /// <summary>Conditions that must hold one after the other: each is asked before what the next one needs is read.</summary>
    static IEnumerable<Expression> Conjuncts(Expression condition) => condition is BinaryExpression { NodeType: ExpressionType.AndAlso } and
        ? Conjuncts(and.Left).Concat(Conjuncts(and.Right))
        : [condition];
}
