namespace Sonde.Script.Syntax;

/// <summary>Tokens of one file after the C preprocessor: directives obeyed, <c>#define</c>d names expanded.</summary>
/// <remarks>
/// An included file is read at once by a preprocessor of its own that shares the state, and gives its C definitions to the state;
/// so the tokens here are always those of the one file and of its macros.
/// </remarks>
sealed partial class Preprocessor
{
    readonly PreprocessorState _state;
    readonly Lexer? _lexer;
    readonly bool _isHeader;
    readonly string _folder;
    readonly bool _isSystem;
    readonly Stack<Replacement> _replacements = new();

    sealed class Replacement(IReadOnlyList<Token> tokens, MacroDefinition? macro)
    {
        public IReadOnlyList<Token> Tokens { get; } = tokens;
        public MacroDefinition? Macro { get; } = macro;
        public int Next { get; set; }
    }

    /// <summary>Reads a script.</summary>
    public Preprocessor(PreprocessorState state, SourceText source, string folder)
        : this(state, source, folder, isHeader: false, isSystem: false)
    {
    }

    Preprocessor(PreprocessorState state, SourceText source, string folder, bool isHeader, bool isSystem)
    {
        _state = state;
        _lexer = new Lexer(source, isHeader);
        _folder = folder;
        _isHeader = isHeader;
        _isSystem = isSystem;
    }

    // Reads tokens that are there already: an argument before it takes its parameter's place.
    Preprocessor(PreprocessorState state, IReadOnlyList<Token> tokens)
    {
        _state = state;
        _folder = "";
        _isHeader = true;
        _replacements.Push(new Replacement(tokens, null));
    }

    /// <summary>Whether macros are expanded; attach points are read without.</summary>
    public bool Expands { get; set; } = true;

    public PreprocessorState State => _state;

    /// <summary>The file's lexer, for text that is not made of tokens: standing at the token read last, or behind the macro that it came from.</summary>
    public Lexer Raw(Token last)
    {
        // A token of an expansion stands elsewhere, before this place perhaps; reading again from there might never end.
        if (_replacements.Count == 0)
        {
            _lexer!.MoveTo(last.Span.Start);
        }

        _replacements.Clear();
        _state.Active.Clear();
        return _lexer!;
    }

    public Token Next()
    {
        while (true)
        {
            Token token = NextUnexpanded();
            if (token.Kind != TokenKind.Identifier || !Expands || token.IsPainted || !_state.Macros.TryGetValue(token.Text, out MacroDefinition? macro))
            {
                return token;
            }

            if (_state.Active.Contains(macro))
            {
                return token with { IsPainted = true };
            }

            if (macro.Parameters is null)
            {
                if (!Replace(token, token.Span, macro, []))
                {
                    return token;
                }

                continue;
            }

            Token next = NextUnexpanded();
            if (next.Kind != TokenKind.LeftParen)
            {
                PushBack(next);
                return token;
            }

            if (Arguments(token, macro, out SourceSpan end) is not { } arguments || !Replace(token, token.Span.To(end), macro, arguments))
            {
                return token with { IsPainted = true };
            }
        }
    }

    Token NextUnexpanded()
    {
        while (_replacements.TryPeek(out Replacement? top))
        {
            if (top.Next < top.Tokens.Count)
            {
                return top.Tokens[top.Next++];
            }

            _replacements.Pop();
            if (top.Macro is not null)
            {
                _state.Active.Remove(top.Macro);
            }
        }

        if (_lexer is null)
        {
            return new Token(TokenKind.EndOfFile, SourceSpan.None);
        }

        while (true)
        {
            Token token = _lexer.Next();
            if (token.Kind == TokenKind.EndOfFile)
            {
                EndConditions();
                return token;
            }

            if (token.Kind != TokenKind.Hash || !token.StartsLine)
            {
                return token;
            }

            Directive(token);
        }
    }

    void PushBack(Token token)
    {
        if (token.Kind != TokenKind.EndOfFile)
        {
            _replacements.Push(new Replacement([token], null));
        }
    }

    void Error(SourceSpan span, string message, string? hint = null)
    {
        if (!_isHeader)
        {
            _state.Diagnostics.Error(span, message, hint);
        }
    }
}
