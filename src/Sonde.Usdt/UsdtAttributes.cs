namespace Sonde.Usdt;

/// <summary>Makes a probe of a partial method: calling it fires the probe. The source generator in this package writes its body.</summary>
/// <remarks>
/// <code>
/// [UsdtProvider("shop")]
/// static partial class Shop
/// {
///     [UsdtProbe] public static partial void OrderPlaced(long id, string sku);
/// }
/// </code>
/// The method returns void and takes at most 12 parameters, by value, of the types that <see cref="UsdtProvider"/> takes, or enumerations. Tools see the
/// parameters' names. Beside <c>OrderPlaced</c> stands <c>IsOrderPlacedEnabled</c>, to ask before arguments are worked out.
/// </remarks>
/// <param name="name">What tools know it by; without it the method's name in small letters: <c>OrderPlaced</c> is <c>order_placed</c>.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UsdtProbeAttribute(string? name = null) : Attribute
{
    /// <summary>What tools know it by; null for the method's name in small letters.</summary>
    public string? Name => name;
}

/// <summary>Names the provider of the probes in a type or, on an assembly, of all probes that are in no such type.</summary>
/// <remarks>Without it the provider is called as the assembly in small letters. Types that name one provider share it.</remarks>
/// <param name="name">What tools know it by: not empty, and without NUL, colon or blank.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Assembly)]
public sealed class UsdtProviderAttribute(string name) : Attribute
{
    /// <summary>What tools know it by.</summary>
    public string Name => name;

    /// <summary>
    /// Whether it is loaded when the assembly is, before any of its code runs, so that tracers find it from then on; the default. Otherwise call
    /// <see cref="UsdtProvider.Load"/> of the type's property <c>Provider</c>.
    /// </summary>
    public bool LoadAtStart { get; set; } = true;
}
