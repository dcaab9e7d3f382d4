using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>Numbers written in a script.</summary>
static class Literals
{
    /// <summary>The smallest signed type that holds the number; uint64 beyond int64.</summary>
    public static IntegerType TypeOf(Int128 value) => value switch
    {
        _ when value >= sbyte.MinValue && value <= sbyte.MaxValue => IntegerType.Int8,
        _ when value >= short.MinValue && value <= short.MaxValue => IntegerType.Int16,
        _ when value >= int.MinValue && value <= int.MaxValue => IntegerType.Int32,
        _ when value <= long.MaxValue => IntegerType.Int64,
        _ => IntegerType.UInt64,
    };

    /// <summary>Whether the number is in the range a script can write.</summary>
    public static bool IsInRange(Int128 value) => value >= long.MinValue && value <= ulong.MaxValue;

    public static BoundConstant Of(Int128 value) => new(TypeOf(value), unchecked((long)value)) { IsLiteral = true };

    /// <summary>The number a constant stands for.</summary>
    public static Int128 ValueOf(BoundConstant constant) => IsUnsigned(constant.Type) ? unchecked((ulong)constant.Value) : constant.Value;

    /// <summary>A value cut to the size of a scalar type and extended by its sign, as a register holds it.</summary>
    public static long Fit(long value, DataType type) => type switch
    {
        BoolType => value != 0 ? 1 : 0,
        EnumType named => Fit(value, named.Underlying),
        IntegerType { Size: 1, IsSigned: true } => unchecked((sbyte)value),
        IntegerType { Size: 2, IsSigned: true } => unchecked((short)value),
        IntegerType { Size: 4, IsSigned: true } => unchecked((int)value),
        IntegerType { Size: 1 } => unchecked((byte)value),
        IntegerType { Size: 2 } => unchecked((ushort)value),
        IntegerType { Size: 4 } => unchecked((uint)value),
        _ => value,
    };

    static bool IsUnsigned(DataType type) => type switch
    {
        IntegerType number => !number.IsSigned,
        EnumType named => !named.Underlying.IsSigned,
        _ => true,
    };
}
