using System.Globalization;
using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Timers: <c>interval</c> on one processor, <c>profile</c> on all. <c>UNIT:N</c>, <c>hz:N</c>, a duration, or nanoseconds.</summary>
sealed class TimerResolver(int processId) : IProbeResolver
{
    const ulong LeastPeriod = 1000;

    static readonly string[] _units = ["hz", "ms", "s", "us"];

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        var name = request.Type.Name;
        var text = request.Parts[^1];
        if (!ProbeNumber.TryParse(text, out var number))
        {
            return request.Error($"Invalid rate of {name} probe: invalid integer: {text}");
        }

        if (request.Parts.Count == 1)
        {
            return number < LeastPeriod
                ? request.Error($"Invalid rate of {name} probe. Minimum is {LeastPeriod} or 1us. Found: {number} nanoseconds", $"{name}:hz:{text} is {text} times a second, {name}:s:{text} every {text} seconds")
                : [Probe(request, "us", number / 1000, number, 0)];
        }

        var unit = request.Parts[0];
        if (!_units.Contains(unit))
        {
            return request.Error($"{unit} is not an accepted unit of time", "accepted are hz, us, ms and s");
        }

        if (number == 0)
        {
            return request.Error($"{name} frequency should be a positive integer");
        }

        if (unit == "hz")
        {
            return [Probe(request, unit, number, 0, number)];
        }

        var period = number;
        return ProbeNumber.TryMultiply(ref period, ProbeNumber.Unit(unit)!.Value) && period <= long.MaxValue
            ? [Probe(request, unit, number, period, 0)]
            : request.Error($"Invalid rate of {name} probe: {text}{unit} is longer than 292 years");
    }

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details)
    {
        var matches = Wildcards.Matcher(request.Parts[0]);
        return _units.Where(matches).Select(unit => new ListedScriptProbe($"{request.Type.Name}:{unit}:", []));
    }

    ResolvedProbe Probe(ProbeRequest request, string unit, ulong number, ulong period, ulong frequency) => new()
    {
        Kind = request.Kind,
        Name = string.Create(CultureInfo.InvariantCulture, $"{request.Type.Name}:{unit}:{number}"),
        Context = PerfContexts.Of(request.Kind, AddressSpace.Kernel),
        ProcessId = processId,
        Period = period,
        Frequency = frequency,
        PerfType = PerfContexts.SoftwareUnit,
        Span = request.Span,
    };
}

/// <summary>What programs on perf events are given: <c>struct bpf_perf_event_data</c>, which begins with the registers (include/uapi/linux/bpf_perf_event.h).</summary>
static class PerfContexts
{
    /// <summary>PERF_TYPE_SOFTWARE; its event 0 is the processor's clock.</summary>
    public const uint SoftwareUnit = 1;

    /// <summary>The context of a kind of perf event.</summary>
    public static ProbeContext Of(ProbeKind kind, AddressSpace space) => new()
    {
        Key = kind.ToString(),
        Kind = kind,
        ProgramType = ProgramType.PerfEvent,
        DefaultSpace = space,
        HasRegisters = true,
    };
}
