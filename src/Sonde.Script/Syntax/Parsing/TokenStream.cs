namespace Sonde.Script.Syntax;

/// <summary>Tokens with as much look-ahead and going back as a parser needs.</summary>
sealed class TokenStream(Preprocessor source)
{
    readonly List<Token> _tokens = [];
    int _next;

    /// <summary>Where macros, constants and definitions of all files are.</summary>
    public PreprocessorState State => source.State;

    /// <summary>The token taken last; before the first one, nothing at the file's start.</summary>
    public Token Previous { get; private set; } = new(TokenKind.EndOfFile, SourceSpan.None);

    /// <summary>The next token.</summary>
    public Token Peek() => PeekAt(0);

    /// <summary>The token after <paramref name="ahead"/> others.</summary>
    public Token PeekAt(int ahead)
    {
        while (_tokens.Count <= _next + ahead)
        {
            _tokens.Add(source.Next());
        }

        return _tokens[_next + ahead];
    }

    /// <summary>Takes the next token; the end of the file stays.</summary>
    public Token Take()
    {
        Token token = Peek();
        if (token.Kind != TokenKind.EndOfFile)
        {
            _next++;
        }

        Previous = token;
        return token;
    }

    public bool TryTake(TokenKind kind)
    {
        if (Peek().Kind != kind)
        {
            return false;
        }

        Take();
        return true;
    }

    public bool TryTake(string identifier)
    {
        if (!Peek().Is(identifier))
        {
            return false;
        }

        Take();
        return true;
    }

    /// <summary>A place to go back to, valid until <see cref="Forget"/>.</summary>
    public (int, Token) Mark() => (_next, Previous);

    public void Reset((int Next, Token Previous) mark) => (_next, Previous) = mark;

    /// <summary>Drops the tokens taken so far.</summary>
    public void Forget()
    {
        _tokens.RemoveRange(0, _next);
        _next = 0;
    }

    /// <summary>The next token; when it is not read yet, it is not expanded.</summary>
    public Token PeekUnexpanded()
    {
        source.Expands = false;
        Token token = Peek();
        source.Expands = true;
        return token;
    }

    /// <summary>The lexer, standing at the start of the next token, which nobody has looked behind; tokens are read on from where it is left.</summary>
    public Lexer Raw()
    {
        Token first = Peek();
        _tokens.Clear();
        _next = 0;
        return source.Raw(first);
    }

    /// <summary>Goes on with the unread tokens from another place of the file.</summary>
    public void Resume(SourceSpan previous) => Previous = new Token(TokenKind.Invalid, previous);
}
