namespace Sonde.Python.Injection;

/// <summary>What has to be written into an interpreter's memory for something to happen in it, found out while the process stands still.</summary>
public abstract record InjectionPlan
{
    InjectionPlan()
    {
    }

    /// <summary>Write this, in this order, before the process goes on.</summary>
    /// <param name="Writes">What.</param>
    public sealed record Ready(IReadOnlyList<MemoryWrite> Writes) : InjectionPlan;

    /// <summary>Not at this moment: let the process go on, and look again.</summary>
    /// <param name="Reason">What is in the way.</param>
    public sealed record Busy(string Reason) : InjectionPlan;

    /// <summary>Not with this interpreter.</summary>
    /// <param name="Reason">Why.</param>
    public sealed record Refused(string Reason) : InjectionPlan;
}
