using Sonde.Bpf;

namespace Sonde.Script.Ir.Passes;

/// <summary>
/// What was computed before on every way here is copied, not computed again: arithmetic, addresses, loads from the context (which nothing
/// writes), and helpers that answer the same all through a run of the program.
/// </summary>
sealed class CommonSubexpressions
{
    // Of answers known on some way, the latest ones are asked whether they are known on every way.
    const int MostAsked = 4;

    readonly VirtualRegister? _context;
    readonly Definitions _definitions;
    readonly Dictionary<IrInstruction, VirtualRegister> _here = [];
    readonly Dictionary<IrInstruction, List<(BasicBlock Block, VirtualRegister Answer)>> _lasting = [];
    readonly DominatorTree _tree;
    bool _changed;

    CommonSubexpressions(IrFunction function, bool isMain, DominatorTree tree)
    {
        _tree = tree;
        _definitions = new Definitions(function);
        _context = isMain && _definitions.IsSetOnce(function.Parameters[0]) ? function.Parameters[0] : null;
    }

    /// <summary>Whether anything changed.</summary>
    public static bool Run(IrFunction function, bool isMain)
    {
        List<BasicBlock> order = ControlFlow.ReversePostOrder(function);
        CommonSubexpressions pass = new(function, isMain && function.Parameters.Count > 0, new DominatorTree(order));
        foreach (BasicBlock block in order)
        {
            pass.Run(block);
        }

        return pass._changed;
    }

    void Run(BasicBlock block)
    {
        _here.Clear();
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            IrInstruction instruction = block.Instructions[i];
            if (Operands.Destination(instruction) is not { } dst)
            {
                continue;
            }

            IrInstruction? question = Question(instruction);
            if (question is not null && Find(block, question) is { } found)
            {
                block.Instructions[i] = new IrMove(dst, found);
                _changed = true;
                question = null;
            }

            Forget(dst);
            if (question is not null && !Operands.Uses(question).Contains(dst))
            {
                _here[question] = dst;
                if (_definitions.IsSetOnce(dst) && _definitions.IsLasting(question))
                {
                    if (!_lasting.TryGetValue(question, out List<(BasicBlock, VirtualRegister)>? answers))
                    {
                        _lasting.Add(question, answers = []);
                    }

                    answers.Add((block, dst));
                }
            }
        }
    }

    VirtualRegister? Find(BasicBlock block, IrInstruction question)
    {
        if (_here.TryGetValue(question, out VirtualRegister found))
        {
            return found;
        }

        if (_lasting.TryGetValue(question, out List<(BasicBlock Block, VirtualRegister Answer)>? answers))
        {
            for (int i = answers.Count - 1; i >= Math.Max(0, answers.Count - MostAsked); i--)
            {
                if (_tree.Dominates(answers[i].Block, block))
                {
                    return answers[i].Answer;
                }
            }
        }

        return null;
    }

    // The instruction without where its answer goes; null for what need not give the same again, and for what is cheaper made anew.
    IrInstruction? Question(IrInstruction instruction) => instruction switch
    {
        IrArithmetic i => i with { Dst = default },
        IrNegate i => i with { Dst = default },
        IrExtend i => i with { Dst = default },
        IrByteSwap i => i with { Dst = default },
        IrMapValue i => i with { Dst = default },
        IrLoad i when _context is { } context && i.From.Base == context => i with { Dst = default },
        IrCallHelper { Arguments.Length: 0 } i when IsSteady(i.Helper) => new IrCallHelper(null, i.Helper, []),
        IrCallHelper { Helper: Helper.GetAttachCookie or Helper.GetFuncIp } i when _context is { } context && i.Arguments is [{ Value: { } value }] && value.Register == context =>
            new IrCallHelper(null, i.Helper, []),
        _ => null,
    };

    // A program does not move to another thread or processor while it runs.
    static bool IsSteady(Helper helper) => helper is Helper.GetCurrentPidTgid or Helper.GetCurrentUidGid or Helper.GetCurrentTask or Helper.GetCurrentTaskBtf
        or Helper.GetSmpProcessorId or Helper.GetNumaNodeId or Helper.GetCurrentCgroupId;

    void Forget(VirtualRegister dst)
    {
        if (_definitions.IsSetOnce(dst))
        {
            return;
        }

        foreach ((IrInstruction question, VirtualRegister answer) in _here.ToArray())
        {
            if (answer == dst || Operands.Uses(question).Contains(dst))
            {
                _here.Remove(question);
            }
        }
    }
}
