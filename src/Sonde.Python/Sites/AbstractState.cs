using System.Diagnostics;

namespace Sonde.Python.Sites;

/// <summary>What a register or stack slot is known to hold; several can be true of one value.</summary>
[Flags]
enum Roles : byte
{
    /// <summary>Nothing is known.</summary>
    None = 0,

    /// <summary>The <c>PyThreadState*</c>.</summary>
    ThreadState = 1,

    /// <summary>The frame the eval function was called with.</summary>
    FrameArgument = 2,

    /// <summary>The argument that tells that <c>gen.throw()</c> is the caller.</summary>
    ThrowFlag = 4,

    /// <summary>The frame the thread state names as running.</summary>
    CurrentFrame = 8,

    /// <summary><c>f_back</c> of the frame argument.</summary>
    FrameBack = 16,

    /// <summary>An address in the eval function's own stack frame; <see cref="Value.Number"/> is its distance from rsp at entry.</summary>
    StackAddress = 32,

    /// <summary>The recursion counter plus a constant; <see cref="Value.Number"/> is the set of constants it may be.</summary>
    Counter = 64,
}

/// <summary>Something known about the content of a register or stack slot.</summary>
readonly record struct Value(Roles Roles, int Number = 0)
{
    /// <summary>Whether all of <paramref name="roles"/> are known.</summary>
    public bool Is(Roles roles) => (Roles & roles) == roles;

    /// <summary>What remains known when only the low 32 bits are kept: flags and counters, no pointers.</summary>
    public Value Low32 => Is(Roles.Counter) ? this with { Roles = Roles.Counter } : new(Roles & Roles.ThrowFlag);

    /// <summary>The value plus a constant.</summary>
    public Value Plus(int constant, int sizeBytes)
    {
        if (Is(Roles.StackAddress) && sizeBytes == 8)
            return new(Roles.StackAddress, unchecked(Number + constant));
        if (Is(Roles.Counter) && Deltas.Shift(Number, constant) is var set and not 0)
            return new(Roles.Counter, set);
        return constant == 0 ? sizeBytes == 8 ? this : Low32 : default;
    }

    /// <summary>What is true of both values.</summary>
    public static Value Meet(Value left, Value right)
    {
        var roles = left.Roles & right.Roles;
        if (roles == Roles.None)
            return default;
        if ((roles & Roles.Counter) != 0)
            return new(roles, left.Number | right.Number);
        if ((roles & Roles.StackAddress) == 0)
            return new(roles);
        return left.Number == right.Number ? left with { Roles = roles } : new(roles & ~Roles.StackAddress);
    }
}

/// <summary>Sets of small differences from the recursion counter, from -3 to 3, as the low seven bits of an integer.</summary>
static class Deltas
{
    const int Limit = 3;

    /// <summary>The set {0}.</summary>
    public const int Zero = 1 << Limit;

    /// <summary>The set of one difference; empty when it is out of range.</summary>
    public static int Of(int delta) => delta is >= -Limit and <= Limit ? 1 << (delta + Limit) : 0;

    /// <summary>Every difference of a set, moved by a constant; what leaves the range is dropped.</summary>
    public static int Shift(int set, int constant) => constant switch
    {
        < -2 * Limit or > 2 * Limit => 0,
        < 0 => set >> -constant,
        _ => set << constant & ((1 << (2 * Limit + 1)) - 1),
    };

    /// <summary>Differences from the counter after it was stored with one of <paramref name="stored"/>.</summary>
    public static int Rebase(int set, int stored)
    {
        var result = 0;
        for (var delta = -Limit; delta <= Limit; delta++)
        {
            if ((stored & Of(delta)) != 0)
                result |= Shift(set, -delta);
        }
        return result;
    }

    /// <summary>Whether a set can lower the counter and cannot raise it.</summary>
    public static bool OnlyLowers(int set) => set != 0 && set < Zero;

    /// <summary>Whether a set can raise the counter.</summary>
    public static bool Raises(int set) => set >= 2 * Zero;
}

/// <summary>A stack slot of 8 bytes, by its distance from rsp at the eval function's entry.</summary>
readonly record struct Slot(int Offset, Value Value);

/// <summary>
/// What is certain before an instruction, on every path that leads there: the values of the 16 general registers and of some
/// stack slots; and what may have happened on some path since the last bytecode was dispatched.
/// </summary>
sealed class AbstractState
{
    const int Registers = 16;
    readonly Value[] _registers = new Value[Registers];
    Slot[] _slots = [];
    int _slotCount;

    /// <summary>What may have happened since the last dispatch.</summary>
    public History History { get; set; }

    /// <summary>Where on the stack the <c>_PyCFrame</c> is that the thread state points to (3.11, 3.12); null when that is not certain.</summary>
    public int? ControlFrame { get; set; }

    /// <summary>A register's value, by the number in the instruction encoding; unknown for <see cref="Effect.None"/>.</summary>
    public Value this[byte register]
    {
        get => register < Registers ? _registers[register] : default;
        set
        {
            if (register < Registers)
                _registers[register] = value;
        }
    }

    /// <summary>The stack slots about which something is known, by ascending offset.</summary>
    public ReadOnlySpan<Slot> Slots => _slots.AsSpan(0, _slotCount);

