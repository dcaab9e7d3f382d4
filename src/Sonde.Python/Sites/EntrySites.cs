using Iced.Intel;

namespace Sonde.Python.Sites;

/// <summary>Where frames are entered.</summary>
sealed class EntrySites(DataFlow flow, SiteFactory factory)
{
    const int LongestPrologue = 12;
    const int LongestHandlerStart = 40;

    readonly ControlFlow _graph = flow.Graph;
    readonly Instruction[] _instructions = flow.Code.Instructions;

    /// <summary>
    /// 3.6 to 3.10: every Python call is a call of the eval function, so its first instructions are the entry. Not the very first
    /// one where that is <c>endbr64</c>, which the kernel single-steps: the push after it.
    /// </summary>
    public ProbeSite AtFunctionStart()
    {
        var start = flow.Code.IndexOf(flow.Code.Start);
        var walk = flow.From(start);
        while (walk.Index < start + LongestPrologue && !EndsBlock(walk.Index) && !factory.IsCheap(walk.Index))
            walk.Step();
        if (!factory.IsCheap(walk.Index))
            walk = flow.From(start);
        return factory.At(walk, SiteKind.Entry, CurrentFrame.Parent, Roles.FrameArgument, Roles.None, "prologue");
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
                throw new SiteException($"the opcode table has no handler for {opcodes[i].Name} ({opcodes[i].Number})");
            yield return AtHandler(handlers[i], handlers, opcodes[i].Name);
        }
    }

    /// <summary>
    /// The first emulated instruction of a handler. A handler can fall into another form's, so ways in from those are fine; a
    /// place that other opcodes pass as well is not.
    /// </summary>
    ProbeSite AtHandler(int handler, int[] family, string name)
    {
        var first = _graph.Blocks[handler].First;
        var index = first;
        for (var steps = 0; steps < LongestHandlerStart; steps++, index++)
        {
            if (_graph.IsJoin(index) && index != first && !IsReachedOnlyFrom(_graph.BlockOf(index), family))
                break;
            if (factory.IsCheap(index))
                return factory.At(flow.From(index), SiteKind.Entry, CurrentFrame.New, Roles.CurrentFrame, Roles.None, name);
            if (EndsBlock(index) || !flow.Code.Continues(index))
                break;
        }
        return factory.At(flow.From(first), SiteKind.Entry, CurrentFrame.New, Roles.CurrentFrame, Roles.None, name);
    }

    /// <summary>Whether every way to a block since the last dispatch starts at one of the given handlers.</summary>
    bool IsReachedOnlyFrom(int block, int[] handlers)
    {
        var reachable = new HashSet<int>();
        Stack<int> todo = new([block]);
        var start = _graph.BlockAt(flow.Code.Start);
        while (todo.TryPop(out var current))
        {
            if (!reachable.Add(current))
                continue;
            if (current == start || _graph.Blocks[current].IsDispatched && !handlers.Contains(current))
                return false;
            foreach (var predecessor in _graph.Blocks[current].Predecessors)
            {
                if (flow.Reaches(predecessor))
                    todo.Push(predecessor);
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
            if (flow.Reaches(i) && TestsThrowFlag(_graph.Blocks[i]) is >= 0 and var taken && AtThrownFrame(taken) is { } site)
                sites.Add(site);
        }
        return sites.Where(site => !LeadsToAnother(site, sites));
    }

    bool LeadsToAnother(ProbeSite site, List<ProbeSite> sites)
    {
        var walk = flow.From(flow.Code.IndexOf(site.Address));
        for (var steps = 0; steps < LongestHandlerStart && Straight.Step(flow, walk); steps++)
        {
            if (sites.Any(other => other.Address == _instructions[walk.Index].IP))
                return true;
        }
        return false;
    }

    /// <summary>The first emulated instruction after the test at which the thread state names the new frame.</summary>
    ProbeSite? AtThrownFrame(int index)
    {
        var walk = flow.From(index);
        ProbeSite? best = null;
        for (var steps = 0; steps < LongestHandlerStart && (steps == 0 || !_graph.IsJoin(walk.Index)); steps++)
        {
            var isNew = (walk.State.History & History.CurrentStates) == History.CurrentNew;
            if (factory.IsSafe(walk.Index) && (isNew || walk.State.Locations(Roles.FrameArgument).Count > 0))
            {
                var site = factory.At(walk, SiteKind.Throw, isNew ? CurrentFrame.New : CurrentFrame.Parent, Roles.FrameArgument, Roles.None, "throw");
                if (site.Cost == SiteCost.Emulated)
                    return site;
                best ??= site;
            }
            if (!Straight.Step(flow, walk))
                break;
        }
        return best;
    }

    /// <summary>Index of the instruction that runs when the flag is set, if a block ends in a test of it; otherwise negative.</summary>
    int TestsThrowFlag(Block block)
    {
        var last = block.End - 1;
        if (_instructions[last].ConditionCode is not (ConditionCode.e or ConditionCode.ne) || _instructions[last].FlowControl != FlowControl.ConditionalBranch)
            return -1;
        var tests = false;
        var walk = flow.From(block.First);
        for (; walk.Index < last; walk.Step())
        {
            ref readonly var instruction = ref _instructions[walk.Index];
            if (instruction.RflagsModified != RflagsBits.None)
                tests = ComparesThrowFlagWithZero(instruction, walk.State);
        }
        if (!tests)
            return -1;
        return _instructions[last].ConditionCode == ConditionCode.ne ? flow.Code.IndexOf(_instructions[last].NearBranchTarget)
            : flow.Code.Continues(last) ? last + 1
            : -1;
    }

    static bool ComparesThrowFlagWithZero(in Instruction instruction, AbstractState state)
    {
        var isTest = instruction.Mnemonic == Mnemonic.Test && instruction.Op0Register == instruction.Op1Register;
        var isCompare = instruction.Mnemonic == Mnemonic.Cmp && instruction.Op1Kind is OpKind.Immediate8to32 && instruction.GetImmediate(1) == 0;
        if (!isTest && !isCompare)
            return false;
        if (instruction.Op0Kind == OpKind.Register)
            return instruction.Op0Register.IsGPR32() && state[(byte)(instruction.Op0Register - Register.EAX)].Is(Roles.ThrowFlag);
        return instruction.Op0Kind == OpKind.Memory && instruction.MemoryIndex == Register.None && instruction.MemoryBase.IsGPR64()
            && state[(byte)(instruction.MemoryBase - Register.RAX)] is var pointer && pointer.Is(Roles.StackAddress)
            && state.SlotAt(unchecked(pointer.Number + (int)(long)instruction.MemoryDisplacement64)).Is(Roles.ThrowFlag);
    }

    bool EndsBlock(int index) => _graph.BlockOf(index) is >= 0 and var block && _graph.Blocks[block].End == index + 1
        && _instructions[index].FlowControl is not (FlowControl.Next or FlowControl.Call or FlowControl.IndirectCall);
}
