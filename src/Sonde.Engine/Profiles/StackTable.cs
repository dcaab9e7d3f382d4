using System.Runtime.InteropServices;

namespace Sonde.Engine.Profiles;

/// <summary>Every different stack of a profile once, as a tree: a stack is its caller's stack and one more frame. Not safe for concurrent use.</summary>
public sealed class StackTable
{
    /// <summary>The number of the stack without frames.</summary>
    public const int Empty = 0;

    readonly Dictionary<(int Caller, int Frame), int> _numbers = [];
    readonly List<(int Caller, int Frame, int Depth)> _stacks = [(Empty, -1, 0)];

    /// <summary>More are refused: a file that is read must not take all memory.</summary>
    internal int Most { get; init; } = int.MaxValue;

    /// <summary>How many there are, the empty one included.</summary>
    public int Count => _stacks.Count;

    /// <summary>The stack without its innermost frame.</summary>
    public int Caller(int stack) => _stacks[stack].Caller;

    /// <summary>The number of its innermost frame in the <see cref="FrameTable"/>; -1 for the empty stack.</summary>
    public int Innermost(int stack) => _stacks[stack].Frame;

    /// <summary>How many frames it has.</summary>
    public int Depth(int stack) => _stacks[stack].Depth;

    /// <summary>The number of a stack: <paramref name="frame"/>, called from <paramref name="caller"/>. A caller has a smaller number than what it calls.</summary>
    /// <exception cref="FormatException">A profile that is read from a file has too many.</exception>
    public int Intern(int caller, int frame)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, (caller, frame), out var known);
        if (!known)
        {
            number = _stacks.Count < Most ? _stacks.Count : throw new FormatException($"there are more than {Most} different stacks");
            _stacks.Add((caller, frame, _stacks[caller].Depth + 1));
        }

        return number;
    }
}
