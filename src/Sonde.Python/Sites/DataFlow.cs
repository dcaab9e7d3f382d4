using Iced.Intel;

namespace Sonde.Python.Sites;

/// <summary>
/// Forward data flow over the eval function: what is certain before every instruction. A state starts at the function's entry and
/// is carried along every path; where paths meet, only what they agree on stays.
/// </summary>
sealed class DataFlow
{
    /// <summary>Real interpreters settle after about two visits of each block; a bound for files that are not what they seem.</summary>
    const int MostVisitsPerBlock = 64;

    readonly ControlFlow _graph;
    readonly Effect[] _effects;
    readonly Transfer _transfer;
    readonly AbstractState?[] _before;

    DataFlow(ControlFlow graph, Effect[] effects, Transfer transfer)
    {
        _graph = graph;
        _effects = effects;
        _transfer = transfer;
        _before = new AbstractState?[graph.Blocks.Length];
    }

    /// <summary>What is certain whenever the next opcode's handler is jumped to; null when nothing dispatches.</summary>
    public AbstractState? AtDispatch { get; private set; }

    /// <summary>The code the flow ran over.</summary>
    public InterpreterCode Code => _graph.Code;

    /// <summary>Its graph.</summary>
    public ControlFlow Graph => _graph;

    /// <summary>Whether any path leads to a block.</summary>
    public bool Reaches(int block) => block >= 0 && _before[block] is not null;

    /// <summary>A walk from a reached instruction, with the state before it.</summary>
    public Walk From(int instruction)
    {
        var block = _graph.Blocks[_graph.BlockOf(instruction)];
        var state = _before[_graph.BlockOf(instruction)]!.Clone();
        var walk = new Walk(this, state, block.First);
        while (walk.Index < instruction)
        {
            walk.Step();
        }

        return walk;
    }

    /// <summary>The instructions, by ascending address, that do something of interest given the state before them.</summary>
    public List<int> Find(Func<AbstractState, Event, bool> isOfInterest)
    {
        List<int> found = [];
        AbstractState state = new(), before = new();
        for (var block = 0; block < _before.Length; block++)
        {
            var (first, end) = (_graph.Blocks[block].First, _graph.Blocks[block].End);
            if (_before[block] is not { } known || Array.FindIndex(_effects, first, end - first, MayWrite) < 0)
            {
                continue;
            }

            state.CopyFrom(known);
            var walk = new Walk(this, state, first);
            while (walk.Index < end)
            {
                var index = walk.Index;
                if (!MayWrite(_effects[index]))
                {
                    walk.Step();
                    continue;
                }

                before.CopyFrom(walk.State);
                if (isOfInterest(before, walk.Step()))
                {
                    found.Add(index);
                }
            }
        }

        return found;

        // Only writes to memory can be of interest.
        static bool MayWrite(Effect effect) => effect.Kind is EffectKind.Store or EffectKind.AddToMemory;
    }

    /// <summary>Runs to the fixpoint.</summary>
    /// <exception cref="SiteException">It does not settle.</exception>
    public static DataFlow Run(ControlFlow graph, EvalLoopConstants constants)
    {
        var factory = new InstructionInfoFactory();
        var effects = new Effect[graph.Code.Instructions.Length];
        for (var i = 0; i < effects.Length; i++)
        {
            effects[i] = Effect.Of(graph.Code.Instructions[i], factory);
        }

        var flow = new DataFlow(graph, effects, new(constants));
        flow.Settle();
        if (constants.Link != FrameLink.ThreadFrame)
        {
            flow.CheckDispatch(constants);
        }

        return flow;
    }

    /// <summary>If a handler did not know the thread state, its stores to it would go unnoticed; the same for the <c>_PyCFrame</c>.</summary>
    void CheckDispatch(EvalLoopConstants constants)
    {
        if (AtDispatch is null)
        {
            throw new SiteException("expected jumps from opcode to opcode and found none");
        }

        if (!AtDispatch.Knows(Roles.ThreadState))
        {
            throw new SiteException("expected the thread state at one place whenever an opcode begins and found no such place");
        }

        if (constants.Link == FrameLink.ControlFrame && AtDispatch.ControlFrame is null)
        {
            throw new SiteException("expected one _PyCFrame on the stack whenever an opcode begins and found no such place");
        }
    }

