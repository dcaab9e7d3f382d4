namespace Sonde.Python.Sites;

/// <summary>What an instruction did that matters for finding sites.</summary>
enum EventKind : byte
{
    /// <summary>Nothing of interest.</summary>
    None,

    /// <summary>The recursion counter was stored; <see cref="Event.Deltas"/> tells by how much it may have changed.</summary>
    CounterStored,

    /// <summary>The recursion counter was stored with a value the analysis lost sight of.</summary>
    CounterLost,

    /// <summary>3.6 to 3.10: the frame argument became the thread's frame.</summary>
    FrameEntered,

    /// <summary>3.6 to 3.10: <c>f_back</c> of the frame argument became the thread's frame.</summary>
    FrameLeft,
}

/// <summary>What an instruction did that matters for finding sites.</summary>
readonly record struct Event(EventKind Kind, int Deltas = 0);

/// <summary>Carries an <see cref="AbstractState"/> over one instruction.</summary>
/// <remarks>
/// Stores through pointers that do not point into the stack frame are taken not to change the stack slots followed here: those
/// are the compiler's own spill slots, whose address no one has.
/// </remarks>
sealed class Transfer(EvalLoopConstants constants)
{
    /// <summary>
    /// How far a realigned stack pointer is set apart from the unaligned one. The true distance is not known, so slots addressed
    /// from one must never be taken for slots addressed from the other.
    /// </summary>
    public const int AlignedStackGap = 1 << 20;

    /// <summary>The state at the eval function's first instruction (System V ABI: arguments in rdi, rsi, rdx).</summary>
    public AbstractState AtStart()
    {
        const byte Rdi = 7, Rsi = 6, Rdx = 2;
        var state = new AbstractState { History = Histories.Start, [Effect.Rsp] = new(Roles.StackAddress) };
        if (constants.ThreadStateIsArgument)
        {
            state[Rdi] = new(Roles.ThreadState);
            state[Rsi] = new(Roles.FrameArgument);
            state[Rdx] = new(Roles.ThrowFlag);
        }
        else
        {
            state[Rdi] = new(Roles.FrameArgument);
            state[Rsi] = new(Roles.ThrowFlag);
        }

        return state;
    }

    /// <summary>What of a state outlives the jump to the next opcode's handler: everything that does not belong to the opcode.</summary>
    public static void Dispatch(AbstractState state)
    {
        state.History = Histories.Dispatched;
        state.Transform(static value => (value.Roles & (Roles.Counter | Roles.Copy)) != 0 ? default : value with { Roles = value.Roles & ~(Roles.FrameBack | Roles.ReplacedFrame) });
    }

    /// <summary>What changes when a handler function is called: the return address is pushed.</summary>
    public static void Enter(AbstractState state)
    {
        if (state[Effect.Rsp].Is(Roles.StackAddress))
        {
            state[Effect.Rsp] = state[Effect.Rsp].Plus(-8, 8);
        }
    }

    /// <summary>Changes the state as the instruction does.</summary>
    public Event Apply(AbstractState state, in Effect effect)
    {
        switch (effect.Kind)
        {
            case EffectKind.Move:
                if (effect.Size == 8)
                {
                    state.Copy(effect.Source, effect.Destination);
                }
                else
                {
                    state[effect.Destination] = state[effect.Source].Low32;
                }

                return default;
            case EffectKind.Load:
                state[effect.Destination] = Loaded(state, effect);
                return default;
            case EffectKind.LoadAddress:
                state[effect.Destination] = state[effect.Source].Plus(effect.Displacement, effect.Size);
                return default;
            case EffectKind.Store:
            case EffectKind.AddToMemory:
                var stored = Stored(state, effect);
                state.Forget(effect.Overwrites);
                return stored;
            case EffectKind.Push:
                Push(state, effect);
                return default;
            case EffectKind.Pop:
                Pop(state, effect.Destination);
                return default;
            case EffectKind.Leave:
                state[Effect.Rsp] = state[Effect.Rbp];
                Pop(state, Effect.Rbp);
                return default;
            case EffectKind.AlignStack:
                if (state[Effect.Rsp].Is(Roles.StackAddress))
                {
                    state[Effect.Rsp] = state[Effect.Rsp].Plus(-AlignedStackGap, 8);
                }

                return default;
            case EffectKind.Exchange:
                var (first, second) = (state[effect.Destination].WithoutCopy, state[effect.Source].WithoutCopy);
                (state[effect.Destination], state[effect.Source]) = (second, first);
                return default;
            default:
                state.Forget(effect.Overwrites);
                return default;
        }
    }

