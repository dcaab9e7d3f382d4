using Sonde.Symbols.Demangle;
using Sonde.Symbols.Tables;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Which functions of a file an attach point means, by their symbols or by their names in the source (<c>cpp</c>).</summary>
sealed class FunctionPattern(UserLocation location)
{
    readonly Func<string, bool> _matches = Wildcards.Matcher(location.Function);
    readonly bool _withParameters = location.Function.Contains('(');

    /// <summary>The name by which the function matches; null when it does not.</summary>
    public string? Match(FunctionSymbol symbol)
    {
        if (!location.IsDemangled || !Demangler.TryDemangle(symbol.Name, out var full))
        {
            return _matches(symbol.Name) ? symbol.Name : null;
        }

        // Without parameters in the pattern all overloads are meant.
        return _matches(full) || (!_withParameters && Demangler.FunctionName(symbol.Name) is { } name && _matches(name)) ? full : null;
    }

    /// <summary>The name as attach points write it.</summary>
    public static string Written(string name, UserLocation location) => location.IsDemangled ? $"cpp:\"{name}\"" : name;
}
