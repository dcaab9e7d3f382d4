using Sonde.Engine.Flow;

namespace Sonde.Engine.Runtimes;

/// <summary>A call that has not ended.</summary>
/// <param name="Function">Of what.</param>
/// <param name="TimeNs">When it began.</param>
/// <param name="Cpu">On which processor.</param>
/// <param name="Depth">How many calls around it are wanted.</param>
/// <param name="IsWanted">Whether it is asked for.</param>
/// <param name="CalleesNs">The time that calls within it took which are wanted.</param>
readonly record struct RuntimeCallBegun(CodeInfo Function, long TimeNs, int Cpu, int Depth, bool IsWanted, long CalleesNs = 0);

/// <summary>The calls of one thread that have not ended, outermost first.</summary>
sealed class RuntimeCallStack(FlowThread thread)
{
    /// <summary>Programs end with an error long before; a thread whose ends are never told would go on.</summary>
    const int Deepest = 1 << 16;

    readonly List<RuntimeCallBegun> _calls = [];

    public FlowThread Thread { get; } = thread;

    public int Count => _calls.Count;

    /// <summary>How many of them, from the outermost on, have been looked at to be shown.</summary>
    public int Shown { get; set; }

    /// <summary>How many wanted calls are around one that comes next.</summary>
    public int NextDepth => _calls.Count == 0 ? 0 : _calls[^1].Depth + (_calls[^1].IsWanted ? 1 : 0);

    public RuntimeCallBegun this[int index] => _calls[index];

    /// <summary>Adds a call; returns how many were given up for it.</summary>
    public int Push(CodeInfo function, long timeNs, int cpu, bool isWanted)
    {
        var given = _calls.Count >= Deepest ? Truncate(0) : 0;
        _calls.Add(new(function, timeNs, cpu, NextDepth, isWanted));
        return given;
    }

    /// <summary>The innermost call of a function; -1 for none.</summary>
    public int Find(CodeInfo function)
    {
        for (var i = _calls.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(_calls[i].Function, function))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Gives up all calls above an index; returns how many.</summary>
    public int Truncate(int length)
    {
        var given = _calls.Count - length;
        _calls.RemoveRange(length, given);
        Shown = Math.Min(Shown, length);
        return given;
    }

    /// <summary>Takes out the innermost, whose time its caller spent in callees.</summary>
    public RuntimeCallBegun Pop(long timeNs)
    {
        var call = _calls[^1];
        Truncate(_calls.Count - 1);
        if (_calls.Count > 0)
        {
            _calls[^1] = _calls[^1] with { CalleesNs = _calls[^1].CalleesNs + (call.IsWanted ? timeNs - call.TimeNs : call.CalleesNs) };
        }

        return call;
    }
}
