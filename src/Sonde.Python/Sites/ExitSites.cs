namespace Sonde.Python.Sites;

/// <summary>Where frames are left.</summary>
sealed class ExitSites(DataFlow flow, EvalLoopConstants constants, SiteFactory factory)
{
    const int LongestWalk = 60;

    /// <summary>
    /// 3.6 to 3.10: after <c>tstate->frame = f->f_back</c> (Python/ceval.c, <c>exit_eval_frame</c>), which every way out passes. The
    /// frame is still alive there: the caller of the eval function owns it.
    /// </summary>
    public IEnumerable<(int Store, ProbeSite Site)> AfterFrameRestored()
    {
        foreach (var store in Events(static (_, happened) => happened.Kind == EventKind.FrameLeft))
        {
            var walk = flow.From(store);
            // Whatever the store went through is the thread state, also where it came from a global and was not followed.
            walk.Learn(Roles.ThreadState);
            yield return (store, AfterStore(walk, Roles.FrameArgument, static _ => CurrentFrame.Parent)
                ?? throw Unattachable(store));
        }
    }

    /// <summary>
    /// 3.11 and later: after the recursion counter is raised, which happens exactly once for each frame that is left. In 3.11 C calls
    /// raise it too, but only after having lowered it since the last dispatch; popping a frame raises it without.
    /// </summary>
    public IEnumerable<(int Store, ProbeSite Site)> AfterCounterRaised()
    {
        var exits = Events((state, happened) => happened.Kind == EventKind.CounterStored && Deltas.Raises(happened.Deltas)
            && (!constants.CounterIsShared || (state.History & History.CounterUntouched) != 0));
        foreach (var store in exits)
            yield return (store, AfterStore(flow.From(store), Roles.CurrentFrame, Leaving) ?? throw Unattachable(store));
    }

    /// <summary>
    /// The first emulated instruction at or after a store, on the only way on from it, where the thread state is known and it is
    /// certain which frame is current; else the first instruction of any kind where that is so, the store itself included.
    /// </summary>
    ProbeSite? AfterStore(DataFlow.Walk walk, Roles dying, Func<History, CurrentFrame?> current)
    {
        ProbeSite? stepped = null;
        var store = walk.Index;
        for (var steps = 0; steps < LongestWalk && (steps == 0 || !flow.Graph.IsJoin(walk.Index)); steps++)
        {
            var isCheap = walk.Index != store && factory.IsCheap(walk.Index);
            if ((isCheap || stepped is null) && factory.IsSafe(walk.Index) && Site(walk, dying, current, store) is { } site)
            {
                if (isCheap)
                    return site;
                stepped = site;
            }
            if (!Straight.Step(flow, walk))
                break;
        }
        return stepped;
    }

    ProbeSite? Site(DataFlow.Walk walk, Roles dying, Func<History, CurrentFrame?> current, int store)
    {
        if (current(walk.State.History) is not { } which || walk.State.Locations(Roles.ThreadState).Count == 0)
            return null;
        // What the thread state names is the frame being left before the current frame is replaced, its parent after.
        var (frame, parent) = dying == Roles.FrameArgument ? (Roles.FrameArgument, Roles.FrameBack)
            : which == CurrentFrame.Dying ? (Roles.CurrentFrame, Roles.None)
            : (Roles.None, Roles.CurrentFrame);
        return factory.At(walk, SiteKind.Exit, which, frame, parent, $"after 0x{flow.Code.Instructions[store].IP:x}");
    }

    /// <summary>Which frame is current on the way out; null when it depends on the path.</summary>
    static CurrentFrame? Leaving(History history) => (history & History.LeaveStates) switch
    {
        0 => null,
        var states when (states & (History.LeavePopped | History.LeaveDone)) == 0 => CurrentFrame.Dying,
        var states when (states & (History.LeaveNotBegun | History.LeaveRaised)) == 0 => CurrentFrame.Parent,
        _ => null,
    };

    /// <summary>The instructions, by ascending address, that do something of interest given the state before them.</summary>
    List<int> Events(Func<AbstractState, Event, bool> isOfInterest)
    {
        List<int> found = [];
        var before = new AbstractState();
        for (var block = 0; block < flow.Graph.Blocks.Length; block++)
        {
            if (!flow.Reaches(block))
                continue;
            var walk = flow.From(flow.Graph.Blocks[block].First);
            while (walk.Index < flow.Graph.Blocks[block].End)
            {
                var index = walk.Index;
                if (!walk.CanMatter)
                {
                    walk.Step();
                    continue;
                }
                before.CopyFrom(walk.State);
                if (isOfInterest(before, walk.Step()))
                    found.Add(index);
            }
        }
        return found;
    }

    SiteException Unattachable(int store) =>
        new($"a frame is left at 0x{flow.Code.Instructions[store].IP:x}, but nowhere near is it certain where the thread state is and which frame is current");
}
