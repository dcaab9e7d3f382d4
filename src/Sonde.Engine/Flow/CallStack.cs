namespace Sonde.Engine.Flow;

/// <summary>One activation of a function: from its call or resumption to the exit that ends it.</summary>
struct Activation
{
    public ulong Frame;
    public ulong Parent;
    public CodeInfo Code;
    public int Site;
    public long TimeNs;
    public long ChildrenNs;
    public int Depth;
}

/// <summary>A frame's entry as its record tells it.</summary>
readonly record struct Entry(ulong Frame, ulong Parent, CodeInfo Code, long TimeNs, int Cpu, int Site, bool Resumed, IReadOnlyList<FlowValue>? Arguments = null);

/// <summary>The activations of one thread that have not ended, outermost first.</summary>
/// <remarks>
/// <para>An exit tells the frame it returns to, not always the one it leaves; a frame has at most one active callee, so the parent's
/// address identifies the activation among those of the thread.</para>
/// <para>Activations nest, except where a program switches stacks (greenlets) and where records were lost. Without loss an activation is
/// taken out from between the others; after a loss those above it are given up, for their exits are among what was lost.</para>
/// </remarks>
sealed class CallStack(FlowThread thread, bool wanted)
{
    Activation[] _activations = new Activation[32];
    int _count;

    public FlowThread Thread { get; } = thread;

    /// <summary>True when the filters ask for this thread.</summary>
    public bool Wanted { get; } = wanted;

    /// <summary>The activations, outermost first.</summary>
    public ReadOnlySpan<Activation> Activations => _activations.AsSpan(0, _count);

    /// <summary>Callers announced late, innermost first, that wait for the exit which shows them.</summary>
    public List<Entry> Late { get; } = [];

    /// <summary>The loss counter's value when this thread was last brought in order.</summary>
    public long SeenLoss { get; set; }

    /// <summary>Depth of a call that comes next: the shown activations that enclose it.</summary>
    public int NextDepth => _count == 0 ? 0 : _activations[_count - 1].Depth + (_activations[_count - 1].Code.Wanted ? 1 : 0);

    /// <summary>True when this entry is the newest activation once more: a second probe site passed by the same start.</summary>
    public bool IsNewest(in Entry entry) =>
        _count > 0 && _activations[_count - 1] is var newest
        && newest.Frame == entry.Frame && newest.Parent == entry.Parent && newest.Code == entry.Code && newest.Site != entry.Site;

    public void Push(in Entry entry)
    {
        var depth = NextDepth;
        if (_count == _activations.Length)
        {
            Array.Resize(ref _activations, _count * 2);
        }

        _activations[_count++] = new Activation { Frame = entry.Frame, Parent = entry.Parent, Code = entry.Code, Site = entry.Site, TimeNs = entry.TimeNs, Depth = depth };
    }

    /// <summary>The index of the activation that returns to <paramref name="parent"/>, or -1.</summary>
    public int Find(ulong parent)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            if (_activations[i].Parent == parent)
            {
                return i;
            }

            if (_activations[i].Frame == parent)
            {
                // The parent itself is the newest: whatever returned to it was never entered (a generator being made, an interpreter's shim frame).
                return -1;
            }
        }

        return -1;
    }

    /// <summary>Takes an activation out; its time is added to the time its caller spent in callees.</summary>
    public Activation Remove(int index, long timeNs)
    {
        var activation = _activations[index];
        if (index > 0)
        {
            _activations[index - 1].ChildrenNs += activation.Code.Wanted ? timeNs - activation.TimeNs : activation.ChildrenNs;
        }

        Array.Copy(_activations, index + 1, _activations, index, _count - index - 1);
        _activations[--_count] = default;
        return activation;
    }

    /// <summary>Gives up all activations above an index; returns how many.</summary>
    public int Truncate(int length)
    {
        var given = _count - length;
        _activations.AsSpan(length, given).Clear();
        _count = length;
        return given;
    }
}
