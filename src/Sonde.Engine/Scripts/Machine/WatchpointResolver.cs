using System.Globalization;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Hardware breakpoints on memory: <c>watchpoint:ADDRESS:LENGTH:MODE</c>.</summary>
sealed class WatchpointResolver(int processId) : IProbeResolver
{
    const uint BreakpointUnit = 5; // PERF_TYPE_BREAKPOINT

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        if (!ProbeNumber.TryParse(request.Parts[0], out var address))
        {
            return request.Error($"Invalid function/address argument: invalid integer: {request.Parts[0]}");
        }

        if (!ProbeNumber.TryParse(request.Parts[1], out var length))
        {
            return request.Error($"Invalid length argument: invalid integer: {request.Parts[1]}");
        }

        if (address == 0)
        {
            return request.Error("watchpoint must be attached to a non-zero address");
        }

        if (length is not (1 or 2 or 4 or 8))
        {
            return request.Error("watchpoint length must be one of (1,2,4,8)");
        }

        var mode = request.Parts[2];
        if (mode.Length == 0 || mode.AsSpan().ContainsAnyExcept("rwx"))
        {
            return request.Error("watchpoint mode must be combination of (r,w,x)", "supported modes: x,w,rw");
        }

        var bits = (mode.Contains('r') ? 1 : 0) | (mode.Contains('w') ? 2 : 0) | (mode.Contains('x') ? 4 : 0);
        if (bits is not (2 or 3 or 4) || mode.Length > 2)
        {
            return request.Error($"invalid watchpoint mode: {mode}", "supported modes: x,w,rw");
        }

        // The debug registers of x86-64 compare addresses without their low bits.
        if (address % length != 0)
        {
            return request.Error(string.Create(CultureInfo.InvariantCulture, $"watchpoint address 0x{address:x} is not a multiple of its length {length}"));
        }

        return
        [
            new()
            {
                Kind = request.Kind,
                Name = string.Create(CultureInfo.InvariantCulture, $"watchpoint:{address}:{length}:{mode}"),
                Context = PerfContexts.Of(request.Kind, IsKernelAddress(address) ? AddressSpace.Kernel : AddressSpace.User),
                ProcessId = processId,
                PerfType = BreakpointUnit,
                Period = 1,
                Address = address,
                WatchLength = (int)length,
                WatchMode = bits,
                Span = request.Span,
            },
        ];
    }

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details) => [];

    static bool IsKernelAddress(ulong address) => address >> 63 != 0;
}
