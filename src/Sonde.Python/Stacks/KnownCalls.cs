using System.Diagnostics;

namespace Sonde.Python.Stacks;

/// <summary>Which calls are known to be real: by proof, or by having been seen often enough to be no accident.</summary>
/// <remarks>
/// A thread can lose its processor in the few instructions in which its frames contradict each other, and stays so for milliseconds. So what only looks alone tell
/// must be seen several times, with the thread going on in between, or on a thread that sleeps: asleep it is in none of those instructions.
/// </remarks>
sealed class KnownCalls(CodeTable codes, CallProof proof)
{
    /// <summary>How often a call must be seen.</summary>
    const int TimesSeen = 3;

    const int MostCalls = 1 << 20;

    /// <summary>Nothing keeps a thread from its processor as long as this, but what does not go on for so long may take as long again.</summary>
    static readonly TimeSpan _unmoved = TimeSpan.FromMilliseconds(40);

    readonly Dictionary<(ulong Caller, int Offset, ulong Callee), Evidence> _calls = [];
    readonly HashSet<(ulong Caller, int Offset)> _proven = [];

    /// <summary>Whether a caller is known to call a callee from where it is.</summary>
    /// <param name="caller">The caller.</param>
    /// <param name="callee">The callee.</param>
    /// <param name="function">The callee's function object; 0 when unknown.</param>
    public bool IsKnown(in RawFrame caller, in RawFrame callee, ulong function)
    {
        if (!codes.TryGet(caller.Code, out var callerCode) || !codes.TryGet(callee.Code, out var calleeCode))
        {
            return false;
        }

        var key = (caller.Code, caller.InstructionOffsetBytes, callee.Code);
        if (_calls.TryGetValue(key, out var evidence) && evidence.IsOf(callerCode, calleeCode) && evidence.IsEnough)
        {
            return true;
        }

        if (!proof.Proves(callerCode, caller.InstructionOffsetBytes, caller.Address, calleeCode, function))
        {
            return false;
        }

        Remember(key, new Evidence(callerCode, calleeCode, IsEnough: true, 0, 0, 0));
        _proven.Add((caller.Code, caller.InstructionOffsetBytes));
        return true;
    }

    /// <summary>Takes down that a call that nothing proves looked the same for many looks.</summary>
    /// <param name="caller">The caller.</param>
    /// <param name="callee">The callee.</param>
    /// <param name="moves">How often the thread was seen to have gone on.</param>
    /// <param name="isAsleep">Whether the thread sleeps.</param>
    /// <returns>Whether that is enough.</returns>
    public bool Witness(in RawFrame caller, in RawFrame callee, long moves, bool isAsleep)
    {
        if (!codes.TryGet(caller.Code, out var callerCode) || !codes.TryGet(callee.Code, out var calleeCode))
        {
            return false;
        }

        var key = (caller.Code, caller.InstructionOffsetBytes, callee.Code);
        var now = Stopwatch.GetTimestamp();
        if (!_calls.TryGetValue(key, out var evidence) || !evidence.IsOf(callerCode, calleeCode))
        {
            evidence = new Evidence(callerCode, calleeCode, false, 0, moves, now);
        }

        evidence = moves == evidence.Moves && evidence.Times > 0 ? evidence : evidence with { Times = evidence.Times + 1, Moves = moves, SinceTicks = now };
        var isUnmoved = Stopwatch.GetElapsedTime(evidence.SinceTicks, now) >= _unmoved;
        // Where another function is proven to be called, this one is the more likely to be an accident.
        var isAlone = !_proven.Contains((caller.Code, caller.InstructionOffsetBytes));
        evidence = evidence with { IsEnough = isAsleep || (isAlone && (evidence.Times >= TimesSeen || isUnmoved)) };
        Remember(key, evidence);
        return evidence.IsEnough;
    }

    void Remember((ulong Caller, int Offset, ulong Callee) key, in Evidence evidence)
    {
        if (_calls.Count >= MostCalls)
        {
            _calls.Clear();
            _proven.Clear();
        }

        _calls[key] = evidence;
    }

    /// <summary>What is known of a call.</summary>
    readonly record struct Evidence(CodeObject Caller, CodeObject Callee, bool IsEnough, int Times, long Moves, long SinceTicks)
    {
        /// <summary>Whether it is about these code objects, and not about others that lay at the same addresses.</summary>
        public bool IsOf(CodeObject caller, CodeObject callee) => Caller == caller && Callee == callee;
    }
}
