namespace Sonde.Python.Sites;

/// <summary>Where frames are left.</summary>
sealed class ExitSites(DataFlow flow, EvalLoopConstants constants, AttachPoints attachPoints)
{
    /// <summary>
    /// 3.6 to 3.10: after <c>tstate->frame = f->f_back</c> (Python/ceval.c, <c>exit_eval_frame</c>), which every way out passes. The
    /// frame is still alive there: the caller of the eval function owns it.
    /// </summary>
    public IEnumerable<ProbeSite> AfterFrameLeft()
    {
        foreach (var store in flow.Find(static (_, happened) => happened.Kind == EventKind.FrameLeft))
        {
            var walk = flow.From(store);
            // Whatever the store went through is the thread state, also where it came from a global and was not followed.
            walk.Learn(Roles.ThreadState);
            var sites = attachPoints.Around(walk, SiteKind.Exit, static state =>
                state.Knows(Roles.ThreadState) && state.Knows(Roles.FrameArgument) ? new(CurrentFrame.Parent, Roles.FrameArgument, Roles.FrameBack) : null);
            foreach (var site in sites)
            {
                yield return site;
            }
        }
    }

    /// <summary>
    /// 3.11 and later: the stores that raise the recursion counter, which happens exactly once for each frame that is left. In 3.11
    /// C calls raise it too, but only after having lowered it since the last dispatch; popping a frame raises it without.
    /// </summary>
    public List<int> CounterRaises()
    {
        if (flow.Find(static (_, happened) => happened.Kind == EventKind.CounterLost || Deltas.Lowers(happened.Deltas) && Deltas.Raises(happened.Deltas)) is [var unclear, ..])
        {
            throw new SiteException($"expected the recursion counter to be lowered or raised at 0x{flow.Code.Instructions[unclear].IP:x} and found that it could be anything");
        }

        return flow.Find((before, happened) => happened.Kind == EventKind.CounterStored && Deltas.Raises(happened.Deltas)
            && (!constants.CounterIsShared || (before.History & History.CounterUntouched) != 0));
    }

    /// <summary>The sites for a store that raises the recursion counter.</summary>
    public IReadOnlyList<ProbeSite> AroundRaise(int store) => attachPoints.Around(flow.From(store), SiteKind.Exit, static state =>
        !state.Knows(Roles.ThreadState) ? null : Current(state.History) switch
        {
            // Before the current frame is replaced, it is the frame being left; after, its parent.
            CurrentFrame.Dying => new(CurrentFrame.Dying, Roles.CurrentFrame),
            CurrentFrame.Parent => new(CurrentFrame.Parent, Roles.ReplacedFrame, Roles.CurrentFrame),
            _ => null,
        });

    /// <summary>Which frame is current on the way out; null when that depends on the path.</summary>
    static CurrentFrame? Current(History history) => (history & History.LeaveStates) switch
    {
        0 => null,
        var states when (states & (History.LeavePopped | History.LeaveDone)) == 0 => CurrentFrame.Dying,
        var states when (states & (History.LeaveNotBegun | History.LeaveRaised)) == 0 => CurrentFrame.Parent,
        _ => null,
    };
}
