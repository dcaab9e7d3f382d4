using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>What must be known of a whole block before its first instruction is written.</summary>
sealed class ProbeFacts
{
    /// <summary>Turns up to which a loop with constant bounds is written turn by turn for the verifier to walk.</summary>
    const long ShortLoop = 8;

    readonly TargetKernel _kernel;
    readonly bool _hasPythonFrame;
    readonly Dictionary<BoundVariable, HashSet<BoundStatement?>> _users = [];
    readonly HashSet<BoundVariable> _addressTaken = [];
    readonly HashSet<object> _callbacks = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<object> _leaving = new(ReferenceEqualityComparer.Instance);
    readonly Stack<BoundStatement> _loops = [];
    BoundStatement? _function;

    public ProbeFacts(BoundProbe probe, TargetKernel kernel)
    {
        _kernel = kernel;
        _hasPythonFrame = probe.Context.Python is not null;
        Visit(probe.Body);
    }

    /// <summary>Whether stacks are stored in maps, which programs that may sleep cannot use.</summary>
    public bool UsesStacks { get; private set; }

    /// <summary>Whether the length of a stack is asked for that was stored before.</summary>
    public bool MeasuresStoredStacks { get; private set; }

    public bool UsesProbeIndex { get; private set; }

    /// <summary>The most frames of a Python stack that is asked for; 0 when none is.</summary>
    public int PythonStackDepth { get; private set; }

    /// <summary>Whether some function of the program is called back by the kernel.</summary>
    public bool HasCallbacks { get; private set; }

    public bool ReturnsValue { get; private set; }

    /// <summary>Whether a helper is called that takes an argument of the probe only by the type it has in the kernel.</summary>
    public bool NeedsKernelTypes { get; private set; }

    /// <summary>The variables, in the order of their first use.</summary>
    public List<BoundVariable> Variables { get; } = [];

    /// <summary>Whether a loop's body is a function of its own.</summary>
    public bool IsCallback(BoundStatement loop) => _callbacks.Contains(loop);

    /// <summary>Whether the program may end inside a loop.</summary>
    public bool MayLeave(BoundStatement loop) => _leaving.Contains(loop);

    /// <summary>Whether more than one function uses a variable.</summary>
    public bool IsShared(BoundVariable variable) => _users[variable].Count > 1;

    /// <summary>Whether a variable must be in memory.</summary>
    public bool HasAddress(BoundVariable variable) => _addressTaken.Contains(variable);

    /// <summary>Whether evaluating runs statements, which may end the program in between.</summary>
    public static bool RunsStatements(BoundExpression expression) =>
        expression is BoundBlockExpression || Parts(expression).Any(RunsStatements);

    /// <summary>Whether evaluating takes a Python stack or names a function, which may send records.</summary>
    public static bool TakesPythonStack(BoundExpression expression) =>
        expression is BoundCall { Function: Intrinsic.PythonStack or Intrinsic.PythonFunction or Intrinsic.PythonFile } || Parts(expression).Any(TakesPythonStack);

    /// <summary>Whether an expression reads a variable, or may.</summary>
    public static bool Mentions(BoundExpression expression, BoundVariable variable) =>
        expression is BoundVariableRead read && read.Variable == variable
        || expression is BoundAddressOf { Variable: { } target } && target == variable
        || expression is BoundBlockExpression
        || Parts(expression).Any(part => Mentions(part, variable));

    /// <summary>The expressions an expression is made of.</summary>
    static IEnumerable<BoundExpression> Parts(BoundExpression expression) => expression switch
    {
        BoundMapRead read => Some(read.Key),
        BoundAggregateRead read => Some(read.Key),
        BoundHasKey has => Some(has.Key),
        BoundDelete delete => Some(delete.Key),
        BoundFind find => [find.Key],
        BoundLength length => Some(length.Stack),
        BoundUnary unary => [unary.Operand],
        BoundBinary binary => [binary.Left, binary.Right],
        BoundLogical logical => [logical.Left, logical.Right],
        BoundMemoryEqual equal => [equal.Left, equal.Right],
        BoundConditional conditional => [conditional.Condition, conditional.WhenTrue, conditional.WhenFalse],
        BoundConvert convert => [convert.Operand],
        BoundDereference dereference => [dereference.Address],
        BoundElement element => element.Index is { } index ? [element.Aggregate, index] : [element.Aggregate],
        BoundTuple tuple => tuple.Elements,
        BoundAddressOf address => Some(address.Key),
        BoundCall call => call.Arguments,
        BoundIncrement increment => Some(increment.Key),
        BoundBlockExpression block => [block.Value],
        _ => [],
    };

    static IEnumerable<BoundExpression> Some(BoundExpression? expression) => expression is null ? [] : [expression];

