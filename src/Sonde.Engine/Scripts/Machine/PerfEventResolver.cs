using System.Globalization;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Counted events of the kernel and the processor: <c>software:EVENT[:COUNT]</c>, <c>hardware:EVENT[:COUNT]</c>.</summary>
sealed class PerfEventResolver(int processId) : IProbeResolver
{
    const uint HardwareUnit = 0; // PERF_TYPE_HARDWARE

    /// <summary>
    /// Numbers of <c>enum perf_sw_ids</c> (include/uapi/linux/perf_event.h), and how many occurrences make a hit unless the script says.
    /// The first of several names is the one a pattern gives.
    /// </summary>
    static readonly (string Name, ulong Config, ulong Count)[] _software =
    [
        ("alignment-faults", 7, 1), ("bpf-output", 10, 1), ("context-switches", 3, 1000), ("cpu-clock", 0, 1_000_000), ("cpu-migrations", 4, 1),
        ("cpu", 0, 1_000_000), ("cs", 3, 1000), ("dummy", 9, 1), ("emulation-faults", 8, 1), ("page-faults", 2, 100), ("faults", 2, 100),
        ("major-faults", 6, 1), ("minor-faults", 5, 100), ("task-clock", 1, 1_000_000),
    ];

    /// <summary>The same for <c>enum perf_hw_id</c>.</summary>
    static readonly (string Name, ulong Config, ulong Count)[] _hardware =
    [
        ("backend-stalls", 8, 1_000_000), ("branch-instructions", 4, 100_000), ("branch-misses", 5, 100_000), ("branches", 4, 100_000),
        ("bus-cycles", 6, 100_000), ("cache-misses", 3, 1_000_000), ("cache-references", 2, 1_000_000), ("cpu-cycles", 0, 1_000_000),
        ("cycles", 0, 1_000_000), ("frontend-stalls", 7, 1_000_000), ("instructions", 1, 1_000_000), ("ref-cycles", 9, 1_000_000),
    ];

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        var pattern = request.Parts[0];
        var matches = Wildcards.Matcher(pattern);
        var events = Events(request.Kind).Where(e => matches(e.Name)).DistinctBy(e => Wildcards.Has(pattern) ? e.Config.ToString(CultureInfo.InvariantCulture) : e.Name).ToList();
        if (events.Count == 0)
        {
            return request.Error($"{pattern} is not a {request.Type.Name} probe", Suggestions.DidYouMean(pattern, Events(request.Kind).Select(e => e.Name)));
        }

        var count = 0UL;
        if (request.Parts is [_, var text])
        {
            if (!ProbeNumber.TryParse(text, out count))
            {
                return request.Error($"Invalid count for {request.Type.Name} probe: invalid integer: {text}");
            }

            if (count == 0)
            {
                return request.Error($"Invalid count for {request.Type.Name} probe: 0", "a probe is hit at every COUNTth event, 1 is every one");
            }
        }

        return
        [
            .. events.Select(e => new ResolvedProbe
            {
                Kind = request.Kind,
                Name = $"{request.Type.Name}:{e.Name}{(count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $":{count}"))}",
                Context = PerfContexts.Of(request.Kind, AddressSpace.Kernel),
                ProcessId = processId,
                Function = e.Name,
                Period = count == 0 ? e.Count : count,
                PerfType = request.Kind == ProbeKind.Hardware ? HardwareUnit : PerfContexts.SoftwareUnit,
                PerfConfig = e.Config,
                Span = request.Span,
            }),
        ];
    }

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details)
    {
        var matches = Wildcards.Matcher(request.Parts[0]);
        return Events(request.Kind).Select(e => e.Name).Where(matches).Select(name => $"{request.Type.Name}:{name}:").Order(StringComparer.Ordinal).Select(name => new ListedScriptProbe(name, []));
    }

    static (string Name, ulong Config, ulong Count)[] Events(ProbeKind kind) => kind == ProbeKind.Hardware ? _hardware : _software;
}
