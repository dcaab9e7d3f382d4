using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>
/// A typed expression. Scalars (<see cref="DataType.IsScalar"/>) are numbers of 64 bits, extended by their type's sign; all others are memory of
/// their type's layout. All widening is explicit (<see cref="BoundConvert"/>); operands of <see cref="BoundBinary"/> have one type.
/// </summary>
/// <param name="Type">Its type.</param>
abstract record BoundExpression(DataType Type)
{
    /// <summary>The place in the source, for run-time errors.</summary>
    public SourceSpan? Span { get; init; }
}

/// <summary>A number known when compiling: integers, booleans, enums, pointers, scalar symbolic values.</summary>
sealed record BoundConstant(DataType Type, long Value) : BoundExpression(Type)
{
    /// <summary>Whether it was written as a number, or computed from such: its type then gives way to that of what it meets.</summary>
    public bool IsLiteral { get; init; }
}

/// <summary>Text known when compiling (UTF-8, no zero byte); its type's capacity may be larger.</summary>
sealed record BoundText(StringType Text, byte[] Bytes) : BoundExpression(Text);

/// <summary>Memory known when compiling, of exactly the type's size: <c>pton()</c>, empty tuples, zero values.</summary>
sealed record BoundBytes(DataType Type, byte[] Bytes) : BoundExpression(Type);

/// <summary>A variable's value.</summary>
sealed record BoundVariableRead(BoundVariable Variable) : BoundExpression(Variable.Type);

/// <summary>A map's value, zero when there is no such key. Aggregates are read with <see cref="BoundAggregateRead"/>.</summary>
/// <param name="Key">Of the map's key type; null for maps without one.</param>
sealed record BoundMapRead(ScriptMap Map, BoundExpression? Key, DataType Type) : BoundExpression(Type);

/// <summary>A count, sum, min, max or avg as one number of 64 bits, put together from all processors.</summary>
sealed record BoundAggregateRead(ScriptMap Map, BoundExpression? Key, DataType Type) : BoundExpression(Type);

/// <summary>Whether the map has the key.</summary>
sealed record BoundHasKey(ScriptMap Map, BoundExpression? Key) : BoundExpression(BoolType.Instance);

/// <summary>Deletes; whether there was something.</summary>
sealed record BoundDelete(ScriptMap Map, BoundExpression? Key) : BoundExpression(BoolType.Instance);

/// <summary>Copies the value to the variable if the key is there; whether it is.</summary>
sealed record BoundFind(ScriptMap Map, BoundExpression Key, BoundVariable Into) : BoundExpression(BoolType.Instance);

/// <summary>How many entries a map has, or frames a stack.</summary>
sealed record BoundLength(ScriptMap? Map, BoundExpression? Stack) : BoundExpression(IntegerType.UInt64);

/// <summary>Operators of one operand.</summary>
enum BoundUnaryOperator
{
    Negate,
    BitwiseNot,
    LogicalNot,
}

/// <summary>An operator on a scalar.</summary>
sealed record BoundUnary(BoundUnaryOperator Operator, BoundExpression Operand, DataType Type) : BoundExpression(Type);

/// <summary>
/// An operator on two scalars of one type (shifts: any second integer); <c>&amp;&amp;</c> and <c>||</c> are <see cref="BoundLogical"/>. Signedness of
/// division, shifts right and comparisons follows the operands' type. Pointer arithmetic arrives here scaled, as numbers.
/// </summary>
sealed record BoundBinary(BinaryOperator Operator, BoundExpression Left, BoundExpression Right, DataType Type) : BoundExpression(Type);

/// <summary><c>&amp;&amp;</c> and <c>||</c>: the second operand is evaluated only if needed. Operands are bool.</summary>
sealed record BoundLogical(bool IsAnd, BoundExpression Left, BoundExpression Right) : BoundExpression(BoolType.Instance);

/// <summary>Whether two values in memory are equal: texts up to their end, others byte for byte over equal types.</summary>
/// <param name="Limit">Compare at most so many bytes (strncmp); 0 for all.</param>
sealed record BoundMemoryEqual(BoundExpression Left, BoundExpression Right, bool Negated, int Limit = 0) : BoundExpression(BoolType.Instance);