    void Visit(BoundStatement? statement)
    {
        switch (statement)
        {
            case BoundBlock block:
                VisitAll(block.Statements);
                break;
            case BoundExpressionStatement only:
                Visit(only.Expression);
                break;
            case BoundSetVariable set:
                Use(set.Variable);
                Visit(set.Value);
                break;
            case BoundSetMap set:
                Visit(set.Key);
                Visit(set.Value);
                break;
            case BoundAggregate aggregate:
                Visit(aggregate.Key);
                Visit(aggregate.Value);
                Visit(aggregate.Weight);
                break;
            case BoundSend send:
                foreach (var element in send.Payload)
                {
                    Visit(element);
                }

                if (send.EndsProgram)
                {
                    Leave();
                }

                break;
            case BoundIf choice:
                Visit(choice.Condition);
                Visit(choice.Then);
                Visit(choice.Else);
                break;
            case BoundWhile loop:
                VisitLoop(loop, _kernel.HasLoop, () =>
                {
                    Visit(loop.Condition);
                    Visit(loop.Body);
                });
                break;
            case BoundForRange loop:
                Visit(loop.From);
                Visit(loop.To);
                VisitLoop(loop, _kernel.HasLoop && !IsShort(loop), () =>
                {
                    Use(loop.Variable);
                    Visit(loop.Body);
                });
                break;
            case BoundForMap loop:
                VisitLoop(loop, isCallback: true, () =>
                {
                    Use(loop.Variable);
                    Visit(loop.Body);
                });
                break;
            case BoundReturn leave:
                ReturnsValue |= leave.Value is not null;
                Visit(leave.Value);
                Leave();
                break;
            case BoundJoin join:
                Visit(join.Array);
                break;
        }
    }

    static bool IsShort(BoundForRange loop) =>
        loop.From is BoundConstant from && loop.To is BoundConstant to && to.Value - (Int128)from.Value <= ShortLoop;

    void VisitAll(IReadOnlyList<BoundStatement> statements)
    {
        foreach (var statement in statements)
        {
            Visit(statement);
        }
    }

    void VisitLoop(BoundStatement loop, bool isCallback, Action visitBody)
    {
        var outer = _function;
        if (isCallback)
        {
            _callbacks.Add(loop);
            HasCallbacks = true;
            _function = loop;
        }

        _loops.Push(loop);
        visitBody();
        _loops.Pop();
        _function = outer;
    }

    void Leave()
    {
        foreach (var loop in _loops)
        {
            _leaving.Add(loop);
        }
    }

    void Visit(BoundExpression? expression)
    {
        switch (expression)
        {
            case null:
                return;
            case BoundVariableRead read:
                Use(read.Variable);
                break;
            case BoundAddressOf { Variable: { } variable }:
                Use(variable);
                _addressTaken.Add(variable);
                break;
            case BoundIncrement { Variable: { } variable }:
                Use(variable);
                break;
            case BoundFind find:
                Use(find.Into);
                break;
            case BoundLength { Stack: { Type: SymbolicType { Kind: not SymbolicKind.PythonStack, Stack.ByTables: false } } and not BoundCall }:
                MeasuresStoredStacks = true;
                break;
            case BoundCall { Function: Intrinsic.KernelStack or Intrinsic.UserStack }:
                UsesStacks = true;
                break;
            case BoundCall { Function: Intrinsic.PythonStack, Type: SymbolicType { Stack.Depth: var depth } }:
                PythonStackDepth = Math.Max(PythonStackDepth, depth);
                HasCallbacks = true;
                break;
            case BoundCall { Function: Intrinsic.PythonFunction or Intrinsic.PythonFile or Intrinsic.PythonLine or Intrinsic.PythonFrame } when !_hasPythonFrame:
                PythonStackDepth = Math.Max(PythonStackDepth, 1);
                HasCallbacks = true;
                break;
            case BoundCall { Function: Intrinsic.ProbeIndex }:
                UsesProbeIndex = true;
                break;
            case BoundCall { Function: Intrinsic.PacketOutput or Intrinsic.SocketCookie }:
                NeedsKernelTypes = true;
                break;
            case BoundCall { Function: Intrinsic.StringContains or Intrinsic.StringFind }:
                HasCallbacks = true;
                break;
            case BoundBlockExpression block:
                VisitAll(block.Statements);
                break;
        }

        foreach (var part in Parts(expression))
        {
            Visit(part);
        }
    }

    void Use(BoundVariable variable)
    {
        if (!_users.TryGetValue(variable, out var users))
        {
            _users.Add(variable, users = new(ReferenceEqualityComparer.Instance));
            Variables.Add(variable);
        }

        users.Add(_function);
    }
}
