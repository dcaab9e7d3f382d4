namespace Sonde.Script.Syntax;

/// <summary><c>#define</c>, <c>#if</c> and the others, except <c>#include</c>.</summary>
sealed partial class Preprocessor
{
    readonly Stack<Condition> _conditions = new();

    sealed class Condition(SourceSpan span)
    {
        public SourceSpan Span { get; } = span;

        /// <summary>Whether a branch was taken already.</summary>
        public bool IsTaken { get; set; }
        public bool SawElse { get; set; }
    }

    void Directive(Token hash)
    {
        Token name = _lexer!.Next();
        if (name.StartsLine || name.Kind == TokenKind.EndOfFile)
        {
            _lexer.MoveTo(name.Span.Start);
            return;
        }

        if (name.Kind == TokenKind.Exclamation && hash.Span.Start == 0)
        {
            SkipLine();
            return;
        }

        SourceSpan span = hash.Span.To(name.Span);
        switch (name.Text)
        {
            case "define":
                Define(span, _lexer.RestOfLine());
                break;
            case "undef":
                if (OnlyName(span, _lexer.RestOfLine()) is Token undefined)
                {
                    _state.Macros.Remove(undefined.Text);
                }

                break;
            case "include" or "include_next" or "import":
                Include(span);
                break;
            case "if":
                Begin(span, IsTrue(span, _lexer.RestOfLine()));
                break;
            case "ifdef":
                Begin(span, OnlyName(span, _lexer.RestOfLine()) is Token defined && _state.Macros.ContainsKey(defined.Text));
                break;
            case "ifndef":
                Begin(span, OnlyName(span, _lexer.RestOfLine()) is Token missing && !_state.Macros.ContainsKey(missing.Text));
                break;
            case "elif" or "else" or "endif":
                // Reached from a branch that was taken: the rest is not.
                NextBranch(span, name.Text, mayTake: false);
                break;
            case "error":
                Error(span, "#error " + LineText());
                break;
            case "pragma" or "warning" or "ident" or "line":
                SkipLine();
                break;
            default:
                SkipLine();
                Error(span, $"unknown preprocessor directive '#{name.Text}'", Suggest.Hint(name.Text, _directives, "#"));
                break;
        }
    }

    static readonly string[] _directives = ["define", "undef", "include", "if", "ifdef", "ifndef", "elif", "else", "endif", "error", "pragma"];

    void SkipLine() => _lexer!.RestOfLine();

    string LineText()
    {
        List<Token> tokens = _lexer!.RestOfLine();
        return tokens.Count == 0 ? "" : tokens[0].Span.To(tokens[^1].Span).Text;
    }

    void Define(SourceSpan span, List<Token> line)
    {
        if (line.Count == 0 || line[0].Kind != TokenKind.Identifier)
        {
            Error(line.Count == 0 ? span : line[0].Span, "expected the name of the macro after '#define'");
            return;
        }

        string name = line[0].Text;
        List<string>? parameters = null;
        bool isVariadic = false;
        int next = 1;
        if (line.Count > 1 && line[1].Kind == TokenKind.LeftParen && !line[1].HasSpaceBefore)
        {
            parameters = [];
            next = 2;
            while (next < line.Count && line[next].Kind != TokenKind.RightParen)
            {
                switch (line[next].Kind)
                {
                    case TokenKind.Identifier:
                        parameters.Add(line[next].Text);
                        break;
                    case TokenKind.Ellipsis:
                        isVariadic = true;
                        break;
                    case TokenKind.Comma:
                        break;
                    default:
                        Error(line[next].Span, $"expected the name of a parameter of the macro '{name}'");
                        return;
                }

                next++;
            }

            if (next == line.Count)
            {
                Error(line[1].Span, $"the parameters of the macro '{name}' do not end");
                return;
            }

            next++;
        }

        _state.Macros[name] = new MacroDefinition(name, parameters, isVariadic, line[next..]);
    }

    Token? OnlyName(SourceSpan span, List<Token> line)
    {
        if (line.Count > 0 && line[0].Kind == TokenKind.Identifier)
        {
            return line[0];
        }

        Error(span, "expected the name of a macro");
        return null;
    }

    void Begin(SourceSpan span, bool isTrue)
    {
        _conditions.Push(new Condition(span) { IsTaken = isTrue });
        if (!isTrue)
        {
            SkipBranch();
        }
    }

    // Reads on from a false #if to the branch that counts; nested conditions are skipped whole.
    void SkipBranch()
    {
        int nested = 0;
        while (true)
        {
            Token hash = _lexer!.SkipToDirective();
            if (hash.Kind == TokenKind.EndOfFile)
            {
                return;
            }

            Token name = _lexer.Next();
            if (name.StartsLine || name.Kind == TokenKind.EndOfFile)
            {
                _lexer.MoveTo(name.Span.Start);
            }
            else if (name.Text is "if" or "ifdef" or "ifndef")
            {
                nested++;
            }
            else if (name.Text == "endif" && nested > 0)
            {
                nested--;
            }
            else if (nested == 0 && name.Text is "elif" or "else" or "endif" && NextBranch(hash.Span.To(name.Span), name.Text, mayTake: true))
            {
                return;
            }
        }
    }

    // True when reading goes on after this directive.
    bool NextBranch(SourceSpan span, string name, bool mayTake)
    {
        if (!_conditions.TryPeek(out Condition? condition))
        {
            SkipLine();
            Error(span, $"#{name} without #if");
            return true;
        }

        if (name == "endif")
        {
            SkipLine();
            _conditions.Pop();
            return true;
        }

        if (condition.SawElse)
        {
            Error(span, $"#{name} after #else");
        }

        condition.SawElse |= name == "else";
        List<Token> line = _lexer!.RestOfLine();
        if (mayTake && !condition.IsTaken && (name == "else" || IsTrue(span, line)))
        {
            condition.IsTaken = true;
            return true;
        }

        if (!mayTake)
        {
            SkipBranch();
        }

        return false;
    }

    void EndConditions()
    {
        while (_conditions.TryPop(out Condition? open))
        {
            Error(open.Span, "this condition has no #endif");
        }
    }

    bool IsTrue(SourceSpan span, List<Token> line)
    {
        // "defined X" and "__has_include(X)" are answered before names are expanded.
        List<Token> tokens = [];
        for (int i = 0; i < line.Count; i++)
        {
            bool isDefined = line[i].Is("defined");
            if (!isDefined && !line[i].Is("__has_include"))
            {
                tokens.Add(line[i]);
                continue;
            }

            bool answer = false;
            if (i + 1 < line.Count && line[i + 1].Kind == TokenKind.LeftParen)
            {
                int close = line.FindIndex(i, t => t.Kind == TokenKind.RightParen);
                if (close < 0)
                {
                    Error(span, "expected ')' in the condition");
                    return false;
                }

                answer = isDefined && close == i + 3 && _state.Macros.ContainsKey(line[i + 2].Text);
                i = close;
            }
            else if (i + 1 < line.Count)
            {
                answer = isDefined && _state.Macros.ContainsKey(line[i + 1].Text);
                i++;
            }

            tokens.Add(new Token(TokenKind.Integer, span) { Text = answer ? "1" : "0", Number = answer ? 1 : 0 });
        }

        ConstantExpression expression = new(Expanded(tokens, span), _state.Constants, undefinedIsZero: true);
        if (expression.Evaluate() is long value && expression.IsAtEnd)
        {
            return value != 0;
        }

        Error(span, "the condition is not a constant expression");
        return false;
    }
}
