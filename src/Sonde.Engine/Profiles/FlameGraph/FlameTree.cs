using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Engine.Profiles.Formats;

namespace Sonde.Engine.Profiles.FlameGraph;

/// <summary>The stacks of a flame graph with what passed in each, callees included. Its nodes have the stacks' numbers.</summary>
sealed class FlameTree
{
    readonly FlameGraphSource _source;
    readonly double[] _totals;
    readonly double[] _before;
    readonly long[] _samples;
    readonly int[] _starts;
    readonly int[] _children;
    readonly Dictionary<int, string> _labels = [];

    /// <summary>Sums up all threads and states.</summary>
    public FlameTree(FlameGraphSource source)
    {
        _source = source;
        var stacks = source.Stacks;
        _totals = new double[stacks.Count];
        _before = new double[stacks.Count];
        _samples = new long[stacks.Count];
        foreach (var entry in source.Entries)
        {
            _totals[entry.Stack] += entry.Weight;
            _before[entry.Stack] += entry.Before;
            _samples[entry.Stack] += entry.Samples;
        }

        _starts = new int[stacks.Count + 1];
        for (int i = stacks.Count - 1; i > 0; i--)
        {
            _totals[stacks.Caller(i)] += _totals[i];
            _before[stacks.Caller(i)] += _before[i];
            _samples[stacks.Caller(i)] += _samples[i];
            _starts[stacks.Caller(i) + 1]++;
        }

        for (int i = 1; i < _starts.Length; i++)
        {
            _starts[i] += _starts[i - 1];
        }

        _children = new int[stacks.Count - 1];
        var next = _starts.AsSpan().ToArray();
        for (int i = 1; i < stacks.Count; i++)
        {
            _children[next[stacks.Caller(i)]++] = i;
        }
    }

    /// <summary>What a node calls, in the order of the alphabet.</summary>
    public IEnumerable<int> Children(int node) => _children[_starts[node].._starts[node + 1]].OrderBy(Label, StringComparer.Ordinal);

    /// <summary>How much of everything is in a node, from 0 to 1.</summary>
    public double Share(int node) => _totals[0] > 0 ? _totals[node] / _totals[0] : 0;

    /// <summary>The same of the profile that it is compared with.</summary>
    public double ShareBefore(int node) => _before[0] > 0 ? _before[node] / _before[0] : 0;

    /// <summary>What a node weighs, in words: "(20 samples, 19.95%)".</summary>
    public string Weight(int node)
    {
        if (_source.IsDifference)
        {
            return string.Create(CultureInfo.InvariantCulture, $"({100 * ShareBefore(node):0.##}% → {100 * Share(node):0.##}%)");
        }

        double share = node == StackTable.Empty ? 1 : Share(node);
        return string.Create(CultureInfo.InvariantCulture, $"({_samples[node]:N0} {(_samples[node] == 1 ? "sample" : "samples")}, {100 * share:0.##}%)");
    }

    /// <summary>A node's function with its file and line, safe to show but for what marks up.</summary>
    public string Label(int node)
    {
        if (node == StackTable.Empty)
        {
            return "all";
        }

        int number = _source.Stacks.Innermost(node);
        if (!_labels.TryGetValue(number, out var label))
        {
            label = Escape.Text(FrameLabel.Of(_source.Frames[number], _source.Info));
            _labels.Add(number, label);
        }

        return label;
    }

    /// <summary>A node's colour.</summary>
    public string Colour(int node) => node == StackTable.Empty ? "#d9d9d9"
        : _source.IsDifference ? FrameColour.Change(Share(node) - ShareBefore(node))
        : FrameColour.Light(_source.Frames[_source.Stacks.Innermost(node)]);
}
