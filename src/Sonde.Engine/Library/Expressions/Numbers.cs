namespace Sonde.Engine.Library.Expressions;

/// <summary>How a type of .NET is as a number in the kernel.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="IsSigned">Whether it has negative values.</param>
readonly record struct Numbers(int Size, bool IsSigned)
{
    /// <summary>Of integers, char, enumerations and times, which are nanoseconds there; null for everything else.</summary>
    public static Numbers? Of(Type type) => type == typeof(TimeSpan) ? new(8, true) : Type.GetTypeCode(type) switch
    {
        TypeCode.SByte => new(1, true),
        TypeCode.Byte => new(1, false),
        TypeCode.Int16 => new(2, true),
        TypeCode.UInt16 or TypeCode.Char => new(2, false),
        TypeCode.Int32 => new(4, true),
        TypeCode.UInt32 => new(4, false),
        TypeCode.Int64 => new(8, true),
        TypeCode.UInt64 => new(8, false),
        _ => null,
    };
}
