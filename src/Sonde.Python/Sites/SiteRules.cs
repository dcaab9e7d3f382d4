namespace Sonde.Python.Sites;

/// <summary>What must be true of a list of sites before anything is attached to them: better none than a doubtful one.</summary>
static class SiteRules
{
    const int MostSites = 64;

    /// <summary>Returns the sites in order of their address.</summary>
    /// <exception cref="SiteException">A rule is broken; the message says which, and what was found.</exception>
    public static IReadOnlyList<ProbeSite> Check(IReadOnlyList<ProbeSite> sites)
    {
        foreach (var kind in (ReadOnlySpan<SiteKind>)[SiteKind.Entry, SiteKind.Exit])
        {
            if (!sites.Any(site => site.Kind == kind))
                throw new SiteException($"expected at least one {kind} site and found none");
        }
        if (sites.Count > MostSites)
            throw new SiteException($"expected at most {MostSites} sites and found {sites.Count}");
        foreach (var site in sites)
        {
            if (site.ThreadState is null && site.Frame is null)
                throw new SiteException($"at the {site.Kind} site 0x{site.Address:x} neither the thread state nor the frame is known");
            if (!Uprobes.AreSafeOn(site.Bytes.Span))
                throw new SiteException($"the {site.Kind} site 0x{site.Address:x} is {site.Instruction}, on which no uprobe may stand");
        }
        return Merge([.. sites.OrderBy(site => site.Address)]);
    }

    /// <summary>
    /// Handlers can share their code, so that the same place is found twice: one site then. A place that is both a way in and a way
    /// out is no use.
    /// </summary>
    static List<ProbeSite> Merge(IReadOnlyList<ProbeSite> sites)
    {
        List<ProbeSite> result = [];
        foreach (var site in sites)
        {
            if (result is not [.., var last] || last.Address + (ulong)last.Bytes.Length <= site.Address)
            {
                result.Add(site);
                continue;
            }
            if (last.Address != site.Address || last.Kind != site.Kind || last.Current != site.Current)
                throw new SiteException($"the {last.Kind} site 0x{last.Address:x} and the {site.Kind} site 0x{site.Address:x} overlap");
            result[^1] = last with { Reasons = last.Reasons | site.Reasons, Origin = $"{last.Origin}, {site.Origin}" };
        }
        return result;
    }
}
