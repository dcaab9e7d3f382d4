using Iced.Intel;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Sites;

/// <summary>A run of instructions that is entered only at its first and left only at its last.</summary>
/// <param name="First">Index of its first instruction.</param>
/// <param name="End">Index after its last instruction.</param>
/// <param name="Successors">Blocks that can follow it, a called handler function included; a dispatch to the next opcode is not among them.</param>
/// <param name="Dispatches">Whether it ends in the jump to the next opcode's handler.</param>
/// <param name="Callee">The block of the handler function that it ends in a call of; negative for none.</param>
sealed record Block(int First, int End, int[] Successors, bool Dispatches, int Callee)
{
    /// <summary>Blocks that lead here directly.</summary>
    public List<int> Predecessors { get; } = [];

    /// <summary>Whether the jump to the next opcode can lead here.</summary>
    public bool IsDispatched { get; set; }

    /// <summary>Whether control can come here from more than one place.</summary>
    public bool IsJoin => Predecessors.Count > 1 || IsDispatched;
}

/// <summary>The eval function's blocks and the ways between them.</summary>
sealed class ControlFlow
{
    readonly int[] _blockAt;

    ControlFlow(InterpreterCode code, Block[] blocks, int[] blockAt)
    {
        Code = code;
        Blocks = blocks;
        _blockAt = blockAt;
    }

    /// <summary>The code.</summary>
    public InterpreterCode Code { get; }

    /// <summary>All blocks, by ascending address.</summary>
    public Block[] Blocks { get; }

    /// <summary>The block an instruction belongs to; negative for padding.</summary>
    public int BlockOf(int instruction) => _blockAt[instruction];

    /// <summary>The block that starts at an address; negative when none does.</summary>
    public int BlockAt(ulong address) =>
        Code.IndexOf(address) is >= 0 and var index && BlockOf(index) is >= 0 and var block && Blocks[block].First == index ? block : -1;

    /// <summary>Whether an instruction can be reached from more than one place.</summary>
    public bool IsJoin(int instruction) =>
        BlockOf(instruction) is >= 0 and var block && Blocks[block].First == instruction && Blocks[block].IsJoin;

    /// <summary>Builds the graph.</summary>
    /// <param name="image">The interpreter.</param>
    /// <param name="code">Its eval function.</param>
    /// <param name="pointers">The words in its data that point into the code: where dispatches lead.</param>
    /// <param name="noReturn">Which calls end a block.</param>
    public static ControlFlow Build(ElfFile image, InterpreterCode code, IReadOnlyList<CodePointer> pointers, NoReturn noReturn)
    {
        var count = code.Instructions.Length;
        var ends = new bool[count];
        var falls = new bool[count];
        var leads = new bool[count];
        var referenced = new bool[count];
        Dictionary<int, List<int>> switches = [];

        var start = code.IndexOf(code.Start);
        leads[start] = true;
        for (var i = 0; i < count; i++)
        {
            ref readonly var instruction = ref code.Instructions[i];
            (ends[i], falls[i]) = instruction.FlowControl switch
            {
                FlowControl.ConditionalBranch => (true, true),
                FlowControl.UnconditionalBranch or FlowControl.IndirectBranch or FlowControl.Return or FlowControl.Exception => (true, false),
                FlowControl.Call when IsHandlerCall(code, instruction) => (true, true),
                _ when instruction.Mnemonic == Mnemonic.Hlt || noReturn.IsCall(instruction) => (true, false),
                _ => (false, true),
            };
            falls[i] &= code.Continues(i);
            if (ends[i] && code.Continues(i))
            {
                leads[i + 1] = true;
            }

            if (DirectTarget(code, i) is >= 0 and var target)
            {
                leads[target] = referenced[target] = true;
            }
        }

        // A handler's address is in the table; the eval function's own is elsewhere in the data, but nothing dispatches to it.
        var dispatched = new bool[count];
        foreach (var pointer in pointers)
        {
            if (code.IndexOf(pointer.Target) is >= 0 and var target && target != start
                && (code.HandlerFunctions.Count == 0 || code.HandlerFunctions.Contains(pointer.Target)))
            {
                leads[target] = dispatched[target] = true;
            }
        }

        for (var i = 0; i < count; i++)
        {
            if (code.Instructions[i].FlowControl != FlowControl.IndirectBranch || SwitchTable.Targets(image, code, i) is not { Count: > 0 } targets)
            {
                continue;
            }

            switches[i] = targets;
            foreach (var target in targets)
            {
                leads[target] = referenced[target] = true;
            }
        }

        // Code that nothing falls into or jumps to is reached by an indirect jump whose table was not recognized, or never.
        for (var i = 0; i < count && code.HandlerFunctions.Count == 0; i++)
        {
            if (ends[i] && !falls[i] && AfterPadding(code, i) is >= 0 and var next && !referenced[next])
            {
                leads[next] = dispatched[next] = true;
            }
        }

        return Assemble(code, ends, falls, leads, dispatched, switches);
    }

