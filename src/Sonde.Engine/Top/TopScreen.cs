using System.Globalization;
using Sonde.Engine.Output;

namespace Sonde.Engine.Top;

/// <summary>What a state looks like.</summary>
public static class TopScreen
{
    const double Hot = 0.5, Warm = 0.1;

    /// <summary>The screen of a state.</summary>
    public static Screen Draw(TopState state)
    {
        var screen = new Screen(state.Columns, state.Rows);
        DrawHead(state, screen);
        if (state.ShowsHelp)
        {
            DrawHelp(screen);
        }
        else if (state.View == TopView.Source)
        {
            DrawSource(state, screen);
        }
        else
        {
            DrawRows(state, screen);
        }

        DrawFoot(state, screen);
        return screen;
    }

    /// <summary>The first line of source that is shown.</summary>
    internal static int SourceTop(TopState state)
    {
        var rows = TopRows.Source(state);
        int last = Math.Max(0, rows.Count - state.BodyRows);
        if (state.Scroll is { } scroll)
        {
            return Math.Min(scroll, last);
        }

        int hottest = 0;
        for (int i = 0; i < rows.Count; i++)
        {
            hottest = rows[i].Ever.Total > rows[hottest].Ever.Total ? i : hottest;
        }

        return Math.Clamp(hottest - state.BodyRows / 2, 0, last);
    }

    static void DrawHead(TopState state, Screen screen)
    {
        screen.At(0).Write("Collecting samples from ").Write(Escape.Text(state.Title), Style.Strong);
        if (state.Current is not { } current)
        {
            screen.At(1).Write("No sample yet");
            return;
        }

        screen.At(1).Write(string.Create(CultureInfo.InvariantCulture, $"Total Samples {current.SampleCount}"));
        if (current.Losses is { Total: > 0 } losses)
        {
            double rate = 100.0 * losses.Total / (losses.Total + current.SampleCount);
            var cause = losses.Causes.MaxBy(static cause => cause.Value).Key;
            screen.Write(string.Create(CultureInfo.InvariantCulture, $", Error Rate {rate:0.##}% ({losses.Total} lost, mostly: {Escape.Text(cause)})"), rate >= 1 ? Style.Warning : Style.Plain);
        }

        var previous = state.Previous;
        screen.At(2)
            // A refresh may see a sample more than fits the time; there is but one lock in each process.
            .Write("GIL: ").Write(Percent(Math.Min(state.Share(current.GilNs - (previous?.GilNs ?? 0)), current.ProcessCount)), Style.Strong)
            .Write(", Active: ").Write(Percent(state.Share(current.ActiveNs - (previous?.ActiveNs ?? 0))), Style.Strong)
            .Write(", Idle: ").Write(Percent(state.Share(current.IdleNs - (previous?.IdleNs ?? 0))), Style.Strong)
            .Write(string.Create(CultureInfo.InvariantCulture, $", Threads: {current.Threads.Count}"));
        if (current.ProcessCount > 1)
        {
            screen.Write(string.Create(CultureInfo.InvariantCulture, $", Processes: {current.ProcessCount}"));
        }

        DrawChoices(state, screen.At(3));
    }