/// <summary>One of two, both of <paramref name="Type"/> (or void).</summary>
sealed record BoundConditional(BoundExpression Condition, BoundExpression WhenTrue, BoundExpression WhenFalse, DataType Type) : BoundExpression(Type);

/// <summary>
/// The same value as another type: integers are truncated or extended by the operand's sign; anything scalar to bool is "is not 0"; texts, buffers
/// and tuples to a larger capacity of the same kind are copied and padded; a scalar to an array of equal size, and back, keeps its bytes.
/// An array of N characters (int8) to a text of N + 1 bytes is read up to its first zero byte, wherever it lies; it is whole, so it never counts as cut.
/// </summary>
sealed record BoundConvert(BoundExpression Operand, DataType Type) : BoundExpression(Type);

/// <summary>What lies at an address: a scalar is loaded, anything else is copied when it is needed.</summary>
/// <param name="Address">A number or pointer.</param>
/// <param name="Space">How it is read; for <see cref="AddressSpace.Context"/> the address is <see cref="BoundContext"/> plus constants.</param>
sealed record BoundDereference(BoundExpression Address, AddressSpace Space, DataType Type) : BoundExpression(Type)
{
    /// <summary>For a bit field: bits from the lowest of the number at the address.</summary>
    public int BitOffset { get; init; }

    /// <summary>For a bit field: how many bits; 0 otherwise.</summary>
    public int BitSize { get; init; }
}

/// <summary>A part of a value that is in the program's own memory: a tuple's element, a stored structure's field, an array's element.</summary>
/// <param name="Aggregate">The whole.</param>
/// <param name="Offset">Bytes from its start.</param>
sealed record BoundElement(BoundExpression Aggregate, int Offset, DataType Type) : BoundExpression(Type)
{
    /// <summary>A changing index for arrays: this many elements of the type's size after <see cref="Offset"/>; out of range reads zero.</summary>
    public BoundExpression? Index { get; init; }

    /// <summary>How many elements there are, for <see cref="Index"/>.</summary>
    public int Count { get; init; }

    /// <summary>See <see cref="BoundDereference.BitOffset"/>.</summary>
    public int BitOffset { get; init; }

    /// <summary>See <see cref="BoundDereference.BitSize"/>.</summary>
    public int BitSize { get; init; }
}

/// <summary>A tuple or record of its elements, each of exactly its element's type.</summary>
sealed record BoundTuple(IReadOnlyList<BoundExpression> Elements, TupleType Tuple) : BoundExpression(Tuple);

/// <summary>The address of a variable or of a map's value (0 when there is none).</summary>
sealed record BoundAddressOf(BoundVariable? Variable, ScriptMap? Map, BoundExpression? Key, DataType Type) : BoundExpression(Type);

/// <summary>The context's address.</summary>
sealed record BoundContext(DataType Type) : BoundExpression(Type);

/// <summary>A value the probe gives (<c>arg0</c>, <c>args.x</c>, <c>retval</c>).</summary>
sealed record BoundArgument(ArgumentSource Source, DataType Type) : BoundExpression(Type);

/// <summary>A function of the language that the code generator knows; what is known when compiling is in <see cref="Number"/> and the type.</summary>
sealed record BoundCall(Intrinsic Function, IReadOnlyList<BoundExpression> Arguments, DataType Type) : BoundExpression(Type)
{
    /// <summary>A number known when compiling; each <see cref="Intrinsic"/> says what.</summary>
    public long Number { get; init; }

    /// <summary>How memory arguments are read.</summary>
    public AddressSpace Space { get; init; }
}

/// <summary>Adds to a variable or map value; the value before (postfix) or after (prefix). Pointers arrive scaled.</summary>
sealed record BoundIncrement(BoundVariable? Variable, ScriptMap? Map, BoundExpression? Key, long Delta, bool ReturnsOld, DataType Type) : BoundExpression(Type);

/// <summary>Statements, then a value.</summary>
sealed record BoundBlockExpression(IReadOnlyList<BoundStatement> Statements, BoundExpression Value) : BoundExpression(Value.Type);
