namespace Sonde.Usdt;

/// <summary>Where a provider is put for tracers to find.</summary>
public sealed record UsdtProviderOptions
{
    /// <summary>
    /// A directory for the provider's file, so that tracers can be given its path and attach to every process that loads it. Null, the default, puts it
    /// into memory, where tracers find it by the process's number.
    /// </summary>
    /// <remarks>The file is removed when the provider is unloaded or the process exits; those of processes that were killed go when the next provider is loaded there.</remarks>
    public string? Directory { get; init; }
}
