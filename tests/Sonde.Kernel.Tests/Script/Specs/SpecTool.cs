using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;

namespace Sonde.Kernel.Tests.Script.Specs;

/// <summary>A program that runs the language: Sonde, or bpftrace itself.</summary>
sealed record SpecTool(string Name, string Path)
{
    /// <summary>Called by the name of bpftrace: it then has bpftrace's command line.</summary>
    public static SpecTool Sonde { get; } = new("sonde", SondeCommand.AsBpftrace);

    /// <summary>The one of tests/setup/bpftrace; null where it is not on this machine.</summary>
    public static SpecTool? Bpftrace { get; } = FindBpftrace("bpftrace");

    /// <summary>bpftrace 0.17 of Debian bookworm; null where it is not on this machine.</summary>
    public static SpecTool? OldBpftrace { get; } = FindBpftrace("bpftrace-bookworm");

    /// <summary>What the specs are tried on: Sonde, or what SONDE_SPEC_TOOL says; bpftrace shows that they are right.</summary>
    public static IReadOnlyList<SpecTool> Chosen { get; } = Choose(Environment.GetEnvironmentVariable("SONDE_SPEC_TOOL"));

    static SpecTool[] Choose(string? name) => name switch
    {
        null or "" or "sonde" => [Sonde],
        "both" => [Sonde, Bpftrace ?? throw new FileNotFoundException("No bpftrace: run tests/setup/bpftrace.")],
        "bpftrace" => [Bpftrace ?? throw new FileNotFoundException("No bpftrace: run tests/setup/bpftrace.")],
        "bpftrace-bookworm" => [OldBpftrace ?? throw new FileNotFoundException("No bpftrace of bookworm: run tests/setup/bpftrace bookworm.")],
        _ => throw new ArgumentException($"SONDE_SPEC_TOOL={name}: the tools are 'sonde', 'bpftrace', 'both' and 'bpftrace-bookworm'"),
    };

    static SpecTool? FindBpftrace(string name)
    {
        string file = System.IO.Path.Combine(Repository.Artifacts, name + ".tsv");
        string path = File.Exists(file) ? File.ReadAllText(file).Trim().Split('\t')[1] : "-";
        return path == "-" ? null : new SpecTool(name, path);
    }
}
