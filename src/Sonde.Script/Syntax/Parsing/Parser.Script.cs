using System.Globalization;

namespace Sonde.Script.Syntax;

/// <summary>What stands at the top of a script.</summary>
sealed partial class Parser
{
    static readonly string[] _itemKeywords = ["config", "import", "macro", "fn", "let", "struct", "union", "enum", "typedef"];

    ConfigBlock? _config;
    readonly List<Import> _imports = [];
    readonly List<MapDeclaration> _maps = [];
    readonly List<Macro> _macros = [];
    readonly List<Subprogram> _subprograms = [];
    readonly List<Probe> _probes = [];

    /// <summary>Reads the whole file. C definitions, which includes add to as well, are in the preprocessor's state.</summary>
    public Script ParseScript(SourceText source)
    {
        while (true)
        {
            _tokens.Forget();
            Token first = _tokens.PeekUnexpanded();
            if (first.Kind == TokenKind.EndOfFile || _diagnostics.IsFull)
            {
                break;
            }

            try
            {
                Item(first);
            }
            catch (SyntaxErrorException e)
            {
                _depth = 0;
                Report(e, first, _itemKeywords);
                SkipItem();
            }
        }

        return new Script(new SourceSpan(source, 0, source.Text.Length))
        {
            Config = _config,
            Imports = _imports,
            Definitions = _tokens.State.Definitions,
            MapDeclarations = _maps,
            Macros = _macros,
            Subprograms = _subprograms,
            Probes = _probes,
        };
    }

    void Item(Token first)
    {
        switch (first.Kind == TokenKind.Identifier ? first.Text : "")
        {
            case "config" when _tokens.PeekAt(1).Kind == TokenKind.Assign:
                Config();
                break;
            case "import":
                Import();
                break;
            case "macro":
                _macros.Add(Macro());
                break;
            case "fn":
                _subprograms.Add(Subprogram());
                break;
            case "let":
                _maps.Add(MapDeclaration());
                break;
            case "struct" or "union" or "enum" or "typedef":
                new CParser(_tokens, _tokens.State.Constants, _tokens.State.Definitions, _diagnostics, isSystem: false).ParseOne();
                break;
            default:
                if (first.Kind == TokenKind.Semicolon)
                {
                    _tokens.Take();
                    break;
                }

                _probes.Add(Probe());
                break;
        }
    }

    void Config()
    {
        Token word = _tokens.Take();
        _tokens.Take();
        Expect(TokenKind.LeftBrace, "{");
        List<ConfigEntry> entries = [];
        while (!TryTake(TokenKind.RightBrace))
        {
            Token name = ExpectName("the name of a config variable");
            Expect(TokenKind.Assign, "=");
            Token value = _tokens.Take();
            bool isNegative = value.Kind == TokenKind.Minus && _tokens.Peek().Kind == TokenKind.Integer;
            SourceSpan valueSpan = value.Span;
            if (isNegative)
            {
                value = _tokens.Take();
                valueSpan = valueSpan.To(value.Span);
            }

            string text = value.Kind switch
            {
                TokenKind.Identifier => value.Text,
                TokenKind.String => ByteText.Decode(value.Text),
                TokenKind.Integer => (isNegative ? "-" : "") + value.Number.ToString(CultureInfo.InvariantCulture),
                _ => throw Fail(value.Kind == TokenKind.Invalid ? value.ErrorSpan : value.Span, value.Error ?? "expected a value"),
            };
            entries.Add(new ConfigEntry(name.Span.To(valueSpan), name.Text, text, value.Kind == TokenKind.String));
            if (_tokens.Peek().Kind != TokenKind.RightBrace)
            {
                Expect(TokenKind.Semicolon, ";");
            }
        }

        if (_config is not null)
        {
            throw Fail(word.Span, "duplicate config block");
        }

        if (_probes.Count > 0 || _subprograms.Count > 0)
        {
            throw Fail(word.Span, "config must appear before probes and functions");
        }

        _config = new ConfigBlock(From(word.Span), entries);
    }

