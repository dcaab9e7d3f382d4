namespace Sonde.Engine.Flow;

/// <summary>Where the calls of a program are seen.</summary>
public enum FlowEngine
{
    /// <summary>Inside where the user allows code to be put into the process and its interpreter can do it; outside otherwise.</summary>
    Auto,

    /// <summary>From outside: probes in the kernel. The process is left as it is.</summary>
    Outside,

    /// <summary>From inside: an agent in the process, at a small part of the cost.</summary>
    Inside,
}
