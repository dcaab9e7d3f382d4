using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Engine.Profiles.FlameGraph;
using Sonde.Engine.Profiles.Formats;

namespace Sonde.Engine.Profiles.Report;

/// <summary>A profile as text for a terminal. Every name is escaped.</summary>
/// <param name="profile">The profile, lines merged or not as it shall be shown.</param>
/// <param name="output">Where the text goes.</param>
/// <param name="colour">Whether to colour it with ANSI sequences.</param>
public sealed class ProfileReport(Profile profile, TextWriter output, bool colour)
{
    const int BarCells = 12;
    const int DeepestIndent = 40;
    const int WidestWeight = 9;

    readonly ProfileSums _sums = new(profile);

    ProfileUnit Unit => profile.Info.Unit;

    /// <summary>What it is: title, mode, samples, duration, and what is missing.</summary>
    public void WriteHead()
    {
        var info = profile.Info;
        if (info.Title.Length > 0)
        {
            output.WriteLine(Bold(Escape.Text(info.Title)));
        }

        var parts = new List<string>
        {
            Unit == ProfileUnit.Samples ? "samples" : Unit == ProfileUnit.Bytes ? "bytes allocated" : info.Mode == "wall" ? "wall time" : $"{Escape.Text(info.Mode)} time",
            string.Create(CultureInfo.InvariantCulture, $"{profile.SampleCount} samples"),
        };
        if (Unit != ProfileUnit.Samples)
        {
            parts.Add(WeightText.Of(profile.Weight, Unit));
        }

        if (info.DurationNs > 0)
        {
            parts.Add($"recorded for {Utf8Cursor.Duration(info.DurationNs)}");
        }

        output.WriteLine(string.Join(", ", parts));
        foreach (var (cause, count) in profile.Losses.Causes)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"lost {count}: {Escape.Text(cause)}"));
        }
    }

    /// <summary>The frames with the largest own weight.</summary>
    /// <param name="count">How many.</param>
    public void WriteTop(int count)
    {
        var frames = _sums.Frames();
        output.WriteLine();
        output.WriteLine(Dim($"   own   total {"own",WidestWeight} {"total",WidestWeight}  {"",BarCells}  function"));
        foreach (var sum in frames.Take(count))
        {
            output.WriteLine(
                $"{Share(sum.Own)}  {Share(sum.Total)} {WeightText.Of(sum.Own, Unit),WidestWeight} {WeightText.Of(sum.Total, Unit),WidestWeight}  {Bar(sum.Own, sum.Total)}  {Label(sum.Frame)}");
        }

        if (frames.Count > count)
        {
            output.WriteLine(Dim(string.Create(CultureInfo.InvariantCulture, $"{frames.Count - count} more; --top {frames.Count} shows all")));
        }
    }

    /// <summary>Whether there are functions that match.</summary>
    public bool Has(Glob function) => _sums.Frames().Any(sum => function.MatchesFunction(profile.Frames[sum.Frame].Function));

    /// <summary>Who calls the functions that match, and whom they call.</summary>
    public void WriteNeighbours(Glob function)
    {
        var matches = _sums.Frames().Where(sum => Matches(profile.Frames[sum.Frame])).ToList();

        var (callers, callees) = _sums.Neighbours(Matches, out var all);
        output.WriteLine();
        foreach (var match in matches)
        {
            output.WriteLine($"{Bold(Label(match.Frame))}: own {Share(match.Own).TrimStart()}, total {Share(match.Total).TrimStart()}");
        }

        output.WriteLine();
        output.WriteLine(Dim(" total  called from"));
        WriteNeighbours(callers, "(outermost)");
        output.WriteLine();
        output.WriteLine(Dim(" total  where it was"));
        WriteNeighbours(callees, "(in itself)");
        if (matches.Count > 1)
        {
            output.WriteLine();
            output.WriteLine($"all {matches.Count} together: own {Share(all.Own).TrimStart()}, total {Share(all.Total).TrimStart()}");
        }

        bool Matches(Frame frame) => function.MatchesFunction(frame.Function);
    }

    /// <summary>The tree of calls.</summary>
    /// <param name="minPercent">Calls with a smaller share of the whole are left out, and counted.</param>
    public void WriteTree(double minPercent)
    {
        var callees = new List<int>?[profile.Stacks.Count];
        long hidden = 0;
        for (int stack = 1; stack < callees.Length; stack++)
        {
            if (_sums.Total(stack) == 0)
            {
                continue;
            }

            bool isShown = 100.0 * _sums.Total(stack) / _sums.Whole >= minPercent;
            int caller = profile.Stacks.Caller(stack);
            hidden += isShown ? 0 : 1;
            if (isShown)
            {
                (callees[caller] ??= []).Add(stack);
            }
        }

        output.WriteLine();
        output.WriteLine(Dim(" total     own     total"));
        var pending = new Stack<int>();
        Push(StackTable.Empty);
        while (pending.TryPop(out int stack))
        {
            int depth = profile.Stacks.Depth(stack) - 1;
            string indent = depth <= DeepestIndent ? new string(' ', 2 * depth) : string.Create(CultureInfo.InvariantCulture, $"{new string(' ', 2 * DeepestIndent)}[{depth}] ");
            output.WriteLine($"{Share(_sums.Total(stack))}  {Share(_sums.Own(stack))} {WeightText.Of(_sums.Total(stack), Unit),WidestWeight}  {indent}{Label(profile.Stacks.Innermost(stack))}");
            Push(stack);
        }

        if (hidden > 0)
        {
            output.WriteLine(Dim(string.Create(CultureInfo.InvariantCulture, $"{hidden} calls below {minPercent}% are not shown")));
        }

        void Push(int stack)
        {
            foreach (int callee in (callees[stack] ?? []).OrderBy(_sums.Total).ThenByDescending(callee => callee))
            {
                pending.Push(callee);
            }
        }
    }

    /// <summary>The share of each thread, when there are several.</summary>
    public void WriteThreads()
    {
        if (profile.Threads.Count > 1)
        {
            WriteShares("thread", profile.Entries.GroupBy(entry => entry.Thread).Select(group =>
                (Escape.Text(ThreadLabel.Heading(profile, profile.Threads[group.Key])), group.Sum(entry => entry.Weight))));
        }
    }

    /// <summary>What the threads did, and how long they held the global interpreter lock, where that is known.</summary>
    public void WriteStates()
    {
        if (profile.Entries.Any(entry => entry.State != ThreadState.Unknown))
        {
            WriteShares("state", profile.Entries.GroupBy(entry => entry.State).Select(group => (StateText.Of(group.Key), group.Sum(entry => entry.Weight))));
        }

        long held = profile.Entries.Where(entry => entry.HoldsGil).Sum(entry => entry.Weight);
        if (held > 0)
        {
            output.WriteLine($"{Share(held)} {WeightText.Of(held, Unit),WidestWeight}  {Bar(held, held)}  holding the GIL");
        }
    }

    void WriteShares(string heading, IEnumerable<(string Text, long Weight)> shares)
    {
        output.WriteLine();
        output.WriteLine(Dim($" share {"",WidestWeight}  {"",BarCells}  {heading}"));
        foreach (var (text, weight) in shares.OrderByDescending(share => share.Weight))
        {
            output.WriteLine($"{Share(weight)} {WeightText.Of(weight, Unit),WidestWeight}  {Bar(weight, weight)}  {text}");
        }
    }

    void WriteNeighbours(IReadOnlyList<Neighbour> neighbours, string none)
    {
        foreach (var neighbour in neighbours)
        {
            output.WriteLine($"{Share(neighbour.Weight)} {WeightText.Of(neighbour.Weight, Unit),WidestWeight}  {Bar(neighbour.Weight, neighbour.Weight)}  {(neighbour.Frame < 0 ? none : Label(neighbour.Frame))}");
        }
    }

    /// <summary>Own weight as full cells, what was called as light ones.</summary>
    string Bar(long own, long total)
    {
        int full = Cells(own), all = Math.Max(Cells(total), full);
        string bar = new string('█', full) + new string('░', all - full);
        return colour ? $"\e[36m{bar}\e[0m{new string(' ', BarCells - all)}" : bar.PadRight(BarCells);
    }

    int Cells(long weight) => (int)Math.Clamp(Math.Round((double)BarCells * weight / _sums.Whole), 0, BarCells);

    string Share(long weight)
    {
        string text = WeightText.Share(weight, _sums.Whole);
        return !colour ? text : (100.0 * weight / _sums.Whole) switch { >= 20 => $"\e[31m{text}\e[0m", >= 5 => $"\e[33m{text}\e[0m", _ => text };
    }

    string Label(int number)
    {
        var frame = profile.Frames[number];
        string label = Escape.Text(FrameLabel.Of(frame, profile.Info)), name = Escape.Text(frame.Function);
        return colour && label.StartsWith(name, StringComparison.Ordinal) ? name + Dim(label[name.Length..]) : label;
    }

    string Dim(string text) => colour && text.Length > 0 ? $"\e[2m{text}\e[0m" : text;

    string Bold(string text) => colour ? $"\e[1m{text}\e[0m" : text;
}
