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
        var texts = new Dictionary<string, Tree>();
        var expressions = new KernelExpression(asked => texts.GetValueOrDefault(asked.Text) ?? member(asked));
        foreach (var condition in conditions)
        {
            foreach (var asked in MemberSearch.In(condition).Where(asked => asked.IsText && !texts.ContainsKey(asked.Text)))
            {
                var write = new SyntaxWriter(asked.Text);
                var variable = write.Variable(string.Create(CultureInfo.InvariantCulture, $"$text{texts.Count}"));
                statements.Add(write.Set(variable, member(asked)));
                texts.Add(asked.Text, variable);
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
/// depth, since calls of a thread end in the reverse order. Conditions on arguments are asked at the beginning.
/// </summary>
sealed record CallPair(SyntaxWriter Name, AttachPoint Entry, IReadOnlyList<AttachPoint> Exits, bool IsPython) : EventSource(Name)
{
    const string Starts = "@start";
    const string Depths = "@depth";
    const string Start = "$start";
    const string Depth = "$depth";

    public override Sonde.Script.Syntax.Script Write(IReadOnlyList<Expression> conditions, IReadOnlyList<Expression> values, Func<IReadOnlyList<Tree>, Statement> action)
    {
        List<Expression> atEntry = [.. conditions.Where(static condition => MemberSearch.In(condition).All(static asked => !asked.IsOfExit))];
        List<Expression> atExit = [.. conditions.Except(atEntry)];
        // The time comes first: it is always kept, and no text.
        List<HitMember> kept = [.. atExit.Concat(values).SelectMany(MemberSearch.In).Where(static asked => asked.IsOfEntry && asked.Name != nameof(Hit.Time)).DistinctBy(static asked => asked.Text)];
        return new(Name.Span)
        {
            Probes =
            [
                .. Exits.Select(point => Name.Probe(point, AtExit(point, kept, atExit, values, action))),
                Name.Probe(Entry, AtEntry(atEntry, kept)),
            ],
        };
    }

    Tree[] Key => IsPython ? [Name.Name("pid"), Name.Name("pyframe")] : [Name.Name("tid"), Name.Variable(Depth)];

    List<Statement> AtEntry(List<Expression> conditions, List<HitMember> kept)
    {
        var keep = new TupleLiteral(Name.Span, [Name.Name("nsecs"), .. kept.Select(static asked => asked.Write())]);
        var body = Nested(conditions, [], _ => Name.Set(Name.Map(Starts, Key), keep), static asked => asked.Write());
        if (!IsPython)
        {
            var depth = Name.Map(Depths, Name.Name("tid"));
            body.InsertRange(0, [Name.Do(Name.Unary(UnaryOperator.PostIncrement, depth)), Name.Set(Name.Variable(Depth), depth)]);
        }

        return body;
    }

    List<Statement> AtExit(AttachPoint point, List<HitMember> kept, List<Expression> conditions, IReadOnlyList<Expression> values, Func<IReadOnlyList<Tree>, Statement> action)
    {
        var start = Name.Variable(Start);
        var key = Key;
        List<Statement> body =
        [
            Name.When(Name.Call("has_key", Name.Map(Starts), new TupleLiteral(Name.Span, key)),
            [
                Name.Set(start, Name.Map(Starts, key)),
                Name.Do(Name.Call("delete", Name.Map(Starts), new TupleLiteral(Name.Span, key))),
                .. Nested(conditions, values, action, Known),
            ]),
        ];
        if (IsPython)
        {
            return body;
        }

        var depth = Name.Map(Depths, Name.Name("tid"));
        return
        [
            Name.Set(Name.Variable(Depth), depth),
            Name.When(Name.Binary(BinaryOperator.Greater, Name.Variable(Depth), Name.Number(0)),
            [
                .. body,
                new If(Name.Span, Name.Binary(BinaryOperator.Greater, Name.Variable(Depth), Name.Number(1)),
                    new Block(Name.Span, [Name.Do(Name.Unary(UnaryOperator.PostDecrement, depth))]),
                    new Block(Name.Span, [Name.Do(Name.Call("delete", Name.Map(Depths), Name.Name("tid")))])),
            ]),
        ];

        Tree Known(HitMember asked)
        {
            var write = new SyntaxWriter(asked.Text);
            if (asked.Name is HitMember.Duration or nameof(Hit.Time) && !asked.OfResult)
            {
                var began = write.Element(start, 0);
                return write.Cast(8, true, asked.Name == nameof(Hit.Time) ? began : write.Binary(BinaryOperator.Subtract, write.Name("nsecs"), began));
            }

            if (kept.FindIndex(one => one.Text == asked.Text) is >= 0 and var place)
            {
                return write.Element(start, place + 1);
            }

            // An exception has no result, and a return no exception.
            return asked.Name == nameof(PythonCallHit.Exception) && point.Provider != "pyraise" ? write.Text("")
                : asked.OfResult && point.Provider == "pyraise" ? asked.IsText ? write.Text("") : write.Number(0)
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
