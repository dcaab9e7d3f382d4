namespace Sonde.Usdt;

/// <summary>How tracers see an argument of a probe. The numbers are libstapsdt's <c>ArgType_t</c> where it has one.</summary>
public enum UsdtArgument : sbyte
{
    /// <summary>A floating-point number of 4 bytes.</summary>
    Single = 5,

    /// <summary>A floating-point number of 8 bytes.</summary>
    Double = 6,

    /// <summary>The address of a text in UTF-8 that ends with a NUL.</summary>
    Text = 7,

    /// <summary>The address of bytes; how many is another argument's business.</summary>
    Bytes = 10,

    /// <summary>An unsigned number of 1 byte.</summary>
    UInt8 = 1,

    /// <summary>A signed number of 1 byte.</summary>
    Int8 = -1,

    /// <summary>An unsigned number of 2 bytes.</summary>
    UInt16 = 2,

    /// <summary>A signed number of 2 bytes.</summary>
    Int16 = -2,

    /// <summary>An unsigned number of 4 bytes.</summary>
    UInt32 = 4,

    /// <summary>A signed number of 4 bytes.</summary>
    Int32 = -4,

    /// <summary>An unsigned number of 8 bytes.</summary>
    UInt64 = 8,

    /// <summary>A signed number of 8 bytes.</summary>
    Int64 = -8,
}
