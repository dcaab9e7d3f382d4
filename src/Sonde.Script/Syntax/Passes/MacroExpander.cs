using System.Globalization;

namespace Sonde.Script.Syntax;

/// <summary>Puts the bodies of macros in the places of their uses.</summary>
/// <remarks>
/// Hygienic: a body sees only what it is given; its own variables get names that no script can write, and maps must be parameters.
/// An argument is expanded where it stands, and copied for every use of its parameter.
/// </remarks>
sealed class MacroExpander : TreeRewriter
{
    readonly MacroTable _macros;
    readonly Stack<Frame> _frames = new();
    int _expansions;

    // One macro being expanded.
    sealed record Frame(Macro Macro, Dictionary<string, Expression> Arguments, Expansion Expansion, string Suffix);

    MacroExpander(MacroTable macros, DiagnosticBag diagnostics)
        : base(diagnostics)
    {
        _macros = macros;
    }

    /// <summary>The probes and functions without uses of macros.</summary>
    public static Script Expand(Script script, MacroTable macros, DiagnosticBag diagnostics)
    {
        List<Probe> probes = [];
        foreach (Probe probe in script.Probes)
        {
            MacroExpander expander = new(macros, diagnostics);
            Expression? predicate = probe.Predicate is null ? null : expander.Rewrite(probe.Predicate);
            probes.Add(new Probe(probe.Span, probe.Name, probe.AttachPoints, predicate, expander.Rewrite(probe.Body)));
        }

        List<Subprogram> subprograms = [];
        foreach (Subprogram function in script.Subprograms)
        {
            MacroExpander expander = new(macros, diagnostics);
            subprograms.Add(new Subprogram(function.Span, function.Name, function.Parameters, function.ReturnType, expander.Rewrite(function.Body)));
        }

        return new Script(script)
        {
            Subprograms = subprograms,
            Probes = probes,
        };
    }

    Frame? Current => _frames.TryPeek(out Frame? frame) ? frame : null;

    protected override SourceSpan Place(SourceSpan span) => Current is Frame frame ? Placed(span, frame.Expansion) : span;

    static SourceSpan Placed(SourceSpan span, Expansion expansion) =>
        span with { Expansion = span.Expansion is null ? expansion : new Expansion(Placed(span.Expansion.Site, expansion)) };

    protected override string VariableName(string name) => Current switch
    {
        null => name,
        Frame frame => frame.Arguments.TryGetValue(name, out Expression? argument) && argument is Variable variable ? variable.Name : name + frame.Suffix,
    };

    protected override MapAccess Map(MapAccess map)
    {
        if (Current is not Frame frame)
        {
            return base.Map(map);
        }

        SourceSpan span = Place(map.Span);
        if (frame.Arguments.TryGetValue(map.Name, out Expression? argument) && argument is MapAccess given)
        {
            return new MapAccess(span, given.Name, Rewrite(map.Keys));
        }

        // The name alone is what is wrong, not its keys.
        SourceSpan name = Place(map.Span with { End = Math.Min(map.Span.End, map.Span.Start + map.Name.Length) });
        Diagnostics.Error(name, $"Unhygienic access to map: {map.Name}. Maps must be passed into the macro as arguments.");
        return new MapAccess(span, map.Name, Rewrite(map.Keys));
    }

    protected override IReadOnlyList<string> MemberPath(IReadOnlyList<string> path)
    {
        if (Current is not Frame frame)
        {
            return path;
        }

        List<string> result = [];
        foreach (string name in path)
        {
            if (frame.Arguments.TryGetValue(name, out Expression? argument) && PathOf(argument) is { } members)
            {
                result.AddRange(members);
            }
            else
            {
                result.Add(name);
            }
        }

        return result;
    }

    static List<string>? PathOf(Expression expression) => expression switch
    {
        Identifier name => [name.Name],
        Member member when PathOf(member.Operand) is { } before => [.. before, member.Name],
        _ => null,
    };

    public override TypeName Rewrite(TypeName type)
    {
        bool isParameter = type.Keyword == TypeKeyword.None && type.TypeOf is null;
        return isParameter && Current is Frame frame && frame.Arguments.TryGetValue(type.Name, out Expression? argument) && argument is TypeExpression { Type: var given }
            ? WithSuffixes(Place(type.Span), given, type.Suffixes)
            : base.Rewrite(type);
    }

