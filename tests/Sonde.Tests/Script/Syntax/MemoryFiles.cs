using Sonde.Script.Syntax;

namespace Sonde.Tests.Script.Syntax;

/// <summary>Files that exist only in a test; folders are what stands before a slash.</summary>
sealed class MemoryFiles : Dictionary<string, string>, IScriptFiles
{
    /// <summary>Folders that anyone may write to.</summary>
    public HashSet<string> Open { get; } = [];

    public string? Read(string path) => TryGetValue(Canonical(path), out string? text) ? text : null;

    public IReadOnlyList<string>? List(string folder)
    {
        string prefix = Canonical(folder) + "/";
        List<string> names = [.. Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).Select(k => k[prefix.Length..]).Where(n => !n.Contains('/', StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        return names.Count == 0 ? null : names;
    }

    public string Canonical(string path) => path.StartsWith('/') ? Path.GetFullPath(path) : Path.GetFullPath(path, "/")[1..];

    public bool IsWorldWritable(string path) => Open.Contains(Canonical(path));
}
