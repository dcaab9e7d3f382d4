using System.Runtime.CompilerServices;

namespace Sonde.Symbols.Unwind;

/// <summary>How the caller's registers are found from any instruction of a range of code.</summary>
public sealed class UnwindRow
{
    readonly FrameState _state;
    readonly ReadOnlyMemory<byte> _section;

    internal UnwindRow(ulong start, ulong end, bool isSignalFrame, ulong returnRegister, in FrameState state, ReadOnlyMemory<byte> section)
    {
        (Start, End, IsSignalFrame, _state, _section) = (start, end, isSignalFrame, state, section);
        ReturnAddress = this[(int)Math.Min(returnRegister, FrameRegister.Count)];
    }

    /// <summary>The first address it holds for, in the file's own address space.</summary>
    public ulong Start { get; }

    /// <summary>The address after the last it holds for.</summary>
    public ulong End { get; }

    /// <summary>Whether the caller was interrupted by a signal: it goes on at its instruction pointer, not after a call.</summary>
    public bool IsSignalFrame { get; }

    /// <summary>How the canonical frame address is found.</summary>
    public FrameAddressRule FrameAddress => _state.FrameAddress;

    /// <summary>How the return address is found.</summary>
    public RegisterRule ReturnAddress { get; }

    /// <summary>How a register of the caller is found; those the table does not mention are unchanged.</summary>
    public RegisterRule this[int register] => (uint)register < FrameRegister.Count ? _state.Rules[register] : default;

    /// <summary>An expression that a rule names.</summary>
    /// <param name="start">Where it begins.</param>
    /// <param name="length">Its length.</param>
    internal ReadOnlySpan<byte> Expression(long start, int length) => _section.Span.Slice((int)start, length);
}

/// <summary>What the instructions of an unwind table have come to.</summary>
struct FrameState
{
    public FrameAddressRule FrameAddress;
    public RegisterRules Rules;

    [InlineArray(FrameRegister.Count)]
    public struct RegisterRules
    {
        RegisterRule _first;
    }
}
