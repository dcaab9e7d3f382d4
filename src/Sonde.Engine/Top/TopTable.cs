using System.Runtime.InteropServices;
using Sonde.Engine.Profiles;

namespace Sonde.Engine.Top;

/// <summary>Time of a function or a line, in nanoseconds.</summary>
/// <param name="Own">In itself.</param>
/// <param name="Total">In itself and in what it called; recursion counts once.</param>
readonly record struct TopTimes(long Own, long Total)
{
    public static TopTimes operator -(TopTimes left, TopTimes right) => new(left.Own - right.Own, left.Total - right.Total);
}

/// <summary>One node of the call tree.</summary>
sealed class TopNode
{
    /// <summary>The frame; a default one for the root.</summary>
    public required Frame Frame { get; init; }

    /// <summary>Names the path from the root down to it, the same from one snapshot to the next.</summary>
    public required ulong Path { get; init; }

    /// <summary>Its time.</summary>
    public TopTimes Times { get; set; }

    /// <summary>What it calls.</summary>
    public List<TopNode> Children { get; } = [];
}

/// <summary>The times of everything in a profile that is in a scope: as a table, and as a tree.</summary>
sealed class TopTable
{
    readonly Dictionary<Frame, TopTimes> _times = [];

    /// <summary>Sums up.</summary>
    public TopTable(Profile profile, TopScope scope)
    {
        Root = BuildTree(profile, scope);
        Collect();
    }

    /// <summary>The tree's root, which is no frame.</summary>
    public TopNode Root { get; }

    /// <summary>Time by function or line.</summary>
    public IReadOnlyDictionary<Frame, TopTimes> Times => _times;

    /// <summary>What a frame is counted as.</summary>
    public static Frame Key(in Frame frame, bool lines) => lines ? frame : frame with { Line = frame.FirstLine };

    /// <summary>A number that stands for a frame, the same as long as this process lives.</summary>
    public static ulong Identity(ulong above, in Frame frame) => (above ^ (uint)frame.GetHashCode()) * 0x9e3779b97f4a7c15 + 1;

    static TopNode BuildTree(Profile profile, TopScope scope)
    {
        var root = new TopNode { Frame = default, Path = 0 };
        var nodes = new Dictionary<(TopNode Above, Frame Frame), TopNode>();
        var places = new TopNode?[profile.Stacks.Count];
        places[StackTable.Empty] = root;
        List<(TopNode Node, TopNode? Above)> order = [];
        var own = new Dictionary<TopNode, long>();
        var pending = new Stack<int>();
        foreach (var entry in profile.Entries)
        {
            if (!Includes(profile, scope, entry))
            {
                continue;
            }

            int stack = entry.Stack;
            for (; places[stack] is null; stack = profile.Stacks.Caller(stack))
            {
                pending.Push(stack);
            }

            while (pending.TryPop(out int next))
            {
                var above = places[profile.Stacks.Caller(next)]!;
                var frame = Key(profile.Frames[profile.Stacks.Innermost(next)], scope.Lines);
                ref var node = ref CollectionsMarshal.GetValueRefOrAddDefault(nodes, (above, frame), out _);
                if (node is null)
                {
                    node = new TopNode { Frame = frame, Path = Identity(above.Path, frame) };
                    above.Children.Add(node);
                    order.Add((node, above));
                }

                places[next] = node;
            }

            var place = places[entry.Stack]!;
            own[place] = own.GetValueOrDefault(place) + entry.Weight;
        }

        foreach (var (node, weight) in own)
        {
            node.Times = new TopTimes(weight, weight);
        }

        // Callers come before what they call.
        for (int i = order.Count - 1; i >= 0; i--)
        {
            var (node, above) = order[i];
            above!.Times = above.Times with { Total = above.Times.Total + node.Times.Total };
        }

        return root;
    }

    static bool Includes(Profile profile, TopScope scope, in ProfileEntry entry) =>
        (scope.Idle || !ProfileView.IsIdle(entry.State))
        && (!scope.GilOnly || entry.HoldsGil)
        && (scope.Thread is null || TopSnapshot.ThreadOf(profile, entry.Thread) == scope.Thread);

    /// <summary>Depth first, without recursion. A frame's total is that of its outermost calls.</summary>
    void Collect()
    {
        var depths = new Dictionary<Frame, int>();
        var pending = new Stack<(TopNode Node, bool IsDone)>();
        pending.Push((Root, false));
        while (pending.TryPop(out var next))
        {
            if (next.Node == Root)
            {
                Push(next.Node);
                continue;
            }

            ref int depth = ref CollectionsMarshal.GetValueRefOrAddDefault(depths, next.Node.Frame, out _);
            if (next.IsDone)
            {
                depth--;
                continue;
            }

            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_times, next.Node.Frame, out _);
            sum = new TopTimes(sum.Own + next.Node.Times.Own, sum.Total + (depth == 0 ? next.Node.Times.Total : 0));
            depth++;
            pending.Push((next.Node, true));
            Push(next.Node);
        }

        void Push(TopNode node)
        {
            foreach (var child in node.Children)
            {
                pending.Push((child, false));
            }
        }
    }
}
