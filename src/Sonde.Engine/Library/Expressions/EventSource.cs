using System.Globalization;
using System.Linq.Expressions;
using Sonde.Script.Syntax;
using Sonde.Tracing;
using Expression = System.Linq.Expressions.Expression;
using Tree = Sonde.Script.Syntax.Expression;

namespace Sonde.Engine.Library.Expressions;

/// <summary>What hits come from: writes the probes of a query.</summary>
/// <param name="Name">Writes what stands for the source's name.</param>
abstract record EventSource(SyntaxWriter Name)
{
    /// <summary>The script that does something with values of each hit that fulfils conditions.</summary>
    public abstract Sonde.Script.Syntax.Script Write(IReadOnlyList<Expression> conditions, IReadOnlyList<Expression> values, Func<IReadOnlyList<Tree>, Statement> action);

    /// <summary>
    /// Conditions within one another, the action innermost. A text that a condition asks for is read once, into a variable, right before it.
    /// </summary>
    protected static List<Statement> Nested(IReadOnlyList<Expression> conditions, IReadOnlyList<Expression> values, Func<IReadOnlyList<Tree>, Statement> action, Func<HitMember, Tree> member)
    {
        var outer = new List<Statement>();
        var statements = outer;
        var texts = new Dictionary<HitMember, Tree>();
        var expressions = new KernelExpression(asked => texts.GetValueOrDefault(asked) ?? member(asked));
        foreach (var condition in conditions)
        {
            foreach (var asked in MemberSearch.In(condition).Where(asked => asked.IsText && !texts.ContainsKey(asked)))
            {
                var write = new SyntaxWriter(asked.Text);
                var variable = write.Variable(string.Create(CultureInfo.InvariantCulture, $"$text{texts.Count}"));
                statements.Add(write.Set(variable, member(asked)));
                texts.Add(asked, variable);
            }

            var inner = new List<Statement>();
            statements.Add(new SyntaxWriter(CSharpText.Of(condition)).When(expressions.Write(condition), inner));
            statements = inner;
        }

        statements.Add(action([.. values.Select(expressions.Write)]));
        return outer;
    }
}

/// <summary>A probe whose hits are the events.</summary>
sealed record OneProbe(SyntaxWriter Name, AttachPoint Point) : EventSource(Name)
{
    public override Sonde.Script.Syntax.Script Write(IReadOnlyList<Expression> conditions, IReadOnlyList<Expression> values, Func<IReadOnlyList<Tree>, Statement> action) =>
        new(Name.Span) { Probes = [Name.Probe(Point, Nested(conditions, values, action, static asked => asked.Write()))] };
}

/// <summary>
/// Calls, told at their end. What is known only at their beginning is kept in a map until then: of Python by frame, of native functions by thread and
/// where its stack is, so that calls that never return (longjmp, a thread's end) are in no other's way. Conditions on arguments are asked at the beginning.
/// </summary>
sealed record CallPair(SyntaxWriter Name, AttachPoint Entry, IReadOnlyList<AttachPoint> Exits, bool IsPython) : EventSource(Name)
{
    const string Starts = "@start";
    const string Start = "$start";

    /// <summary>What returning takes off the stack: the return address (System V ABI for x86-64, 3.2.2).</summary>
    const int ReturnAddress = 8;

    public override Sonde.Script.Syntax.Script Write(IReadOnlyList<Expression> conditions, IReadOnlyList<Expression> values, Func<IReadOnlyList<Tree>, Statement> action)
    {
        List<Expression> atEntry = [.. conditions.Where(static condition => MemberSearch.In(condition).All(static asked => !asked.IsOfExit))];
        List<Expression> atExit = [.. conditions.Except(atEntry)];
        // The time comes first: it is always kept, and no text.
        List<HitMember> kept = [.. atExit.Concat(values).SelectMany(MemberSearch.In).Where(static asked => asked.IsOfEntry && asked.Name != nameof(Hit.Time)).Distinct()];
        return new(Name.Span)
        {
            Probes =
            [
                .. Exits.Select(point => Name.Probe(point, AtExit(point, kept, atExit, values, action))),
                Name.Probe(Entry, AtEntry(atEntry, kept)),
            ],
        };
    }

