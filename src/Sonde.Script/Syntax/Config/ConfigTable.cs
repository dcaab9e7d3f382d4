using System.Globalization;
using Sonde.Script.Types;

namespace Sonde.Script.Syntax;

/// <summary>The config variables by name: how their text is read and written.</summary>
static class ConfigTable
{
    static readonly string[] _licenses = ["Dual MIT/GPL", "Dual BSD/GPL", "Dual MPL/GPL", "GPL and additional rights", "GPL v2", "GPL"];

    /// <summary>The settings with a value, or what is wrong with the value.</summary>
    readonly record struct Outcome(ScriptConfig? Config, string? Error)
    {
        public static implicit operator Outcome(ScriptConfig config) => new(config, null);

        public static implicit operator Outcome(string error) => new(null, error);
    }

    sealed record Entry(Func<ScriptConfig, string, Outcome> Set, Func<ScriptConfig, string> Get);

    static readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal)
    {
        ["cache_user_symbols"] = new(
            (c, text) => SymbolCacheOf(text) is string mode ? c with { CacheUserSymbols = mode } : Invalid("cache_user_symbols", "PER_PID, PER_PROGRAM, and NONE"),
            c => c.CacheUserSymbols),
        ["cpp_demangle"] = Flag((c, v) => c with { DemangleCpp = v }, c => c.DemangleCpp),
        ["lazy_symbolication"] = Flag((c, v) => c with { LazySymbolication = v }, c => c.LazySymbolication),
        ["license"] = new(SetLicense, c => c.License),
        ["log_size"] = Number((c, v) => c with { LogSize = v }, c => c.LogSize),
        ["max_bpf_progs"] = Number((c, v) => c with { MaxPrograms = v }, c => c.MaxPrograms),
        ["max_cat_bytes"] = Number((c, v) => c with { MaxCatBytes = v }, c => c.MaxCatBytes),
        ["max_map_keys"] = Number((c, v) => c with { MaxMapKeys = v }, c => c.MaxMapKeys),
        ["max_probes"] = Number((c, v) => c with { MaxProbes = v }, c => c.MaxProbes),
        ["max_strlen"] = Number((c, v) => c with { MaxStringLength = v }, c => c.MaxStringLength),
        ["missing_probes"] = new(
            (c, text) => text is "error" or "warn" or "ignore" ? c with { MissingProbes = text } : Invalid("missing_probes", "ignore, warn, and error"),
            c => c.MissingProbes),
        ["on_stack_limit"] = Number((c, v) => c with { OnStackLimit = v }, c => c.OnStackLimit),
        ["perf_rb_pages"] = Number((c, v) => c with { RingPages = v }, c => c.RingPages),
        ["print_maps_on_exit"] = Flag((c, v) => c with { PrintMapsOnExit = v }, c => c.PrintMapsOnExit),
        ["show_debug_info"] = Flag((c, v) => c with { ShowDebugInfo = v }, c => c.ShowDebugInfo),
        ["stack_mode"] = new(
            (c, text) => StackModeOf(text) is StackMode mode ? c with { StackMode = mode } : Invalid("stack_mode", "bpftrace, raw, perf, and build_id"),
            c => c.StackMode == StackMode.BuildId ? "build_id" : c.StackMode.ToString().ToLowerInvariant()),
        ["str_trunc_trailer"] = new((c, text) => c with { TruncationTrailer = text }, c => c.TruncationTrailer),
        ["unstable_dw_ustack"] = Unstable((c, v) => c with { UnstableDwarfStack = v }, c => c.UnstableDwarfStack),
        ["unstable_tseries"] = Unstable((c, v) => c with { UnstableTimeSeries = v }, c => c.UnstableTimeSeries),
        ["unstable_typeinfo"] = Unstable((c, v) => c with { UnstableTypeInfo = v }, c => c.UnstableTypeInfo),
        ["use_blazesym"] = Flag((c, v) => c with { UseBlazesym = v }, c => c.UseBlazesym),
    };

    static readonly Dictionary<string, string> _oldNames = new()
    {
        ["strlen"] = "max_strlen",
        ["no_cpp_demangle"] = "cpp_demangle",
        ["cat_bytes_max"] = "max_cat_bytes",
        ["map_keys_max"] = "max_map_keys",
    };

    static readonly HashSet<string> _withoutEffect = ["unstable_map_decl", "unstable_import", "unstable_macro", "unstable_addr", "max_type_res_iterations"];

    public static IEnumerable<string> Names => _entries.Keys;

    public static IEnumerable<(string Name, string Value)> Values(ScriptConfig config) => _entries.Select(e => (e.Key, e.Value.Get(config)));

    /// <summary>A key in any of its three spellings and the old names as the name it has today; others come back in lower case.</summary>
    public static string NameOf(string key)
    {
        string name = (key.StartsWith(ConfigReader.Prefix, StringComparison.Ordinal) ? key[ConfigReader.Prefix.Length..] : key).ToLowerInvariant();
        return _oldNames.GetValueOrDefault(name, name);
    }

    public static bool IsKnown(string name) => _entries.ContainsKey(name);

    public static bool IsWithoutEffect(string name) => _withoutEffect.Contains(name);

    /// <summary>Sets a known variable; false, with what is wrong, when the value is none for it.</summary>
    public static bool TrySet(ref ScriptConfig config, string name, string value, bool isNegated, out string error)
    {
        if (isNegated && BoolOf(value) is bool flag)
        {
            value = flag ? "false" : "true";
        }

        Outcome outcome = _entries[name].Set(config, value);
        config = outcome.Config ?? config;
        error = name == "license" ? outcome.Error ?? "" : $"{name}: {outcome.Error}";
        return outcome.Config is not null;
    }

    static Entry Number(Func<ScriptConfig, int, ScriptConfig> set, Func<ScriptConfig, int> get) => new(
        (config, text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? set(config, value)
            : $"expecting a number, got {text}",
        config => get(config).ToString(CultureInfo.InvariantCulture));

    static Entry Flag(Func<ScriptConfig, bool, ScriptConfig> set, Func<ScriptConfig, bool> get) => new(
        (config, text) => BoolOf(text) is bool value ? set(config, value) : "Invalid bool value: valid values are true, false, 1 or 0.",
        config => get(config) ? "true" : "false");

    static Entry Unstable(Func<ScriptConfig, string, ScriptConfig> set, Func<ScriptConfig, string> get) => new(
        (config, text) => UnstableOf(text) is string value ? set(config, value) : "Invalid value for unstable config: valid values are enable, warn, and error.",
        get);

    static Outcome Invalid(string name, string valid) => $"Invalid value for {name}: valid values are {valid}.";

    static Outcome SetLicense(ScriptConfig config, string text) => _licenses.Contains(text)
        ? config with { License = text }
        : $"Invalid value for license. Found: {text}. Valid values: {string.Join(", ", _licenses)}.";

    static bool? BoolOf(string text) => text switch
    {
        "true" or "yes" or "on" => true,
        "false" or "no" or "off" => false,
        _ => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number != 0 : null,
    };

    static StackMode? StackModeOf(string text) => text switch
    {
        "bpftrace" => StackMode.Bpftrace,
        "perf" => StackMode.Perf,
        "raw" => StackMode.Raw,
        "build_id" => StackMode.BuildId,
        _ => null,
    };

    // The older form was a flag: true for one cache a program.
    static string? SymbolCacheOf(string text) => text.ToUpperInvariant() switch
    {
        "PER_PID" => "PER_PID",
        "PER_PROGRAM" or "TRUE" or "1" => "PER_PROGRAM",
        "NONE" or "FALSE" or "0" => "NONE",
        _ => null,
    };

    static string? UnstableOf(string text) => text switch
    {
        "warn" => "warn",
        "enable" or "true" or "1" => "enable",
        "error" or "false" or "0" => "error",
        _ => null,
    };
}
