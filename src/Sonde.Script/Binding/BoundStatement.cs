using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>A statement.</summary>
abstract record BoundStatement
{
    /// <summary>The place in the source.</summary>
    public SourceSpan? Span { get; init; }
}

/// <summary>Statements in order; variables declared inside end with it.</summary>
sealed record BoundBlock(IReadOnlyList<BoundStatement> Statements) : BoundStatement;

/// <summary>An expression for its effect.</summary>
sealed record BoundExpressionStatement(BoundExpression Expression) : BoundStatement;

/// <summary>Sets a variable, or declares it (also anew on each turn of a loop): zero when <paramref name="Value"/> is null.</summary>
sealed record BoundSetVariable(BoundVariable Variable, BoundExpression? Value) : BoundStatement;

/// <summary>Sets a map's value; both of exactly the map's types.</summary>
sealed record BoundSetMap(ScriptMap Map, BoundExpression? Key, BoundExpression Value) : BoundStatement;

/// <summary>Adds to an aggregate (the map's value type says which): no value for count, one for the others.</summary>
/// <param name="Value">The number, int64 or uint64; null for count.</param>
/// <param name="Weight">How often it counts; null for once.</param>
sealed record BoundAggregate(ScriptMap Map, BoundExpression? Key, BoundExpression? Value, BoundExpression? Weight) : BoundStatement;

/// <summary>Sends a record; the payload's elements in the action's order and types.</summary>
/// <param name="Action">Place in <see cref="BoundScript.Actions"/>.</param>
sealed record BoundSend(int Action, IReadOnlyList<BoundExpression> Payload) : BoundStatement
{
    /// <summary>Whether the program ends after it (<c>exit()</c>, assertions).</summary>
    public bool EndsProgram { get; init; }
}

/// <summary>A choice.</summary>
sealed record BoundIf(BoundExpression Condition, BoundStatement Then, BoundStatement? Else) : BoundStatement;

/// <summary>Repeats while the condition holds, at most as often as the kernel allows.</summary>
sealed record BoundWhile(BoundExpression Condition, BoundBlock Body) : BoundStatement;

/// <summary>Counts from a bound to before another, both evaluated once.</summary>
sealed record BoundForRange(BoundVariable Variable, BoundExpression From, BoundExpression To, BoundBlock Body) : BoundStatement;

/// <summary>Goes through a map; the variable is a tuple of key and value.</summary>
sealed record BoundForMap(BoundVariable Variable, ScriptMap Map, BoundBlock Body) : BoundStatement;

/// <summary>Ends the innermost loop.</summary>
sealed record BoundBreak : BoundStatement;

/// <summary>Goes on with the innermost loop's next turn.</summary>
sealed record BoundContinue : BoundStatement;

/// <summary>Ends the program, from wherever it stands; the value is the program's for <c>test</c> probes.</summary>
sealed record BoundReturn(BoundExpression? Value) : BoundStatement;

/// <summary>Copies the texts of a NULL-ended array of pointers (<c>join</c>) and sends them.</summary>
sealed record BoundJoin(int Action, BoundExpression Array, AddressSpace Space) : BoundStatement;
