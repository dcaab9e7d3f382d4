using Sonde.Script.Binding;
using Sonde.Script.Syntax;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>An attach point of a known probe type, and where to report what is wrong with it.</summary>
/// <param name="Type">The probe type; its name stands in messages, whatever alias was written.</param>
/// <param name="Parts">What follows the type.</param>
/// <param name="Span">Where it stands.</param>
/// <param name="Diagnostics">Takes the messages.</param>
sealed record ProbeRequest(ProbeType Type, IReadOnlyList<string> Parts, SourceSpan Span, DiagnosticBag Diagnostics)
{
    /// <summary>What it is to attach to.</summary>
    public ProbeKind Kind => Type.Kind;

    /// <summary>Reports an error; the result is that there are no probes.</summary>
    public IReadOnlyList<ResolvedProbe> Error(string message, string? hint = null)
    {
        Diagnostics.Error(Span, message, hint);
        return [];
    }

    /// <summary>Reports what keeps all such probes from being found, once; the result is that there are no probes.</summary>
    public IReadOnlyList<ResolvedProbe> ErrorOnce(string cause)
    {
        Diagnostics.ErrorOnce(Span, cause);
        return [];
    }

    /// <summary>Reports a warning.</summary>
    public void Warn(string message, string? hint = null) => Diagnostics.Warning(Span, message, hint);
}

/// <summary>Finds the places that attach points of some probe types name on this machine.</summary>
interface IProbeResolver
{
    /// <summary>The places; none, with or without an error reported, when there are none.</summary>
    IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request);

    /// <summary>See <see cref="ITarget.ExplainMissing"/>.</summary>
    string? ExplainMissing(ProbeRequest request) => null;

    /// <summary>The probes whose names match, in order; what matches nothing, or is no complete attach point, lists nothing.</summary>
    /// <param name="request">What to list; errors are not of interest.</param>
    /// <param name="details">Whether the values they give are wanted too.</param>
    IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details) =>
        Resolve(request).Select(probe => new ListedScriptProbe(probe.Name, []));
}

/// <summary>A probe as a listing shows it. Names from files and processes are not escaped.</summary>
/// <param name="Name">Its name, usable as an attach point.</param>
/// <param name="Values">The values it gives, as declarations (<c>int prev_prio</c>); empty unless asked for.</param>
sealed record ListedScriptProbe(string Name, IReadOnlyList<string> Values);
