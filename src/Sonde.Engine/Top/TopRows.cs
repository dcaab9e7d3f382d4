using Sonde.Engine.Output;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;

namespace Sonde.Engine.Top;

/// <summary>One row of the table or the tree.</summary>
/// <param name="Id">Names it from one refresh to the next.</param>
/// <param name="Frame">The function or line.</param>
/// <param name="Now">Its time since the refresh before.</param>
/// <param name="Ever">Its time since the beginning.</param>
/// <param name="Depth">How deep it is in the tree.</param>
/// <param name="IsOpen">Whether what it calls is shown; null when it calls nothing.</param>
readonly record struct TopRow(ulong Id, Frame Frame, TopTimes Now, TopTimes Ever, int Depth = 0, bool? IsOpen = null);

/// <summary>One line of source.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Text">What it says, escaped.</param>
/// <param name="Now">Its time since the refresh before.</param>
/// <param name="Ever">Its time since the beginning.</param>
readonly record struct TopSourceRow(int Line, string Text, TopTimes Now, TopTimes Ever);

/// <summary>What a state has to show, row by row.</summary>
static class TopRows
{
    /// <summary>Nodes with less of the time are closed by themselves.</summary>
    const double OpenFrom = 0.01;

    /// <summary>A file may be anything; more of it than this is not shown.</summary>
    const int MostColumns = 500;

    /// <summary>The rows of the table or the tree, all of them, in order.</summary>
    public static IReadOnlyList<TopRow> Of(TopState state) => state switch
    {
        { Current: null } => [],
        { View: TopView.Tree } => Tree(state),
        _ => Table(state),
    };

    /// <summary>A frame's label, safe to show.</summary>
    public static string Label(in Frame frame) => Escape.Text(FrameLabel.Of(frame));

    /// <summary>The rows of the source.</summary>
    public static IReadOnlyList<TopSourceRow> Source(TopState state)
    {
        if (state.Current is null)
        {
            return [];
        }

        var ever = LinesOf(state.Current, state);
        var before = state.Previous is null ? [] : LinesOf(state.Previous, state);
        TopSourceRow Row(int line, string text)
        {
            var times = ever.GetValueOrDefault(line);
            return new(line, text, times - before.GetValueOrDefault(line), times);
        }

        if (state.Source is not { Lines.Count: > 0 } source)
        {
            return [.. ever.Keys.Order().Select(line => Row(line, ""))];
        }

        return [.. source.Lines.Select((text, index) => Row(index + 1, Escape.Text(text.Replace("\t", "    ", StringComparison.Ordinal), MostColumns)))];
    }

    static Dictionary<int, TopTimes> LinesOf(TopSnapshot snapshot, TopState state)
    {
        Dictionary<int, TopTimes> lines = [];
        foreach (var (frame, times) in snapshot.Table(state.Scope with { Lines = true }).Times)
        {
            if (TopTable.Key(frame, lines: false) == state.Function && frame.Line > 0)
            {
                lines[frame.Line] = times;
            }
        }

        return lines;
    }

    static IReadOnlyList<TopRow> Table(TopState state)
    {
        var ever = state.Current!.Table(state.Scope).Times;
        var before = state.Previous?.Table(state.Scope).Times;
        List<(TopRow Row, string Label)> rows = [];
        foreach (var (frame, times) in ever)
        {
            var label = Label(frame);
            if (Passes(state.Filter, label))
            {
                rows.Add((new TopRow(TopTable.Identity(0, frame), frame, times - (before?.GetValueOrDefault(frame) ?? default), times), label));
            }
        }

        Comparison<TopRow> order = state.Sort switch
        {
            TopSort.Own => static (left, right) => right.Now.Own.CompareTo(left.Now.Own),
            TopSort.Total => static (left, right) => right.Now.Total.CompareTo(left.Now.Total),
            TopSort.OwnTime => static (left, right) => right.Ever.Own.CompareTo(left.Ever.Own),
            _ => static (left, right) => right.Ever.Total.CompareTo(left.Ever.Total),
        };
        rows.Sort((left, right) => order(left.Row, right.Row) is var first and not 0 ? first
            : right.Row.Ever.Total.CompareTo(left.Row.Ever.Total) is var second and not 0 ? second
            : string.CompareOrdinal(left.Label, right.Label));
        return [.. rows.Select(static row => row.Row)];
    }

    /// <summary>Without recursion: stacks may be deep.</summary>
    static List<TopRow> Tree(TopState state)
    {
        var before = new Dictionary<ulong, TopTimes>();
        if (state.Previous is { } previous)
        {
            var pendingBefore = new Stack<TopNode>([previous.Table(state.Scope).Root]);
            while (pendingBefore.TryPop(out var node))
            {
                before[node.Path] = node.Times;
                node.Children.ForEach(pendingBefore.Push);
            }
        }

        var root = state.Current!.Table(state.Scope).Root;
        var passing = state.Filter.Length > 0 ? Passing(root, state.Filter) : null;
        List<TopRow> rows = [];
        Stack<(TopNode Node, int Depth)> pending = [];
        Open(root, 0);
        while (pending.TryPop(out var next))
        {
            var (node, depth) = next;
            bool isOpen = passing is not null || node.Times.Total >= root.Times.Total * OpenFrom != state.Toggled.Contains(node.Path);
            rows.Add(new TopRow(node.Path, node.Frame, node.Times - before.GetValueOrDefault(node.Path), node.Times, depth, node.Children.Count > 0 ? isOpen : null));
            if (isOpen)
            {
                Open(node, depth + 1);
            }
        }

        return rows;

        void Open(TopNode node, int depth)
        {
            // The last one pushed is the first one shown.
            foreach (var child in node.Children.OrderBy(static child => child.Times.Total).ThenByDescending(static child => Label(child.Frame), StringComparer.Ordinal))
            {
                if (passing?.Contains(child) != false)
                {
                    pending.Push((child, depth));
                }
            }
        }
    }

    /// <summary>The nodes that the filter lets through, with their callers.</summary>
    static HashSet<TopNode> Passing(TopNode root, string filter)
    {
        HashSet<TopNode> passing = [];
        List<TopNode> path = [];
        Stack<(TopNode Node, int Depth)> pending = new([(root, 0)]);
        while (pending.TryPop(out var next))
        {
            path.RemoveRange(next.Depth, path.Count - next.Depth);
            path.Add(next.Node);
            if (next.Node != root && Passes(filter, Label(next.Node.Frame)))
            {
                for (int i = path.Count - 1; i >= 0 && passing.Add(path[i]); i--)
                {
                }
            }

            foreach (var child in next.Node.Children)
            {
                pending.Push((child, next.Depth + 1));
            }
        }

        return passing;
    }

    static bool Passes(string filter, string label) =>
        label.Contains(filter, filter.Any(char.IsUpper) ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase);
}
