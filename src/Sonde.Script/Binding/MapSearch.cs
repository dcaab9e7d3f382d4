using Sonde.Script.Syntax;

namespace Sonde.Script.Binding;

/// <summary>Finds the maps a tree names.</summary>
sealed class MapSearch(DiagnosticBag diagnostics) : TreeRewriter(diagnostics)
{
    readonly Dictionary<string, bool> _found = [];

    /// <summary>Their names, and whether they are used with keys.</summary>
    public IReadOnlyDictionary<string, bool> Found => _found;

    protected override MapAccess Map(MapAccess map)
    {
        _found[map.Name] = map.Keys.Count > 0 || _found.GetValueOrDefault(map.Name);
        return base.Map(map);
    }
}
