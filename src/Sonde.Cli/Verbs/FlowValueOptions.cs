using Sonde.Bpf;
using Sonde.Engine;
using Sonde.Python.Values;

namespace Sonde.Cli.Verbs;

/// <summary>What of arguments and results a flow shows: what was asked for, and what follows from the rest.</summary>
static class FlowValueOptions
{
    /// <summary>The largest limits that can be asked for.</summary>
    public const int MostDepth = 50, MostItems = 500, MostCharacters = 1000;

    /// <summary>The limits that were asked for.</summary>
    public static ValueLimits Limits(int? depth, int? items, int? characters, Redaction? redaction)
    {
        var limits = ValueLimits.Default;
        return limits with
        {
            Depth = depth ?? limits.Depth,
            FieldDepth = depth ?? limits.FieldDepth,
            Items = items ?? limits.Items,
            Characters = characters ?? limits.Characters,
            Redaction = redaction,
        };
    }

    /// <summary>The request with arguments and results switched on or off.</summary>
    /// <exception cref="UserErrorException">They were asked for, and this kernel cannot copy them.</exception>
    public static FlowRequest Settle(FlowRequest request)
    {
        var canCopy = KernelFeatures.Loop.Answer is not FeatureAnswer.No;
        if (!canCopy && (request.Arguments == true || request.Results == true))
        {
            throw new UserErrorException("flow: --args and --result need Linux 5.17 or newer (bpf_loop); without them this kernel can follow calls all the same");
        }

        if (!canCopy && request.Options.Where is not null)
        {
            throw new UserErrorException("flow: --where needs Linux 5.17 or newer (bpf_loop); --function and --min-duration select calls on this kernel, too");
        }

        var isTable = request is { Summary: true, ShowEventsWithSummary: false, Json: false, Output: null };
        var isOne = request.Options is { Functions: [var only], Files.Count: 0 } && !only.AsSpan().ContainsAny('*', '?', '[');
        var arguments = request.Arguments ?? (isOne && request.Results is null && canCopy && !isTable);
        var results = request.Results ?? arguments;
        return request with { Options = request.Options with { Arguments = arguments, Results = results } };
    }
}
