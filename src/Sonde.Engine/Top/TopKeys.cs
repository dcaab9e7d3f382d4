using System.Text;

namespace Sonde.Engine.Top;

/// <summary>What keys do: a state and a key make the next state.</summary>
public static class TopKeys
{
    /// <summary>The times between two refreshes that + and - go through, in milliseconds.</summary>
    static readonly int[] _delays = [100, 200, 500, 1000, 2000, 5000, 10_000];

    const int LongestFilter = 100;

    /// <summary>The keys, and what the list of keys says of them.</summary>
    internal static IReadOnlyList<(string Keys, string Text)> Help { get; } =
    [
        ("1 2 3 4", "sort by %Own, %Total, OwnTime, TotalTime"),
        ("L", "lines or functions"),
        ("V", "tree of calls, or table"),
        ("Up Down PgUp PgDn Home End", "go through the rows"),
        ("Enter", "source of the function; in the tree, open or close"),
        ("S", "source of the function, also in the tree"),
        ("Esc", "back, and clear the filter"),
        ("/", "only functions with this text in them"),
        ("T Left Right", "one thread, and which"),
        ("I", "with threads that wait, or without"),
        ("G", "only threads that hold the GIL, or all"),
        ("P", "pause and go on"),
        ("R", "reset: begin anew"),
        ("+ -", "refresh more or less often"),
        ("Q Ctrl-C", "quit"),
    ];

    /// <summary>The state after a key.</summary>
    public static TopState Press(TopState state, Key key)
    {
        switch (key.Kind)
        {
            case KeyKind.Interrupt:
                return state with { IsDone = true };
            case KeyKind.Suspend:
                return state with { Suspends = state.Suspends + 1 };
            case KeyKind.Redraw:
                return state with { Redraws = state.Redraws + 1 };
        }

        if (state.IsTyping)
        {
            return Type(state, key);
        }

        if (state.ShowsHelp)
        {
            return key == Key.Of('q') || key == Key.Of('Q') ? state with { IsDone = true } : state with { ShowsHelp = false };
        }

        return key.Kind switch
        {
            KeyKind.Character => Command(state, Rune.ToLowerInvariant(key.Character)),
            KeyKind.Enter when state.View == TopView.Tree => Toggle(state),
            KeyKind.Enter => OpenSource(state),
            KeyKind.Escape or KeyKind.Backspace => state.View == TopView.Source ? Show(state, TopView.Table)
                : state with { Filter = "", Selected = null, Scroll = 0 },
            KeyKind.Left => PickThread(state, -1),
            KeyKind.Right => PickThread(state, 1),
            KeyKind.Up => Move(state, -1),
            KeyKind.Down => Move(state, 1),
            KeyKind.PageUp => Move(state, -Math.Max(1, state.BodyRows - 1)),
            KeyKind.PageDown => Move(state, Math.Max(1, state.BodyRows - 1)),
            KeyKind.Home => Move(state, -int.MaxValue / 2),
            KeyKind.End => Move(state, int.MaxValue / 2),
            _ => state,
        };
    }

    static TopState Command(TopState state, Rune character) => character.Value switch
    {
        'q' => state with { IsDone = true },
        >= '1' and <= '4' => state with { Sort = (TopSort)(character.Value - '0'), Scroll = 0 },
        'l' => state with { Scope = state.Scope with { Lines = !state.Scope.Lines }, Selected = null, Scroll = 0, Toggled = TopState.NothingToggled },
        'r' => state with { Resets = state.Resets + 1, Current = null, Previous = null, IsPaused = false },
        '?' or 'h' => state with { ShowsHelp = true },
        'p' or ' ' => state with { IsPaused = !state.IsPaused },
        '/' => state.View == TopView.Source ? state : state with { IsTyping = true, Scroll = 0 },
        't' => state.Scope.Thread is null ? PickThread(state, 1) : InThread(state, null),
        'v' => Show(state, state.View == TopView.Tree ? TopView.Table : TopView.Tree),
        's' => OpenSource(state),
        'i' => state with { Scope = state.Scope with { Idle = !state.Scope.Idle } },
        'g' => state with { Scope = state.Scope with { GilOnly = !state.Scope.GilOnly } },
        '+' or '=' => Delay(state, -1),
        '-' => Delay(state, 1),
        _ => state,
    };

    static TopState Type(TopState state, Key key) => key.Kind switch
    {
        KeyKind.Enter => state with { IsTyping = false },
        KeyKind.Escape => state with { IsTyping = false, Filter = "" },
        KeyKind.Backspace => state with { Filter = state.Filter.Length > 0 ? state.Filter[..^(char.IsLowSurrogate(state.Filter[^1]) ? 2 : 1)] : "" },
        KeyKind.Character when state.Filter.Length < LongestFilter => state with { Filter = state.Filter + key.Character, Selected = null },
        _ => state,
    };

    static TopState Show(TopState state, TopView view) => state with { View = view, Selected = null, Scroll = 0 };

    static TopState OpenSource(TopState state)
    {
        var rows = TopRows.Of(state);
        if (state.View == TopView.Source || rows.Count == 0)
        {
            return state;
        }

        var row = rows.FirstOrDefault(row => row.Id == state.Selected, rows[0]);
        return state with
        {
            View = TopView.Source,
            Function = row.Frame with { Line = row.Frame.FirstLine },
            Source = null,
            Scroll = null,
            Selected = null,
        };
    }

    static TopState Toggle(TopState state)
    {
        if (state.Selected is not { } selected)
        {
            return state;
        }

        HashSet<ulong> toggled = [.. state.Toggled];
        if (!toggled.Remove(selected))
        {
            toggled.Add(selected);
        }

        return state with { Toggled = toggled };
    }

    /// <summary>The next thread, or all of them, which are one of the choices.</summary>
    static TopState PickThread(TopState state, int step)
    {
        List<TopThread?> choices = [null, .. state.Current?.Threads ?? []];
        int at = choices.IndexOf(state.Scope.Thread);
        return InThread(state, choices[((Math.Max(at, 0) + step) % choices.Count + choices.Count) % choices.Count]);
    }

    static TopState InThread(TopState state, TopThread? thread) => state with { Scope = state.Scope with { Thread = thread }, Scroll = state.View == TopView.Source ? state.Scroll : 0 };

    static TopState Delay(TopState state, int step)
    {
        int at = Array.FindIndex(_delays, delay => delay >= state.DelayMs);
        at = at < 0 ? _delays.Length - 1 : at;
        return state with { DelayMs = _delays[Math.Clamp(at + step, 0, _delays.Length - 1)] };
    }

    static TopState Move(TopState state, int step)
    {
        if (state.View == TopView.Source)
        {
            int lines = TopRows.Source(state).Count;
            return state with { Scroll = Math.Clamp(TopScreen.SourceTop(state) + step, 0, Math.Max(0, lines - state.BodyRows)) };
        }

        var rows = TopRows.Of(state);
        if (rows.Count == 0)
        {
            return state;
        }

        int at = IndexOf(rows, state.Selected);
        int next = at < 0 ? (step > 0 ? Math.Min(step, rows.Count) - 1 : 0) : Math.Clamp(at + step, 0, rows.Count - 1);
        int scroll = state.Scroll ?? 0;
        return state with { Selected = rows[next].Id, Scroll = Math.Clamp(scroll, Math.Max(0, next - state.BodyRows + 1), next) };
    }

    internal static int IndexOf(IReadOnlyList<TopRow> rows, ulong? id)
    {
        for (int i = 0; i < rows.Count; i++)
        {
            if (rows[i].Id == id)
            {
                return i;
            }
        }

        return -1;
    }
}