    void Import()
    {
        Token word = _tokens.Take();
        Token path = _tokens.Peek().Kind == TokenKind.String ? _tokens.Take() : throw Fail("expected a string after 'import'");
        Expect(TokenKind.Semicolon, ";");
        _imports.Add(new Import(word.Span.To(path.Span), ByteText.Decode(path.Text)));
    }

    MapDeclaration MapDeclaration()
    {
        Token let = _tokens.Take();
        Token map = _tokens.Peek().Kind == TokenKind.Map ? _tokens.Take() : throw Fail("expected '@' in map declaration");
        Expect(TokenKind.Assign, "=");
        Token kind = ExpectName("map type name");
        Expect(TokenKind.LeftParen, "(");
        Token size = _tokens.Peek();
        if (size.Kind != TokenKind.Integer || size.Number == 0)
        {
            throw Fail("expected positive integer for map declaration max entries");
        }

        _tokens.Take();
        Expect(TokenKind.RightParen, ")");
        TryTake(TokenKind.Semicolon);
        return new MapDeclaration(From(let.Span), map.Text, kind.Text, (ulong)size.Number);
    }

    Macro Macro()
    {
        Token word = _tokens.Take();
        Token name = ExpectName("macro name");
        Expect(TokenKind.LeftParen, "(");
        List<MacroParameter> parameters = [];
        while (!TryTake(TokenKind.RightParen))
        {
            Token parameter = _tokens.Peek();
            MacroParameterKind kind = parameter.Kind switch
            {
                TokenKind.Identifier => MacroParameterKind.Expression,
                TokenKind.Variable => MacroParameterKind.Variable,
                TokenKind.Map => MacroParameterKind.Map,
                _ => throw Fail("expected a macro's parameter: name, $name or @name"),
            };
            _tokens.Take();
            if (parameters.Any(p => p.Name == parameter.Text))
            {
                string what = kind == MacroParameterKind.Expression ? "Ident" : kind.ToString();
                _diagnostics.Error(parameter.Span, $"{what} for macro argument has already been used: {parameter.Text}");
            }

            parameters.Add(new MacroParameter(parameter.Span, kind, parameter.Text));
            if (_tokens.Peek().Kind != TokenKind.RightParen)
            {
                Expect(TokenKind.Comma, ")");
            }
        }

        Body body = BlockBody();
        return new Macro(word.Span.To(name.Span), name.Text, parameters, body.Statements, body.Value);
    }

    Subprogram Subprogram()
    {
        Token word = _tokens.Take();
        Token name = ExpectName("the function's name");
        Expect(TokenKind.LeftParen, "(");
        List<SubprogramParameter> parameters = [];
        while (!TryTake(TokenKind.RightParen))
        {
            Token parameter = _tokens.Peek().Kind == TokenKind.Variable ? _tokens.Take() : throw Fail("expected a parameter such as $x: int64");
            Expect(TokenKind.Colon, ":");
            TypeName type = Type();
            parameters.Add(new SubprogramParameter(parameter.Span.To(type.Span), parameter.Text, type));
            if (_tokens.Peek().Kind != TokenKind.RightParen)
            {
                Expect(TokenKind.Comma, ")");
            }
        }

        SourceSpan span = word.Span.To(name.Span);
        Expect(TokenKind.Colon, ":");
        TypeName returnType = Type();
        return new Subprogram(span, name.Text, parameters, returnType, BlockBody().AsBlock());
    }

    Probe Probe()
    {
        (string? name, List<AttachPoint> points, bool isComplete) = AttachPoints();
        SourceSpan span = points[0].Span.To(points[^1].Span);
        if (!isComplete)
        {
            SkipItem();
            return new Probe(span, name, points, null, new Block(span, []));
        }

        Expression? predicate = null;
        if (TryTake(TokenKind.Slash))
        {
            _inPredicate = true;
            try
            {
                predicate = Expression();
                Expect(TokenKind.Slash, "/", _tokens.Peek().Kind == TokenKind.Assign ? "'==' compares" : null);
            }
            finally
            {
                _inPredicate = false;
            }
        }

        return new Probe(span, name, points, predicate, BlockBody().AsBlock());
    }
}
