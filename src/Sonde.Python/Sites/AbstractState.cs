namespace Sonde.Python.Sites;

/// <summary>A stack slot of 8 bytes, by its distance from rsp at the eval function's entry.</summary>
readonly record struct Slot(int Offset, Value Value);

/// <summary>
/// What is certain before an instruction, on every path that leads there: the values of the 16 general registers and of some
/// stack slots; and what may have happened on some path since the last bytecode was dispatched.
/// </summary>
sealed partial class AbstractState
{
    const int Registers = 16;

    /// <summary>No compiler keeps more copies of a few values; a bound for files that are not what they seem.</summary>
    const int MostSlots = 64;

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
            if (register >= Registers)
            {
                return;
            }

            LeaveCopies(register);
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
            {
                this[register] = default;
            }
        }
    }

    /// <summary>The value of the slot at exactly this offset.</summary>
    public Value SlotAt(int offset)
    {
        foreach (var slot in Slots)
        {
            if (slot.Offset == offset)
            {
                return slot.Value;
            }
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
            {
                _slots[kept++] = slot;
            }
        }

        _slotCount = kept;
        if (value == default || kept == MostSlots)
        {
            return;
        }

        if (kept == _slots.Length)
        {
            Array.Resize(ref _slots, Math.Max(4, kept * 2));
        }

        var at = kept;
        for (; at > 0 && _slots[at - 1].Offset > offset; at--)
        {
            _slots[at] = _slots[at - 1];
        }

        _slots[at] = new(offset, value);
        _slotCount = kept + 1;
    }

    /// <summary>Replaces every known value; a value that becomes unknown disappears.</summary>
    public void Transform(Func<Value, Value> change)
    {
        for (var i = 0; i < Registers; i++)
        {
            _registers[i] = change(_registers[i]);
        }

        var kept = 0;
        for (var i = 0; i < _slotCount; i++)
        {
            var slot = _slots[i] with { Value = change(_slots[i].Value) };
            if (slot.Value != default)
            {
                _slots[kept++] = slot;
            }
        }

        _slotCount = kept;
    }

    /// <summary>Becomes a copy of another state.</summary>
    public void CopyFrom(AbstractState other)
    {
        other._registers.CopyTo(_registers, 0);
        if (_slots.Length < other._slotCount)
        {
            _slots = new Slot[other._slotCount];
        }

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
        var changed = MeetRegisters(other);
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

    bool MeetRegisters(AbstractState other)
    {
        if (_registers.AsSpan().SequenceEqual(other._registers))
        {
            return false;
        }

        Span<Value> before = stackalloc Value[Registers];
        _registers.CopyTo(before);
        for (var i = 0; i < Registers; i++)
        {
            _registers[i] = Value.Meet(before[i], other._registers[i]);
        }

        MeetCopies(before, other._registers);
        return !before.SequenceEqual(_registers);
    }

    bool MeetSlots(AbstractState other)
    {
        var changed = false;
        int kept = 0, theirs = 0;
        for (var i = 0; i < _slotCount; i++)
        {
            var slot = _slots[i];
            while (theirs < other._slotCount && other._slots[theirs].Offset < slot.Offset)
            {
                theirs++;
            }

            var meet = theirs < other._slotCount && other._slots[theirs].Offset == slot.Offset
                ? Value.Meet(slot.Value, other._slots[theirs].Value)
                : default;
            changed |= meet != slot.Value;
            if (meet != default)
            {
                _slots[kept++] = slot with { Value = meet };
            }
        }

        _slotCount = kept;
        return changed;
    }

    /// <summary>Whether a probe could find a value with these roles.</summary>
    public bool Knows(Roles roles) => Locations(roles).Count > 0;

    /// <summary>Every place that certainly holds a value with these roles: registers first, then stack slots, best first.</summary>
    /// <remarks>Slots are given relative to rsp, or to rbp where the function realigned its stack; never below rsp.</remarks>
    public List<ValueLocation> Locations(Roles roles)
    {
        List<ValueLocation> result = [];
        for (byte register = 0; register < Registers; register++)
        {
            if (_registers[register].Is(roles))
            {
                result.Add(new(register));
            }
        }

        foreach (var slot in Slots)
        {
            if (!slot.Value.Is(roles))
            {
                continue;
            }

            if (Distance(slot, Effect.Rsp) is { } aboveTop and >= 0)
            {
                result.Add(new(Effect.Rsp, aboveTop));
            }
            else if (Distance(slot, Effect.Rbp) is { } belowFrame and < 0)
            {
                result.Add(new(Effect.Rbp, belowFrame));
            }
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
