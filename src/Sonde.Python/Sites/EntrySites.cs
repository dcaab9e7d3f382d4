using Iced.Intel;

namespace Sonde.Python.Sites;

/// <summary>Where frames are entered.</summary>
sealed class EntrySites(DataFlow flow, SiteFactory factory, AttachPoints attachPoints)
{
    const int LongestHandlerStart = 40;

    readonly ControlFlow _graph = flow.Graph;
    readonly Instruction[] _instructions = flow.Code.Instructions;

    /// <summary>
    /// 3.6 to 3.10: after <c>tstate->frame = f</c>, which every call of the eval function passes once it is certain that it runs the
    /// frame (Python/ceval.c: the check of the recursion limit comes before).
    /// </summary>
    public IEnumerable<ProbeSite> AfterFrameEntered()
    {
        foreach (var store in flow.Find(static (_, happened) => happened.Kind == EventKind.FrameEntered))
        {
            var walk = flow.From(store);
            walk.Learn(Roles.ThreadState);
            var sites = attachPoints.Around(walk, SiteKind.Entry, static state =>
                state.Knows(Roles.ThreadState) && state.Knows(Roles.FrameArgument) ? new(CurrentFrame.New, Roles.FrameArgument) : null);
            foreach (var site in sites)
            {
                yield return site;
            }
        }
    }

    /// <summary>
    /// 3.11 and later: RESUME is the first instruction of every activation, executed when the frame is current and its arguments
    /// are in place. Each form of it has a handler of its own.
    /// </summary>
    public IEnumerable<ProbeSite> AtResume(ulong[] opcodeTable, IReadOnlyList<NamedOpcode> opcodes)
    {
        var handlers = opcodes.Select(opcode => _graph.BlockAt(opcodeTable[opcode.Number])).ToArray();
        for (var i = 0; i < handlers.Length; i++)
        {
            if (!flow.Reaches(handlers[i]))
            {
                throw new SiteException($"expected a handler of {opcodes[i].Name} ({opcodes[i].Number}) in the opcode table and found none");
            }

            yield return AtHandler(handlers[i], handlers, opcodes[i].Name);
        }
    }

    /// <summary>
    /// The first emulated instruction of a handler. A handler can fall into another form's, so ways in from those are fine; a
    /// place that other opcodes pass as well is not.
    /// </summary>
    ProbeSite AtHandler(int handler, int[] family, string name)
    {
        var entered = new Passage(CurrentFrame.New, Roles.CurrentFrame);
        var first = _graph.Blocks[handler].First;
        for (var index = first; index < first + LongestHandlerStart; index++)
        {
            var block = _graph.BlockOf(index);
            if (!flow.Reaches(block) || index != first && _graph.IsJoin(index) && !IsReachedOnlyFrom(block, family))
            {
                break;
            }

            if (factory.IsCheap(index))
            {
                return factory.At(flow.From(index), SiteKind.Entry, entered, name);
            }

            if (_instructions[index].FlowControl is not (FlowControl.Next or FlowControl.Call) || !flow.Code.Continues(index))
            {
                break;
            }
        }

        return factory.At(flow.From(first), SiteKind.Entry, entered, name);
    }

    /// <summary>Whether every way to a block since the last dispatch starts at one of the given handlers.</summary>
    bool IsReachedOnlyFrom(int block, int[] handlers)
    {
        HashSet<int> seen = [];
        Stack<int> todo = new([block]);
        var start = _graph.BlockAt(flow.Code.Start);
        while (todo.TryPop(out var current))
        {
            if (!seen.Add(current))
            {
                continue;
            }

            if (current == start || _graph.Blocks[current].IsDispatched && !handlers.Contains(current))
            {
                return false;
            }

            foreach (var predecessor in _graph.Blocks[current].Predecessors)
            {
                if (flow.Reaches(predecessor))
                {
                    todo.Push(predecessor);
                }
            }
        }

        return true;
    }

    /// <summary>
    /// 3.11 and later: <c>gen.throw()</c> enters a suspended frame without RESUME, on the path of the prologue that is taken when
    /// the throw flag is set (<c>if (throwflag)</c>, Python/ceval.c).
    /// </summary>
    /// <remarks>The compiler may test the flag in several places that lead to the same code; only the last place on the way is kept.</remarks>
    public IEnumerable<ProbeSite> AtThrow()
    {
        List<ProbeSite> sites = [];
        for (var i = 0; i < _graph.Blocks.Length; i++)
        {
            if (flow.Reaches(i) && WhenThrown(_graph.Blocks[i]) is >= 0 and var taken
                && attachPoints.From(flow.From(taken), SiteKind.Throw, "throw", Thrown) is { } site)
            {
                sites.Add(site);
            }
        }

        return sites.Where(site => !LeadsToAnother(site, sites));
    }

    static Passage? Thrown(AbstractState state) =>
        state.Knows(Roles.ThreadState) && state.Knows(Roles.FrameArgument) && (state.History & History.CurrentStates) == History.CurrentNew
            ? new(CurrentFrame.New, Roles.FrameArgument)
            : null;

    bool LeadsToAnother(ProbeSite site, List<ProbeSite> sites)
    {
        var walk = flow.From(flow.Code.IndexOf(site.Address));
        for (var steps = 0; steps < LongestHandlerStart && attachPoints.Advance(walk); steps++)
        {
            if (sites.Any(other => other.Address == _instructions[walk.Index].IP))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Index of the instruction that runs when the throw flag is set, if a block ends in a test of it; otherwise negative.</summary>
    int WhenThrown(Block block)
    {
        var last = block.End - 1;
        if (_instructions[last].ConditionCode is not (ConditionCode.e or ConditionCode.ne) || _instructions[last].FlowControl != FlowControl.ConditionalBranch)
        {
            return -1;
        }

        var tested = false;
        for (var walk = flow.From(block.First); walk.Index < last; walk.Step())
        {
            ref readonly var instruction = ref _instructions[walk.Index];
            if (instruction.RflagsModified != RflagsBits.None)
            {
                tested = ComparesThrowFlagWithZero(instruction, walk.State);
            }
        }

        return !tested ? -1
            : _instructions[last].ConditionCode == ConditionCode.ne ? flow.Code.IndexOf(_instructions[last].NearBranchTarget)
            : flow.Code.Continues(last) ? last + 1
            : -1;
    }

    static bool ComparesThrowFlagWithZero(in Instruction instruction, AbstractState state)
    {
        var isTest = instruction.Mnemonic == Mnemonic.Test && instruction.Op1Kind == OpKind.Register && instruction.Op0Register == instruction.Op1Register;
        var isCompare = instruction.Mnemonic == Mnemonic.Cmp && instruction.Op1Kind == OpKind.Immediate8to32 && instruction.GetImmediate(1) == 0;
        if (!isTest && !isCompare)
        {
            return false;
        }

        if (instruction.Op0Kind == OpKind.Register)
        {
            return instruction.Op0Register.IsGPR32() && state[(byte)(instruction.Op0Register - Register.EAX)].Is(Roles.ThrowFlag);
        }

        return instruction.Op0Kind == OpKind.Memory && instruction.MemoryIndex == Register.None && instruction.MemoryBase.IsGPR64()
            && state[(byte)(instruction.MemoryBase - Register.RAX)] is var pointer && pointer.Is(Roles.StackAddress)
            && state.SlotAt(unchecked(pointer.Number + (int)(long)instruction.MemoryDisplacement64)).Is(Roles.ThrowFlag);
    }
}