    static void Push(AbstractState state, in Effect effect)
    {
        if (!state[Effect.Rsp].Is(Roles.StackAddress))
        {
            return;
        }

        var value = state[effect.Source];
        state[Effect.Rsp] = state[Effect.Rsp].Plus(-8, 8);
        state.SetSlot(state[Effect.Rsp].Number, value.WithoutCopy, 8);
    }

    static void Pop(AbstractState state, byte destination)
    {
        var stack = state[Effect.Rsp];
        if (!stack.Is(Roles.StackAddress))
        {
            state[destination] = default;
            return;
        }

        state[destination] = state.SlotAt(stack.Number);
        state[Effect.Rsp] = stack.Plus(8, 8);
    }

    /// <summary>The value a load brings.</summary>
    Value Loaded(AbstractState state, in Effect effect)
    {
        var pointer = state[effect.Base];
        if (pointer.Is(Roles.StackAddress))
        {
            var slot = state.SlotAt(unchecked(pointer.Number + effect.Displacement));
            return effect.Size == 8 ? slot : slot.Low32;
        }

        if (pointer.Is(Roles.ThreadState))
        {
            return LoadedFromThreadState(state, effect);
        }

        if (constants.Link == FrameLink.ThreadFrame && pointer.Is(Roles.FrameArgument) && effect.Displacement == constants.FrameBack && effect.Size == 8)
        {
            return new(Roles.FrameBack);
        }

        return default;
    }

    Value LoadedFromThreadState(AbstractState state, in Effect effect)
    {
        if (effect.Displacement == constants.RecursionCounter && effect.Size == 4)
        {
            return new(Roles.Counter, Deltas.Zero);
        }

        if (effect.Displacement != constants.CurrentFrame || effect.Size != 8)
        {
            return default;
        }

        return constants.Link switch
        {
            FrameLink.CurrentFrame => new(Roles.CurrentFrame),
            FrameLink.ControlFrame when state.ControlFrame is { } offset => new(Roles.StackAddress, offset),
            _ => default,
        };
    }

    /// <summary>A write to memory: to the stack, to a field of the thread state, or elsewhere.</summary>
    Event Stored(AbstractState state, in Effect effect)
    {
        var pointer = state[effect.Base];
        var adds = effect.Kind == EffectKind.AddToMemory;
        var value = adds ? default : state[effect.Source];
        if (pointer.Is(Roles.StackAddress))
        {
            StoredToStack(state, unchecked(pointer.Number + effect.Displacement), effect.Size == 8 ? value : value.Low32, effect.Source, effect.Size);
            return default;
        }

        if (constants.Link == FrameLink.ThreadFrame)
        {
            return effect.Size == 8 && effect.Displacement == constants.CurrentFrame && !pointer.Is(Roles.FrameArgument) ? FrameStored(state, value) : default;
        }

        if (!pointer.Is(Roles.ThreadState))
        {
            return default;
        }

        if (Covers(effect, constants.RecursionCounter))
        {
            var isWhole = effect.Displacement == constants.RecursionCounter && effect.Size == 4;
            return CounterStored(state, !isWhole ? 0 : adds ? Deltas.Of(effect.Immediate) : value.Is(Roles.Counter) ? value.Number : 0, effect.Source);
        }

        if (Covers(effect, constants.CurrentFrame))
        {
            var isWhole = effect.Displacement == constants.CurrentFrame && effect.Size == 8;
            var (stored, source) = isWhole ? (value, effect.Source) : (default, Effect.None);
            if (constants.Link == FrameLink.CurrentFrame)
            {
                CurrentFrameStored(state, stored, source);
            }
            else
            {
                ControlFrameStored(state, stored);
            }
        }

        return default;
    }

