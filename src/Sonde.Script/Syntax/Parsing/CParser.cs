namespace Sonde.Script.Syntax;

/// <summary>Reads C definitions: types and enum constants. Declarations of variables and functions are passed over.</summary>
/// <param name="tokens">The preprocessed tokens.</param>
/// <param name="constants">Enum constants known so far; new ones are added.</param>
/// <param name="definitions">Where definitions go, inner ones before the outer ones.</param>
/// <param name="errors">Where errors go; null in headers, where what is not understood is skipped.</param>
/// <param name="isSystem">Whether the definitions are a system header's.</param>
sealed partial class CParser(TokenStream tokens, Dictionary<string, long> constants, List<CDefinition> definitions, DiagnosticBag? errors, bool isSystem)
{
    const int DeepestNesting = 64;

    int _depth;

    /// <summary>Reads a whole header.</summary>
    public void ParseFile()
    {
        while (tokens.Peek().Kind != TokenKind.EndOfFile)
        {
            tokens.Forget();
            ParseOne();
        }
    }

    /// <summary>Reads one definition or declaration with its semicolon, if it has one; after an error, up to where the next one seems to start.</summary>
    public void ParseOne()
    {
        int known = definitions.Count;
        try
        {
            if (!tokens.TryTake(TokenKind.Semicolon))
            {
                Declaration();
            }
        }
        catch (SyntaxErrorException e)
        {
            definitions.RemoveRange(known, definitions.Count - known);
            errors?.Add(e.Diagnostic);
            Skip();
        }
    }

    // To the end of this declaration: a semicolon, or the brace that closes a function's body.
    void Skip()
    {
        int depth = _depth;
        _depth = 0;
        while (tokens.Peek().Kind != TokenKind.EndOfFile)
        {
            TokenKind kind = tokens.Take().Kind;
            depth += kind == TokenKind.LeftBrace ? 1 : kind == TokenKind.RightBrace ? -1 : 0;
            if ((kind == TokenKind.Semicolon && depth <= 0) || (kind == TokenKind.RightBrace && depth <= 0))
            {
                tokens.TryTake(TokenKind.Semicolon);
                return;
            }
        }
    }

    void Declaration()
    {
        SourceSpan start = tokens.Peek().Span;
        bool isTypedef = false;
        TypeName type = Specifiers(ref isTypedef, new Attributes());
        if (!isTypedef && type.Name.Length == 0 && type.Definition is CEnum anonymous)
        {
            // The constants of a nameless enum are known by their own names.
            definitions.Add(anonymous);
        }

        if (isTypedef && tokens.Peek().Kind == TokenKind.Semicolon)
        {
            throw Fail(tokens.Peek(), "expected the name of the typedef");
        }

        while (tokens.Peek().Kind is not (TokenKind.Semicolon or TokenKind.EndOfFile))
        {
            bool endsWithBrace = tokens.Previous.Kind == TokenKind.RightBrace;
            if (endsWithBrace && !isTypedef && type.Keyword != TypeKeyword.None && !StartsDeclarator(tokens.Peek()))
            {
                // "struct a { … }" without a semicolon is usual in scripts.
                return;
            }

            (string name, TypeName declared, SourceSpan nameSpan) = Declarator(type);
            if (isTypedef)
            {
                if (name.Length == 0)
                {
                    throw Fail(tokens.Peek(), "expected the name of the typedef");
                }

                definitions.Add(new CTypedef(start.To(nameSpan), name, declared) { IsSystem = isSystem });
            }

            AttributesHere(new Attributes());
            if (tokens.Peek().Kind == TokenKind.LeftBrace && errors is null)
            {
                Skip();
                return;
            }

            if (tokens.Peek().Kind == TokenKind.Assign && errors is null)
            {
                Skip();
                return;
            }

            if (!tokens.TryTake(TokenKind.Comma))
            {
                break;
            }
        }

        if (errors is null || !tokens.Previous.Span.Text.EndsWith('}'))
        {
            Expect(TokenKind.Semicolon, ";");
        }
        else
        {
            tokens.TryTake(TokenKind.Semicolon);
        }
    }

    // After "struct a { … }" in a script the next thing may be a probe; only a C declarator on the same line goes on.
    bool StartsDeclarator(Token token) =>
        errors is null || token.Kind == TokenKind.Star || token.Is("__attribute__")
        || (token.Kind == TokenKind.Identifier && !token.StartsLine && tokens.PeekAt(1).Kind is TokenKind.Semicolon or TokenKind.Comma or TokenKind.LeftBracket);

    void Expect(TokenKind kind, string text)
    {
        if (!tokens.TryTake(kind))
        {
            throw Fail(tokens.Peek(), $"expected '{text}'");
        }
    }

    static SyntaxErrorException Fail(Token token, string message) => token.Kind == TokenKind.Invalid
        ? Fail(token.ErrorSpan, token.Error!)
        : Fail(token.Span, message);

    static SyntaxErrorException Fail(SourceSpan span, string message) => new(new Diagnostic(Severity.Error, span, "syntax: " + message));
}