    /// <summary>What a call is told by, when it begins and when it has returned.</summary>
    Tree[] Key(bool hasReturned)
    {
        if (IsPython)
        {
            return [Name.Name("pid"), Name.Name("pyframe")];
        }

        var stack = Name.Call("reg", Name.Text("sp"));
        return [Name.Name("tid"), hasReturned ? Name.Binary(BinaryOperator.Subtract, stack, Name.Number(ReturnAddress)) : stack];
    }

    List<Statement> AtEntry(List<Expression> conditions, List<HitMember> kept)
    {
        var keep = new TupleLiteral(Name.Span, [Name.Name("nsecs"), .. kept.Select(static asked => asked.Write())]);
        var key = Key(hasReturned: false);
        var body = Nested(conditions, [], _ => Name.Set(Name.Map(Starts, key), keep), static asked => asked.Write());
        if (!IsPython && conditions.Count > 0)
        {
            // A call that never returned may have left its own there.
            body.Insert(0, Delete(key));
        }

        return body;
    }

    ExpressionStatement Delete(Tree[] key) => Name.Do(Name.Call("delete", Name.Map(Starts), new TupleLiteral(Name.Span, key)));

    List<Statement> AtExit(AttachPoint point, List<HitMember> kept, List<Expression> conditions, IReadOnlyList<Expression> values, Func<IReadOnlyList<Tree>, Statement> action)
    {
        var start = Name.Variable(Start);
        var key = Key(hasReturned: true);
        return
        [
            Name.When(Name.Call("has_key", Name.Map(Starts), new TupleLiteral(Name.Span, key)),
            [
                Name.Set(start, Name.Map(Starts, key)),
                Delete(key),
                .. Nested(conditions, values, action, Known),
            ]),
        ];

        Tree Known(HitMember asked)
        {
            if (asked.Name == nameof(Result.Value) && asked.OfResult && !IsPython)
            {
                throw new ExpressionException(asked.Text, "only Python functions return values whose type is known; read it as Int64 or another of the result's types");
            }

            var write = new SyntaxWriter(asked.Text);
            if (asked.Name is HitMember.Duration or nameof(Hit.Time) && !asked.OfResult)
            {
                var began = write.Element(start, 0);
                return write.Cast(8, true, asked.Name == nameof(Hit.Time) ? began : write.Binary(BinaryOperator.Subtract, write.Name("nsecs"), began));
            }

            if (kept.IndexOf(asked) is >= 0 and var place)
            {
                return write.Element(start, place + 1);
            }

            // An exception has no result, and a return no exception.
            return asked.Name == nameof(PythonCallHit.Exception) && point.Provider != "pyraise" ? write.Text("")
                : asked.OfResult && point.Provider == "pyraise" ? asked.IsText ? write.Text("") : asked.Name == nameof(Result.Value) ? write.Call(Sonde.Script.Binding.Binder.NoPythonValueFunction) : write.Number(0)
                : asked.Write();
        }
    }
}

/// <summary>What an expression asks of the hit.</summary>
sealed class MemberSearch : ExpressionVisitor
{
    readonly List<HitMember> _found = [];

    /// <summary>Each once or more, in the order of the expression.</summary>
    public static IReadOnlyList<HitMember> In(Expression expression)
    {
        var search = new MemberSearch();
        search.Visit(expression);
        return search._found;
    }

    public override Expression? Visit(Expression? node)
    {
        if (node is not null && HitMember.Of(node) is { } asked && asked.Type != typeof(Result))
        {
            _found.Add(asked);
            return node;
        }

        return base.Visit(node);
    }
}
