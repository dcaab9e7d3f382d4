namespace Sonde.Script.Syntax;

/// <summary>Reads settings from a script's config block and the environment.</summary>
static class ConfigReader
{
    /// <summary>What the names of environment variables start with.</summary>
    public const string Prefix = "BPFTRACE_";

    // Variables of the environment that are no config variables.
    static readonly HashSet<string> _others = ["btf", "kernel_source", "kernel_build", "vmlinux", "color", "dummy_ts_map"];

    /// <summary>The settings; what is wrong goes to <paramref name="diagnostics"/> and leaves the default.</summary>
    /// <param name="block">The config block, or null.</param>
    /// <param name="environment">The environment, whose variables win over the block.</param>
    /// <param name="diagnostics">Where errors and warnings go.</param>
    public static ScriptConfig Read(ConfigBlock? block, IEnumerable<KeyValuePair<string, string>> environment, DiagnosticBag diagnostics)
    {
        ScriptConfig config = new();
        foreach (ConfigEntry entry in block?.Entries ?? [])
        {
            string name = ConfigTable.NameOf(entry.Name);
            if (ConfigTable.IsWithoutEffect(name))
            {
                diagnostics.Warning(entry.Span, $"{name} is deprecated and has no effect");
            }
            else if (!ConfigTable.IsKnown(name))
            {
                diagnostics.Error(entry.Span, $"{entry.Name}: not a known configuration option", Suggest.Hint(name, ConfigTable.Names));
            }
            else if (!ConfigTable.TrySet(ref config, name, entry.Value, IsNegated(entry.Name), out string wrong))
            {
                diagnostics.Error(entry.Span, wrong);
            }
        }

        foreach ((string key, string value) in environment.Where(v => v.Key.StartsWith(Prefix, StringComparison.Ordinal)).OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            string name = ConfigTable.NameOf(key);
            if (ConfigTable.IsKnown(name))
            {
                if (!ConfigTable.TrySet(ref config, name, value, IsNegated(key), out string wrong))
                {
                    diagnostics.Error(SourceSpan.None, wrong, $"the environment has {key}={value}");
                }
            }
            else if (!_others.Contains(name) && Suggest.Closest(name, ConfigTable.Names) is string meant)
            {
                diagnostics.Warning(SourceSpan.None, $"{key}: not a known configuration option", $"did you mean '{Prefix}{meant.ToUpperInvariant()}'?");
            }
        }

        return config;
    }

    static bool IsNegated(string key) => key.EndsWith("NO_CPP_DEMANGLE", StringComparison.OrdinalIgnoreCase);
}
