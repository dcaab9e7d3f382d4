namespace Sonde.Engine.Listing;

/// <summary>What to inspect.</summary>
public sealed record InspectRequest
{
    /// <summary>The process.</summary>
    public required int Pid { get; init; }

    /// <summary>The probe: "provider:name", "PATH:provider:name", "uprobe:PATH:function+offset", "uprobe:PATH:0xaddress", or "python".</summary>
    public required string Probe { get; init; }

    /// <summary>Whether to attach an empty program for a moment, to see what the site becomes.</summary>
    public bool Attach { get; init; } = true;

    /// <summary>Whether to attach even where that may damage the process.</summary>
    public bool Unsafe { get; init; }
}
