namespace Sonde.Script.Syntax;

/// <summary>Reads one script file: a recursive-descent parser over preprocessed tokens.</summary>
/// <remarks>After an error it goes on with the next statement or the next probe, so one pass reports all mistakes.</remarks>
sealed partial class Parser
{
    // The parser itself needs some 2 kB of stack for a level.
    const int DeepestNesting = 200;

    readonly TokenStream _tokens;
    readonly DiagnosticBag _diagnostics;
    readonly ScriptArguments _arguments;
    int _depth;

    public Parser(Preprocessor source)
    {
        _tokens = new TokenStream(source);
        _diagnostics = source.State.Diagnostics;
        _arguments = source.State.Options.Arguments;
    }

    /// <summary>Takes the next token when it is of a kind.</summary>
    bool TryTake(TokenKind kind) => _tokens.TryTake(kind);

    Token Expect(TokenKind kind, string text, string? hint = null) => _tokens.Peek().Kind == kind ? _tokens.Take() : throw Fail($"expected '{text}'", hint);

    Token ExpectName(string what) => _tokens.Peek().Kind == TokenKind.Identifier ? _tokens.Take() : throw Fail($"expected {what}");

    /// <summary>An error at the next token.</summary>
    SyntaxErrorException Fail(string message, string? hint = null)
    {
        Token token = _tokens.Peek();
        return token.Kind == TokenKind.Invalid ? Fail(token.ErrorSpan, token.Error!) : Fail(token.Span, message, hint);
    }

    static SyntaxErrorException Fail(SourceSpan span, string message, string? hint = null) => new(new Diagnostic(Severity.Error, span, "syntax: " + message, hint));

    /// <summary>From a token to the one taken last.</summary>
    SourceSpan From(SourceSpan start) => start.To(_tokens.Previous.Span);

    void Enter()
    {
        if (++_depth > DeepestNesting)
        {
            throw Fail($"nested more than {DeepestNesting} deep");
        }
    }

    void Leave() => _depth--;

    // Reports an error; when the construct's first word is close to a keyword, says so.
    void Report(SyntaxErrorException error, Token first, IEnumerable<string> keywords)
    {
        Diagnostic diagnostic = error.Diagnostic;
        bool isName = first.Kind == TokenKind.Identifier && !_reserved.Contains(first.Text);
        _diagnostics.Add(diagnostic with { Hint = diagnostic.Hint ?? (isName ? Suggest.Hint(first.Text, keywords) : null) });
    }

    // To the end of the statement: behind its semicolon, or before the brace that closes the block around.
    void SkipStatement()
    {
        int depth = 0;
        while (_tokens.Peek().Kind != TokenKind.EndOfFile)
        {
            TokenKind kind = _tokens.Peek().Kind;
            if (kind == TokenKind.RightBrace && depth == 0)
            {
                return;
            }

            _tokens.Take();
            depth += kind == TokenKind.LeftBrace ? 1 : kind == TokenKind.RightBrace ? -1 : 0;
            if (depth == 0 && kind is TokenKind.Semicolon or TokenKind.RightBrace)
            {
                return;
            }
        }
    }

    // Behind the brace that closes the probe, macro or definition.
    void SkipItem()
    {
        int depth = 0;
        while (_tokens.Peek().Kind != TokenKind.EndOfFile)
        {
            TokenKind kind = _tokens.Take().Kind;
            depth += kind == TokenKind.LeftBrace ? 1 : kind == TokenKind.RightBrace ? -1 : 0;
            if (depth <= 0 && kind is TokenKind.Semicolon or TokenKind.RightBrace)
            {
                return;
            }
        }
    }
}
