namespace Sonde.Script.Syntax;

/// <summary>Puts the values of the command line's named parameters in the places of <c>getopt</c>, and collects which ones a script has.</summary>
sealed class OptionResolver(ScriptArguments arguments, DiagnosticBag diagnostics) : TreeRewriter(diagnostics)
{
    readonly List<ScriptOption> _options = [];

    /// <summary>The script with literals for calls of <c>getopt</c>.</summary>
    public static Script Resolve(Script script, ScriptArguments arguments, DiagnosticBag diagnostics)
    {
        OptionResolver resolver = new(arguments, diagnostics);
        List<Probe> probes = [];
        foreach (Probe probe in script.Probes)
        {
            Expression? predicate = probe.Predicate is null ? null : resolver.Rewrite(probe.Predicate);
            probes.Add(new Probe(probe.Span, probe.Name, probe.AttachPoints, predicate, resolver.Rewrite(probe.Body)));
        }

        List<Subprogram> subprograms = [];
        foreach (Subprogram function in script.Subprograms)
        {
            subprograms.Add(new Subprogram(function.Span, function.Name, function.Parameters, function.ReturnType, resolver.Rewrite(function.Body)));
        }

        resolver.CheckNames();
        return new Script(script)
        {
            Subprograms = subprograms,
            Probes = probes,
            Options = resolver._options,
        };
    }

    void CheckNames()
    {
        List<string> unknown = [.. arguments.Named.Keys.Where(n => n != "help" && !_options.Exists(o => o.Name == n)).Order(StringComparer.Ordinal)];
        if (unknown.Count > 0)
        {
            string known = _options.Count == 0 ? "none" : string.Join(", ", _options.Select(o => "--" + o.Name));
            Diagnostics.Error(SourceSpan.None, $"unexpected program command line options: {string.Join(", ", unknown.Select(n => "--" + n))}", $"expected program options: {known}");
        }
    }

    protected override Expression RewriteExpression(Expression expression) =>
        expression is Call { Name: "getopt", Arguments.Count: >= 1 and <= 3 } call ? Option(call) : base.RewriteExpression(expression);

    Expression Option(Call call)
    {
        IReadOnlyList<Expression> given = call.Arguments;
        if (given[0] is not StringLiteral name)
        {
            Diagnostics.Error(given[0].Span, "First argument to 'getopt' must be a string literal.");
            return base.RewriteExpression(call);
        }

        Expression standard = given.Count > 1 ? given[1] : new BoolLiteral(call.Span, false);
        if (standard is not (IntegerLiteral or StringLiteral or BoolLiteral))
        {
            Diagnostics.Error(standard.Span, "Second argument to 'getopt' must be a string literal, integer literal, or a boolean literal.");
            return base.RewriteExpression(call);
        }

        if (given.Count > 2 && given[2] is not StringLiteral)
        {
            Diagnostics.Error(given[2].Span, "Third argument to 'getopt' must be a string literal.");
            return base.RewriteExpression(call);
        }

        ScriptOption option = new(ByteText.Decode(name.Bytes), standard, given.Count > 2 ? ByteText.Decode(((StringLiteral)given[2]).Bytes) : null);
        int known = _options.FindIndex(o => o.Name == option.Name);
        if (known < 0)
        {
            _options.Add(option);
        }
        else if (!IsSame(_options[known].Default, standard))
        {
            Diagnostics.Error(call.Span, $"Command line option '{option.Name}' needs to have the same default value in all places it is used. Previous default value: {_options[known].Default.Span.Text}");
        }
        else if (_options[known].Help is null)
        {
            _options[known] = option;
        }

        return arguments.Named.TryGetValue(option.Name, out string? value) ? Given(call.Span, option, value) : Rewrite(standard);
    }

    static bool IsSame(Expression a, Expression b) => (a, b) switch
    {
        (IntegerLiteral x, IntegerLiteral y) => x.Value == y.Value,
        (StringLiteral x, StringLiteral y) => x.Bytes == y.Bytes,
        (BoolLiteral x, BoolLiteral y) => x.Value == y.Value,
        _ => false,
    };

    Expression Given(SourceSpan span, ScriptOption option, string? value)
    {
        switch (option.Default)
        {
            case StringLiteral when value is not null:
                return new StringLiteral(span, ByteText.Encode(value));
            case IntegerLiteral when value is not null && Lexer.ReadNumber(value) is Int128 number:
                return new IntegerLiteral(span, number);
            case BoolLiteral when value is null or "true" or "1":
                return new BoolLiteral(span, true);
            case BoolLiteral when value is "false" or "0":
                return new BoolLiteral(span, false);
        }

        string wanted = option.Default switch
        {
            StringLiteral => "expects a string",
            IntegerLiteral => value is null ? "expects an integer" : "invalid integer",
            _ => "expects a boolean (e.g. 'true')",
        };
        Diagnostics.Error(SourceSpan.None, $"program command line option --{option.Name} {wanted} (value: {value})");
        return option.Default;
    }
}