    static ControlFlow Assemble(
        InterpreterCode code, bool[] ends, bool[] falls, bool[] leads, bool[] dispatched, Dictionary<int, List<int>> switches)
    {
        var count = code.Instructions.Length;
        var blockAt = new int[count];
        Array.Fill(blockAt, -1);
        List<(int First, int End)> extents = [];
        for (var first = 0; first < count; first++)
        {
            if (!leads[first])
            {
                continue;
            }

            var last = first;
            while (!ends[last] && falls[last] && !leads[last + 1])
            {
                last++;
            }

            blockAt.AsSpan(first, last + 1 - first).Fill(extents.Count);
            extents.Add((first, last + 1));
        }

        var blocks = new Block[extents.Count];
        List<int> successors = [];
        for (var i = 0; i < blocks.Length; i++)
        {
            var (first, end) = extents[i];
            var last = end - 1;
            successors.Clear();
            if (DirectTarget(code, last) is >= 0 and var target)
            {
                successors.Add(blockAt[target]);
            }

            if (falls[last] && !successors.Contains(blockAt[last + 1]))
            {
                successors.Add(blockAt[last + 1]);
            }

            if (switches.TryGetValue(last, out var targets))
            {
                successors.AddRange(targets.Select(index => blockAt[index]));
            }

            var dispatches = targets is null && InterpreterCode.IsDispatch(code.Instructions[last]);
            var callee = IsHandlerCall(code, code.Instructions[last]) ? blockAt[DirectTarget(code, last)] : -1;
            blocks[i] = new(first, end, [.. successors], dispatches, callee) { IsDispatched = dispatched[first] };
        }

        for (var i = 0; i < blocks.Length; i++)
        {
            foreach (var successor in blocks[i].Successors)
            {
                blocks[successor].Predecessors.Add(i);
            }
        }

        return new(code, blocks, blockAt);
    }

    static bool IsHandlerCall(InterpreterCode code, in Instruction instruction) =>
        instruction.FlowControl == FlowControl.Call && code.HandlerFunctions.Contains(instruction.NearBranchTarget);

    /// <summary>Index of the instruction a direct jump, or a call of a handler function, goes to; negative when it leaves the code or is none.</summary>
    static int DirectTarget(InterpreterCode code, int index)
    {
        ref readonly var instruction = ref code.Instructions[index];
        return instruction.FlowControl is FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch || IsHandlerCall(code, instruction)
            ? code.IndexOf(instruction.NearBranchTarget)
            : -1;
    }

    /// <summary>The next instruction in memory that is not padding; negative at the end of a part.</summary>
    static int AfterPadding(InterpreterCode code, int index)
    {
        while (code.Continues(index))
        {
            index++;
            ref readonly var instruction = ref code.Instructions[index];
            var isPadding = instruction.Mnemonic is Mnemonic.Nop or Mnemonic.Int3
                || instruction is { Mnemonic: Mnemonic.Xchg, Op0Register: Register.AX, Op1Register: Register.AX };
            if (!isPadding)
            {
                return index;
            }
        }

        return -1;
    }
}