    /// <summary>Whether a store changes a field; the compiler may join stores to neighbouring fields into one.</summary>
    static bool Covers(in Effect effect, int field) => field >= effect.Displacement && field - (long)effect.Displacement < effect.Size;

    /// <summary>
    /// Up to 3.10 the eval function stores <c>tstate->frame = f</c> before it dispatches anything, and <c>tstate->frame = f->f_back</c>
    /// when it leaves (Python/ceval.c). The value tells, also where the thread state came from a global and is not followed (3.6 to
    /// 3.8); after a dispatch the frame is also stored in tracebacks, at the same offset.
    /// </summary>
    static Event FrameStored(AbstractState state, Value value) =>
        value.Is(Roles.FrameBack) ? new(EventKind.FrameLeft)
        : value.Is(Roles.FrameArgument) && (state.History & History.CounterStates) == History.CounterAtStart ? new(EventKind.FrameEntered)
        : default;

    /// <summary>
    /// In 3.11 and 3.12 the eval function has a <c>_PyCFrame</c> among its locals, and the current frame is a member of it. Any store
    /// that covers the member replaces the current frame, wide vector stores included.
    /// </summary>
    void StoredToStack(AbstractState state, int offset, Value value, byte source, int sizeBytes)
    {
        if (state.ControlFrame is { } start && start + constants.ControlFrameCurrent is var member && member >= offset && member - (long)offset < sizeBytes)
        {
            if (member != offset || sizeBytes != 8)
            {
                (value, source) = (default, Effect.None);
            }

            CurrentFrameStored(state, value, source);
            state.SetSlot(offset, default, sizeBytes);
            state.SetSlot(member, new(Roles.CurrentFrame | value.Roles & Roles.FrameArgument), 8);
            return;
        }

        state.SetSlot(offset, value.WithoutCopy, sizeBytes);
    }

    /// <summary><c>tstate->cframe</c> is pointed at the eval function's own local, or back at its caller's, which leaves the last frame.</summary>
    static void ControlFrameStored(AbstractState state, Value value)
    {
        if (value.Is(Roles.StackAddress))
        {
            state.ControlFrame = value.Number;
            return;
        }

        state.ControlFrame = null;
        CurrentFrameStored(state, default, Effect.None);
    }

    static void CurrentFrameStored(AbstractState state, Value value, byte source)
    {
        state.History = Histories.CurrentStored(state.History);
        // Whatever certainly equals the stored value is the current frame now, and nothing else is.
        state.Transform(held => value != default && (held == value || held.Is(Roles.FrameArgument) && value.Is(Roles.FrameArgument)) ? Current(held)
            : held.Is(Roles.CurrentFrame) ? new(held.Roles & Roles.FrameArgument | Roles.ReplacedFrame)
            : held with { Roles = held.Roles & ~Roles.ReplacedFrame });
        if (source != Effect.None)
        {
            state[source] = Current(state[source]);
        }

        static Value Current(Value held) => new(held.Roles & Roles.FrameArgument | Roles.CurrentFrame);
    }

    static Event CounterStored(AbstractState state, int deltas, byte source)
    {
        if (deltas == 0)
        {
            state.Transform(static value => value.Is(Roles.Counter) ? default : value);
            return new(EventKind.CounterLost);
        }

        if (deltas == Deltas.Zero)
        {
            return default;
        }

        state.History = Deltas.Raises(deltas) ? Histories.Raised(state.History) : Histories.Lowered(state.History);
        state.Transform(value => !value.Is(Roles.Counter) ? value
            : Deltas.Rebase(value.Number, deltas) is var rebased and not 0 ? new(Roles.Counter, rebased)
            : default);
        if (source != Effect.None && state[source].Is(Roles.Counter))
        {
            state[source] = new(Roles.Counter, Deltas.Zero);
        }

        return new(EventKind.CounterStored, deltas);
    }
}