    /// <summary>What is shown of all that there is.</summary>
    static void DrawChoices(TopState state, Screen screen)
    {
        if (state.IsPaused)
        {
            screen.Write("Paused", Style.Warning).Write("  ");
        }

        var scope = state.Scope;
        var thread = scope.Thread is not { } one ? "all threads"
            : string.Create(CultureInfo.InvariantCulture, $"thread {one.Tid}{(one.Name.Length > 0 ? $" \"{Escape.Text(one.Name)}\"" : "")}");
        screen.Write($"{thread}, {(scope.Idle ? "idle too" : "active only")}{(scope.GilOnly ? ", with the GIL" : "")}", Style.Faint);
        if (state.Filter.Length > 0 || state.IsTyping)
        {
            screen.Write("  filter: ", Style.Faint).Write(Escape.Text(state.Filter), Style.Strong).Write(state.IsTyping ? "_" : "", Style.Strong);
        }
    }

    static void DrawRows(TopState state, Screen screen)
    {
        const int head = TopState.HeadRows - 1;
        screen.At(head);
        foreach (var (sort, text) in new[] { (TopSort.Own, "   %Own"), (TopSort.Total, "  %Total"), (TopSort.OwnTime, "  OwnTime"), (TopSort.TotalTime, "  TotalTime") })
        {
            screen.Write(text, sort == state.Sort && state.View == TopView.Table ? Style.Selected : Style.Head);
        }

        screen.Write(state.Scope.Lines ? "  Function (filename:line)" : "  Function (filename:first line)", Style.Head).Fill(Style.Head);
        var rows = TopRows.Of(state);
        int top = Math.Clamp(state.Scroll ?? 0, 0, Math.Max(0, rows.Count - state.BodyRows));
        for (int i = 0; i < state.BodyRows && top + i < rows.Count; i++)
        {
            var row = rows[top + i];
            bool isSelected = row.Id == state.Selected;
            screen.At(TopState.HeadRows + i);
            WriteTimes(state, screen, row.Now, row.Ever, isSelected);
            var indent = new string(' ', Math.Min(row.Depth, Math.Max(0, state.Columns / 2)));
            var mark = state.View != TopView.Tree ? "" : row.IsOpen switch { true => "▾ ", false => "▸ ", null => "  " };
            screen.Write($"  {indent}{mark}{TopRows.Label(row.Frame)}", isSelected ? Style.Selected : row.Now.Total == 0 ? Style.Faint : Style.Plain);
            if (isSelected)
            {
                screen.Fill(Style.Selected);
            }
        }
    }

    static void DrawSource(TopState state, Screen screen)
    {
        screen.At(TopState.HeadRows - 1).Write("   %Own  %Total  OwnTime  TotalTime   Line  ", Style.Head).Write(TopRows.Label(state.Function), Style.Head).Fill(Style.Head);
        var rows = TopRows.Source(state);
        if (state.Source?.Problem is { } problem)
        {
            screen.At(TopState.HeadRows + rows.Count).Write(Escape.Text(problem), Style.Warning);
        }

        int top = SourceTop(state);
        int digits = rows.Count > 0 ? 6 : 0;
        for (int i = 0; i < state.BodyRows && top + i < rows.Count; i++)
        {
            var row = rows[top + i];
            screen.At(TopState.HeadRows + i);
            if (row.Ever.Total > 0)
            {
                WriteTimes(state, screen, row.Now, row.Ever, isSelected: false);
            }
            else
            {
                screen.At(TopState.HeadRows + i, 35);
            }

            screen.Write(row.Line.ToString(CultureInfo.InvariantCulture).PadLeft(digits + 1) + "  ", Style.Faint).Write(row.Text, Shade(state.Share(row.Now.Total)));
        }
    }

    /// <summary>Columns of 7, 8, 9 and 11 places.</summary>
    static void WriteTimes(TopState state, Screen screen, TopTimes now, TopTimes ever, bool isSelected)
    {
        double own = state.Share(now.Own), total = state.Share(now.Total);
        screen
            .Write(Percent(own).PadLeft(7), isSelected ? Style.Selected : Shade(own))
            .Write(Percent(total).PadLeft(8), isSelected ? Style.Selected : Shade(total))
            .Write(Seconds(ever.Own).PadLeft(9), isSelected ? Style.Selected : Style.Plain)
            .Write(Seconds(ever.Total).PadLeft(11), isSelected ? Style.Selected : Style.Plain);
    }

    static void DrawHelp(Screen screen)
    {
        int row = TopState.HeadRows - 1;
        screen.At(row++).Write("  Keys", Style.Head).Fill(Style.Head);
        foreach (var (keys, text) in TopKeys.Help)
        {
            screen.At(row++).Write($"  {keys,-27}", Style.Strong).Write(text);
        }

        screen.At(row + 1).Write("  100% is one thread all the time since the last refresh; times are since the beginning.", Style.Faint);
        screen.At(row + 2).Write("  Any other key closes this list.", Style.Faint);
    }

    static void DrawFoot(TopState state, Screen screen)
    {
        screen.At(state.Rows - 1);
        if (state.Message is { } message)
        {
            screen.Write(Escape.Text(message), Style.Warning).Write("  ");
        }

        screen.Write(
            state.IsTyping ? "Enter keeps the filter, Esc clears it"
            : state.View == TopView.Source ? "Esc goes back, arrows scroll, ? lists the keys, q quits"
            : string.Create(CultureInfo.InvariantCulture, $"? lists the keys, q quits; refreshed every {state.DelayMs / 1000.0:0.#} s"),
            Style.Faint);
    }

    static Style Shade(double share) => share >= Hot ? Style.Hot : share >= Warm ? Style.Warm : Style.Plain;

    static string Percent(double share) => (100 * share).ToString("0.00", CultureInfo.InvariantCulture) + "%";

    static string Seconds(long ns) => (ns / 1e9).ToString("0.00", CultureInfo.InvariantCulture) + "s";
}
