namespace Sonde.Script.Syntax;

/// <summary>The settings of a script: defaults, then its config block, then the environment's BPFTRACE_ variables.</summary>
sealed record ScriptConfig
{
    /// <summary>Most bytes of a text, without the zero byte.</summary>
    public int MaxStringLength { get; init; } = 1024;

    /// <summary>Most keys of a map that does not say.</summary>
    public int MaxMapKeys { get; init; } = 4096;

    /// <summary>Most probes of a script.</summary>
    public int MaxProbes { get; init; } = 1024;

    /// <summary>Most programs of a script.</summary>
    public int MaxPrograms { get; init; } = 1024;

    /// <summary>Most bytes <c>cat</c> prints of a file.</summary>
    public int MaxCatBytes { get; init; } = 10240;

    /// <summary>Values of more bytes than this do not go on the program's stack.</summary>
    public int OnStackLimit { get; init; } = 32;

    /// <summary>Pages of the record buffer; 0 for by memory.</summary>
    public int RingPages { get; init; }

    /// <summary>Bytes of the verifier's log.</summary>
    public int LogSize { get; init; } = 1_000_000;

    /// <summary>What a probe that matches nothing is: "error", "warn", "ignore".</summary>
    public string MissingProbes { get; init; } = "error";

    /// <summary>How stacks are printed.</summary>
    public Types.StackMode StackMode { get; init; }

    /// <summary>Whether maps are printed at the end.</summary>
    public bool PrintMapsOnExit { get; init; } = true;

    /// <summary>Whether C++ names are demangled.</summary>
    public bool DemangleCpp { get; init; } = true;

    /// <summary>Whether symbols are looked up when printed only.</summary>
    public bool LazySymbolication { get; init; }

    /// <summary>"PER_PID", "PER_PROGRAM" or "NONE"; empty for by situation.</summary>
    public string CacheUserSymbols { get; init; } = "";

    /// <summary>What is printed after a text that was cut.</summary>
    public string TruncationTrailer { get; init; } = "..";

    /// <summary>The programs' licence.</summary>
    public string License { get; init; } = "GPL";

    /// <summary>Whether file and line are printed with symbols.</summary>
    public bool ShowDebugInfo { get; init; }

    /// <summary>Taken for compatibility: symbols are always read by this program itself.</summary>
    public bool UseBlazesym { get; init; }

    /// <summary>"warn", "enable" or "error": whether <c>tseries</c> may be used.</summary>
    public string UnstableTimeSeries { get; init; } = "warn";

    /// <summary>"warn", "enable" or "error": whether <c>dw_ustack</c> may be used.</summary>
    public string UnstableDwarfStack { get; init; } = "warn";

    /// <summary>What a use of <c>typeinfo</c> is: "error", "warn", "enable".</summary>
    public string UnstableTypeInfo { get; init; } = "enable";

    /// <summary>All settings by their names in the config block, in alphabetical order, the values as text.</summary>
    public IEnumerable<(string Name, string Value)> Values => ConfigTable.Values(this);
}