    /// <summary>Forgets what is known about a set of registers.</summary>
    public void Forget(ushort registers)
    {
        for (byte register = 0; registers != 0; register++, registers >>= 1)
        {
            if ((registers & 1) != 0)
                _registers[register] = default;
        }
    }

    /// <summary>The value of the slot at exactly this offset.</summary>
    public Value SlotAt(int offset)
    {
        foreach (var slot in Slots)
        {
            if (slot.Offset == offset)
                return slot.Value;
        }
        return default;
    }

    /// <summary>Overwrites <paramref name="sizeBytes"/> bytes of the stack; the first slot then holds <paramref name="value"/>.</summary>
    public void SetSlot(int offset, Value value, int sizeBytes)
    {
        var kept = 0;
        for (var i = 0; i < _slotCount; i++)
        {
            var slot = _slots[i];
            if (slot.Offset + 8L <= offset || slot.Offset >= (long)offset + sizeBytes)
                _slots[kept++] = slot;
        }
        _slotCount = kept;
        if (value == default || kept == MostSlots)
            return;
        if (kept == _slots.Length)
            Array.Resize(ref _slots, Math.Max(4, kept * 2));
        var at = kept;
        for (; at > 0 && _slots[at - 1].Offset > offset; at--)
            _slots[at] = _slots[at - 1];
        _slots[at] = new(offset, value);
        _slotCount = kept + 1;
    }

    /// <summary>No compiler keeps more copies of four values; a bound for files that are not what they seem.</summary>
    const int MostSlots = 64;

    /// <summary>Replaces every known value; a value that becomes unknown disappears.</summary>
    public void Transform(Func<Value, Value> change)
    {
        for (var i = 0; i < Registers; i++)
            _registers[i] = change(_registers[i]);
        var kept = 0;
        for (var i = 0; i < _slotCount; i++)
        {
            var slot = _slots[i] with { Value = change(_slots[i].Value) };
            if (slot.Value != default)
                _slots[kept++] = slot;
        }
        _slotCount = kept;
    }

    /// <summary>Becomes a copy of another state.</summary>
    public void CopyFrom(AbstractState other)
    {
        other._registers.CopyTo(_registers, 0);
        if (_slots.Length < other._slotCount)
            _slots = new Slot[other._slotCount];
        other.Slots.CopyTo(_slots);
        _slotCount = other._slotCount;
        History = other.History;
        ControlFrame = other.ControlFrame;
    }

    /// <summary>A copy that can be changed on its own.</summary>
    public AbstractState Clone()
    {
        var copy = new AbstractState();
        copy.CopyFrom(this);
        return copy;
    }

    /// <summary>Keeps what holds in both states: another path leads here.</summary>
    /// <returns>Whether anything changed.</returns>
    public bool MeetWith(AbstractState other)
    {
        var changed = false;
        for (var i = 0; i < Registers; i++)
        {
            if (_registers[i] == other._registers[i])
                continue;
            var meet = Value.Meet(_registers[i], other._registers[i]);
            changed |= meet != _registers[i];
            _registers[i] = meet;
        }
        changed |= MeetSlots(other);
        if (ControlFrame is not null && ControlFrame != other.ControlFrame)
        {
            ControlFrame = null;
            changed = true;
        }
        if ((other.History & ~History) != 0)
        {
            History |= other.History;
            changed = true;
        }
        return changed;
    }

    bool MeetSlots(AbstractState other)
    {
        var changed = false;
        int kept = 0, theirs = 0;
        for (var i = 0; i < _slotCount; i++)
        {
            var slot = _slots[i];
            while (theirs < other._slotCount && other._slots[theirs].Offset < slot.Offset)
                theirs++;
            var meet = theirs < other._slotCount && other._slots[theirs].Offset == slot.Offset
                ? Value.Meet(slot.Value, other._slots[theirs].Value)
                : default;
            changed |= meet != slot.Value;
            if (meet != default)
                _slots[kept++] = slot with { Value = meet };
        }
        Debug.Assert(kept <= _slotCount);
        _slotCount = kept;
        return changed;
    }

    /// <summary>Every place that certainly holds a value with these roles: registers first, then stack slots, best first.</summary>
    /// <remarks>Slots are given relative to rsp, or to rbp where the function realigned its stack; never below rsp.</remarks>
    public List<ValueLocation> Locations(Roles roles)
    {
        List<ValueLocation> result = [];
        for (byte register = 0; register < Registers; register++)
        {
            if (_registers[register].Is(roles))
                result.Add(new(register));
        }
        foreach (var slot in Slots)
        {
            if (!slot.Value.Is(roles))
                continue;
            if (Distance(slot, Effect.Rsp) is { } aboveTop and >= 0)
                result.Add(new(Effect.Rsp, aboveTop));
            else if (Distance(slot, Effect.Rbp) is { } belowFrame and < 0)
                result.Add(new(Effect.Rbp, belowFrame));
        }
        return result;
    }

    /// <summary>How far a slot is from the stack address in a register; null when that register holds none of the same stack area.</summary>
    int? Distance(Slot slot, byte register)
    {
        var distance = (long)slot.Offset - _registers[register].Number;
        return _registers[register].Is(Roles.StackAddress) && Math.Abs(distance) < Transfer.AlignedStackGap / 2 ? (int)distance : null;
    }
}
