namespace Sonde.Usdt;

/// <summary>A probe whose arguments are known only when the program runs; it is fired by who knows its <see cref="UsdtProbe.Site"/>.</summary>
sealed class UntypedProbe : UsdtProbe
{
    internal UntypedProbe(string provider, string name, IReadOnlyList<UsdtArgument> arguments, IReadOnlyList<string> argumentNames)
        : base(provider, name, arguments, argumentNames)
    {
    }
}