    void Settle()
    {
        var order = Order();
        var position = new int[_graph.Blocks.Length];
        for (var i = 0; i < order.Count; i++)
        {
            position[order[i]] = i;
        }

        var dispatched = order.Where(block => _graph.Blocks[block].IsDispatched).ToArray();

        var pending = new bool[order.Count];
        var budget = (long)MostVisitsPerBlock * order.Count;
        var start = _graph.BlockAt(_graph.Code.Start);
        _before[start] = _transfer.AtStart();
        pending[position[start]] = true;
        AbstractState state = new(), called = new();
        var again = true;
        while (again)
        {
            again = false;
            for (var i = 0; i < order.Count; i++)
            {
                if (!pending[i])
                {
                    continue;
                }

                if (--budget < 0)
                {
                    throw new SiteException("expected the data flow over the eval function to settle and found that it does not");
                }

                pending[i] = false;
                var block = _graph.Blocks[order[i]];
                state.CopyFrom(_before[order[i]]!);
                for (var instruction = block.First; instruction < block.End - 1; instruction++)
                {
                    _transfer.Apply(state, _effects[instruction]);
                }

                if (block.Callee >= 0)
                {
                    called.CopyFrom(state);
                    Transfer.Enter(called);
                    Propagate(block.Callee, called);
                }

                _transfer.Apply(state, _effects[block.End - 1]);
                foreach (var successor in block.Successors)
                {
                    if (successor != block.Callee)
                    {
                        Propagate(successor, state);
                    }
                }

                if (!block.Dispatches || IsTailCall(state))
                {
                    continue;
                }

                Transfer.Dispatch(state);
                if (AtDispatch is null)
                {
                    AtDispatch = state.Clone();
                }
                else if (!AtDispatch.MeetWith(state))
                {
                    continue;
                }

                foreach (var target in dispatched)
                {
                    Propagate(target, AtDispatch);
                }
            }
        }

        void Propagate(int block, AbstractState incoming)
        {
            if (_before[block] is not { } known)
            {
                _before[block] = incoming.Clone();
            }
            else if (!known.MeetWith(incoming))
            {
                return;
            }

            pending[position[block]] = true;
            again = true;
        }
    }

    /// <summary>With the stack as it was at the entry, an indirect jump leaves the function, unless all handlers are functions.</summary>
    bool IsTailCall(AbstractState state) =>
        Code.HandlerFunctions.Count == 0 && state[Effect.Rsp] is { Number: >= 0 } stack && stack.Is(Roles.StackAddress);

    /// <summary>
    /// The blocks that can be reached, each after as many of its predecessors as possible (reverse postorder of a depth-first
    /// search), so that most states are final when they are first carried on.
    /// </summary>
    List<int> Order()
    {
        var blocks = _graph.Blocks;
        var dispatched = Enumerable.Range(0, blocks.Length).Where(block => blocks[block].IsDispatched).ToArray();
        List<int> postorder = new(blocks.Length);
        var seen = new bool[blocks.Length];
        Stack<(int Block, int Next)> path = [];
        var dispatchSeen = false;
        Enter(_graph.BlockAt(_graph.Code.Start));
        while (path.TryPop(out var top))
        {
            var (block, next) = top;
            var successors = blocks[block].Successors;
            if (next < successors.Length)
            {
                path.Push((block, next + 1));
                Enter(successors[next]);
            }
            else if (blocks[block].Dispatches && !dispatchSeen)
            {
                dispatchSeen = true;
                path.Push((block, next));
                foreach (var target in dispatched)
                {
                    Enter(target);
                }
            }
            else
            {
                postorder.Add(block);
            }
        }

        postorder.Reverse();
        return postorder;

        void Enter(int block)
        {
            if (seen[block])
            {
                return;
            }

            seen[block] = true;
            path.Push((block, 0));
        }
    }

    /// <summary>Follows instructions in the order they run, with the state before each.</summary>
    public sealed class Walk(DataFlow flow, AbstractState state, int index)
    {
        /// <summary>Index of the instruction about to run.</summary>
        public int Index { get; private set; } = index;

        /// <summary>What is certain before it.</summary>
        public AbstractState State => state;

        /// <summary>Runs it; afterwards <see cref="Index"/> is the next instruction in memory.</summary>
        public Event Step() => flow._transfer.Apply(state, flow._effects[Index++]);

        /// <summary>Takes the base register of the instruction about to run to hold something, as what it does tells.</summary>
        public void Learn(Roles roles)
        {
            var register = flow._effects[Index].Base;
            var known = state[register].WithoutCopy;
            state[register] = known with { Roles = known.Roles | roles };
        }

        /// <summary>Goes on at another instruction, as after a jump.</summary>
        public void JumpTo(int instruction) => Index = instruction;
    }
}
