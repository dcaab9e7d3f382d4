namespace Sonde.Python.Sites;

/// <summary>What must be true of a list of sites before anything is attached to them: better none than a doubtful one.</summary>
static class SiteRules
{
    /// <summary>More than any build has: the compiler copies an exit at most a dozen times.</summary>
    const int MostOfOneKind = 32;

    /// <summary>Returns the sites by ascending address, each address once.</summary>
    /// <exception cref="SiteException">A rule is broken; the message says what was expected and what was found.</exception>
    public static IReadOnlyList<ProbeSite> Check(IReadOnlyList<ProbeSite> sites, EvalLoopConstants constants)
    {
        var result = Merge([.. sites.OrderBy(site => site.Address)]);
        foreach (var site in result)
        {
            Check(site);
        }

        CheckCount(result, SiteKind.Entry, least: 1);
        CheckCount(result, SiteKind.Exit, least: 1);
        if (constants.Link != FrameLink.ThreadFrame)
        {
            CheckCount(result, SiteKind.Throw, least: 1);
            CheckReasons(result);
        }

        return result;
    }

    static void Check(ProbeSite site)
    {
        if (site.ThreadState is null)
        {
            throw new SiteException($"expected the thread state in a register or on the stack at the {Name(site)} and found it in neither");
        }

        if (!Uprobes.AreSafeOn(site.Bytes.Span))
        {
            throw new SiteException($"expected an instruction that can be probed at the {Name(site)} and found {site.Instruction}");
        }

        if (site.Kind == SiteKind.Exit == (site.Current == CurrentFrame.New))
        {
            throw new SiteException($"expected {(site.Kind == SiteKind.Exit ? "the old" : "the new")} frame to be current at the {Name(site)} and found {site.Current}");
        }
    }

    static void CheckCount(IReadOnlyList<ProbeSite> sites, SiteKind kind, int least)
    {
        var found = sites.Count(site => site.Kind == kind);
        if (found < least || found > MostOfOneKind)
        {
            throw new SiteException($"expected {least} to {MostOfOneKind} sites of the kind {kind} and found {found}");
        }
    }

    /// <summary>Every way a frame can be left must have its place, and every place its way.</summary>
    static void CheckReasons(IReadOnlyList<ProbeSite> sites)
    {
        var exits = sites.Where(site => site.Kind == SiteKind.Exit).ToList();
        if (exits.Find(site => site.Reasons == ExitReasons.None) is { } unexplained)
        {
            throw new SiteException($"expected an opcode that leads to the {Name(unexplained)} and found none");
        }

        foreach (var reason in (ReadOnlySpan<ExitReasons>)[ExitReasons.Return, ExitReasons.Unwind, ExitReasons.Suspend, ExitReasons.GeneratorCreation])
        {
            if (!exits.Exists(site => site.Reasons.HasFlag(reason)))
            {
                throw new SiteException($"expected a site where frames are left by {reason} and found none");
            }
        }
    }

    /// <summary>
    /// Handlers can share their code, so that the same place is found twice: one site then. A place that is passed on two different
    /// occasions is no use.
    /// </summary>
    static List<ProbeSite> Merge(IReadOnlyList<ProbeSite> sites)
    {
        List<ProbeSite> result = [];
        foreach (var site in sites)
        {
            if (result is not [.., var last] || last.Address + (ulong)last.Bytes.Length <= site.Address)
            {
                result.Add(site);
            }
            else if (last.Address == site.Address && last.Kind == site.Kind && last.Current == site.Current)
            {
                result[^1] = last with { Reasons = last.Reasons | site.Reasons, Origin = $"{last.Origin}, {site.Origin}" };
            }
            else
            {
                throw new SiteException($"expected one occasion for each place and found that the {Name(last)} and the {Name(site)} are one");
            }
        }

        return result;
    }

    static string Name(ProbeSite site) => $"{site.Kind} site 0x{site.Address:x}";
}
