namespace Sonde.Python.Sites;

/// <summary>
/// What may have happened since the last dispatch, on at least one path. Three small state machines, one bit for each state each
/// can be in, so that paths are joined by union.
/// </summary>
[Flags]
enum History : ushort
{
    /// <summary>Counter: not stored since the eval function was entered, and nothing was dispatched yet.</summary>
    CounterAtStart = 1,

    /// <summary>Counter: not stored since the last dispatch.</summary>
    CounterUntouched = 1 << 1,

    /// <summary>Counter: last lowered.</summary>
    CounterLowered = 1 << 2,

    /// <summary>Counter: last raised.</summary>
    CounterRaised = 1 << 3,

    /// <summary>Leaving a frame: not begun.</summary>
    LeaveNotBegun = 1 << 4,

    /// <summary>Leaving a frame: the current frame was replaced, the counter not yet raised.</summary>
    LeavePopped = 1 << 5,

    /// <summary>Leaving a frame: the counter was raised, the current frame not yet replaced.</summary>
    LeaveRaised = 1 << 6,

    /// <summary>Leaving a frame: both were done.</summary>
    LeaveDone = 1 << 7,

    /// <summary>The current frame was not stored yet.</summary>
    CurrentOld = 1 << 8,

    /// <summary>The current frame was stored.</summary>
    CurrentNew = 1 << 9,

    /// <summary>All states of the counter machine.</summary>
    CounterStates = CounterAtStart | CounterUntouched | CounterLowered | CounterRaised,

    /// <summary>All states of the leaving machine.</summary>
    LeaveStates = LeaveNotBegun | LeavePopped | LeaveRaised | LeaveDone,

    /// <summary>All states of the current-frame machine.</summary>
    CurrentStates = CurrentOld | CurrentNew,
}

/// <summary>The transitions of <see cref="History"/>.</summary>
static class Histories
{
    /// <summary>At the eval function's first instruction.</summary>
    public const History Start = History.CounterAtStart | History.LeaveNotBegun | History.CurrentOld;

    /// <summary>At an opcode handler's first instruction.</summary>
    public const History Dispatched = History.CounterUntouched | History.LeaveNotBegun | History.CurrentOld;

    /// <summary>After the counter was stored, one lower: a frame is pushed.</summary>
    public static History Lowered(History history) =>
        history & History.CurrentStates | History.CounterLowered | History.LeaveNotBegun;

    /// <summary>After the counter was stored, one higher: a frame is popped.</summary>
    public static History Raised(History history)
    {
        var result = history & History.CurrentStates | History.CounterRaised;
        if ((history & (History.LeaveNotBegun | History.LeaveRaised | History.LeaveDone)) != 0)
        {
            result |= History.LeaveRaised;
        }

        if ((history & History.LeavePopped) != 0)
        {
            result |= History.LeaveDone;
        }

        return result;
    }

    /// <summary>After the current frame was stored.</summary>
    public static History CurrentStored(History history)
    {
        var result = history & History.CounterStates | History.CurrentNew;
        if ((history & (History.LeaveNotBegun | History.LeavePopped | History.LeaveDone)) != 0)
        {
            result |= History.LeavePopped;
        }

        if ((history & History.LeaveRaised) != 0)
        {
            result |= History.LeaveDone;
        }

        return result;
    }
}