    protected override Expression RewriteExpression(Expression expression)
    {
        switch (expression)
        {
            case Identifier name when Current is Frame frame && frame.Arguments.TryGetValue(name.Name, out Expression? argument):
                return Copied(argument);
            case Identifier name when _macros.Has(name.Name):
                return Expand(name, name.Name, []) is Use use ? Value(use) : base.RewriteExpression(expression);
            case Call call when _macros.Has(call.Name):
                return Expand(call, call.Name, Rewrite(call.Arguments)) is Use called ? Value(called) : base.RewriteExpression(expression);
            default:
                return base.RewriteExpression(expression);
        }
    }

    protected override Statement RewriteStatement(Statement statement)
    {
        switch (statement)
        {
            case ExpressionStatement { Expression: Identifier name } when Current?.Arguments.ContainsKey(name.Name) != true && _macros.Has(name.Name):
                return Expand(name, name.Name, []) is Use use ? Statements(use) : base.RewriteStatement(statement);
            case ExpressionStatement { Expression: Call call } when _macros.Has(call.Name):
                return Expand(call, call.Name, Rewrite(call.Arguments)) is Use called ? Statements(called) : base.RewriteStatement(statement);
            case Let let when Current?.Arguments.ContainsKey(let.Variable.Name) == true:
                Diagnostics.Error(Place(let.Span with { End = let.Variable.Span.End }), $"Variable declaration shadows macro arg {let.Variable.Name}");
                return base.RewriteStatement(statement);
            default:
                return base.RewriteStatement(statement);
        }
    }

    // The argument is the caller's already: it is copied as it is.
    Expression Copied(Expression argument)
    {
        Stack<Frame> frames = new(_frames.Reverse());
        _frames.Clear();
        Expression copy = base.RewriteExpression(argument);
        foreach (Frame frame in frames.Reverse())
        {
            _frames.Push(frame);
        }

        return copy;
    }

    sealed record Use(Macro Macro, SourceSpan Site, Frame Frame);

    Use? Expand(Expression use, string name, IReadOnlyList<Expression> arguments)
    {
        SourceSpan site = Place(use.Span);
        if (IsOverflowing || _macros.Select(name, arguments, site, Diagnostics) is not Macro macro)
        {
            return null;
        }

        if (_frames.Any(f => f.Macro == macro))
        {
            IEnumerable<string> chain = _frames.Reverse().SkipWhile(f => f.Macro != macro).Select(f => f.Macro.Name);
            Diagnostics.Error(site, $"Recursive macro call detected. Call chain: {string.Join(" > ", chain)} > {name}");
            return null;
        }

        Dictionary<string, Expression> given = [];
        for (int i = 0; i < arguments.Count; i++)
        {
            given[macro.Parameters[i].Name] = arguments[i];
        }

        string suffix = Variable.HygieneMark + (++_expansions).ToString(CultureInfo.InvariantCulture);
        return new Use(macro, site, new Frame(macro, given, new Expansion(site), suffix));
    }

    Expression Value(Use use)
    {
        if (use.Macro.Value is null)
        {
            Diagnostics.Error(use.Site, $"Macro '{use.Macro.Name}' has no value", "remove the semicolon after the last expression of its body");
            return new IntegerLiteral(use.Site, 0);
        }

        _frames.Push(use.Frame);
        IReadOnlyList<Statement> statements = Rewrite(use.Macro.Statements);
        Expression value = Rewrite(use.Macro.Value);
        _frames.Pop();
        return statements.Count == 0 ? value : new BlockExpression(use.Site, statements, value);
    }

    Statement Statements(Use use)
    {
        _frames.Push(use.Frame);
        List<Statement> statements = [.. Rewrite(use.Macro.Statements)];
        if (use.Macro.Value is not null)
        {
            statements.Add(Rewrite(Parser.AsStatement(use.Macro.Value)));
        }

        _frames.Pop();
        return statements is [ExpressionStatement only] ? only : new Block(use.Site, statements);
    }
}
