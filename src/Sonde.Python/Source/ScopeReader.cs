using System.Text;

namespace Sonde.Python.Source;

/// <summary>Reads the scopes out of a source file: a token at a time, with explicit stacks for blocks, brackets and lambdas.</summary>
/// <remarks>
/// What belongs to which scope (Python/compile.c and Python/symtable.c, 3.6 to 3.10): decorators, defaults, annotations and base classes
/// belong to the scope around a definition; of a comprehension all but the first iterable belongs to the comprehension.
/// Only after its first element shows <c>for</c> that brackets are a comprehension, so every pair is a node until it closes.
/// </remarks>
ref struct ScopeReader
{
    // CPython allows 100 levels of indentation and 200 of brackets (Parser/tokenizer.c, MAXINDENT, MAXLEVEL); what has more is no Python.
    const int MaximumNesting = 200;

    // Strings in f-strings in strings: each level needs another kind of quote, and a format may hold fields once.
    const int MaximumFormatNesting = 8;

    const int MaximumNodes = 400_000;

    readonly Encoding _encoding;
    readonly bool _comprehensionsBeginInside;
    readonly Stack<Block> _blocks = [];
    readonly Stack<int> _openRanges = [];
    readonly List<Frame> _frames = [];
    readonly List<Lambda> _lambdas = [];

    SourceTokenizer _tokens;
    int _scope;
    int _lastLine;
    int _lambdaBase;
    int _decoratorLine;
    int _formatNesting;
    bool _atStatementStart = true;
    bool _afterDecoratorSign;
    bool _inGlobal;
    bool _givenUp;
    ScopeKind _header;
    int _headerLine;
    int _headerScope;

    public ScopeReader(ReadOnlySpan<byte> source, Encoding encoding, bool comprehensionsBeginInside)
    {
        if (source.StartsWith("\ufeff"u8))
        {
            source = source["\ufeff"u8.Length..];
        }

        _encoding = encoding;
        _comprehensionsBeginInside = comprehensionsBeginInside;
        _tokens = new SourceTokenizer(source);
    }

    public ScopeTree Tree { get; } = new();

    public Dictionary<(int Line, string Name), int> Index { get; } = [];

    public List<ScopeRange> Ranges { get; } = [];

    /// <summary>A class or function whose body is indented deeper than its header.</summary>
    readonly record struct Block(int HeaderColumn, int Scope);

    /// <summary>How far a pair of brackets is a comprehension.</summary>
    enum Stage : byte
    {
        NoComprehension,
        FirstTarget,
        FirstIterable,
        Rest,
    }

    record struct Frame(byte Open, int Node, int OuterScope, int OuterLambdaBase, int Line, bool HasColon, Stage Stage);

    record struct Lambda(int Node, int OuterScope, bool InBody);

    public void Run()
    {
        while (!_givenUp && _tokens.Next(_frames.Count > 0) is { Kind: not SourceTokenKind.End } token)
        {
            if (_atStatementStart && _frames.Count == 0 && token.Kind != SourceTokenKind.Newline)
            {
                BeginLine(token);
            }

            Take(token);
            _lastLine = token.Line;
        }

        while (_blocks.Count > 0)
        {
            EndBlock();
        }
    }

    void BeginLine(in SourceToken token)
    {
        _atStatementStart = false;
        while (_blocks.TryPeek(out var block) && block.HeaderColumn >= _tokens.Column)
        {
            EndBlock();
        }

        _scope = _blocks.TryPeek(out var around) ? around.Scope : 0;
        if (token.Kind == SourceTokenKind.At)
        {
            _afterDecoratorSign = _decoratorLine == 0;
        }
        else if (_decoratorLine > 0 && !(token.Kind == SourceTokenKind.Name && _tokens.Text(token) is var text
            && (text.SequenceEqual("def"u8) || text.SequenceEqual("class"u8) || text.SequenceEqual("async"u8))))
        {
            _decoratorLine = 0;
        }
    }

    void EndBlock()
    {
        _blocks.Pop();
        int range = _openRanges.Pop();
        Ranges[range] = Ranges[range] with { LastLine = Math.Max(Ranges[range].FirstLine, _lastLine) };
    }

    void Take(in SourceToken token)
    {
        if (_afterDecoratorSign && token.Kind != SourceTokenKind.At)
        {
            _afterDecoratorSign = false;
            _decoratorLine = token.Line;
        }

        if (_comprehensionsBeginInside && _frames.Count > 0 && _frames[^1] is { Line: 0 } frame)
        {
            _frames[^1] = frame with { Line = token.Line };
        }

        switch (token.Kind)
        {
            case SourceTokenKind.Newline:
                EndLambdas();
                _header = ScopeKind.Module;
                _inGlobal = false;
                _atStatementStart = true;
                break;
            case SourceTokenKind.Semicolon:
                EndLambdas();
                _inGlobal = false;
                break;
            case SourceTokenKind.Comma:
                EndLambdaBodies();
                break;
            case SourceTokenKind.Colon:
                TakeColon();
                break;
            case SourceTokenKind.Open:
                Open(_tokens.Text(token)[0], token.Line);
                break;
            case SourceTokenKind.Close:
                if (_frames.Count > 0)
                {
                    Close();
                }

                break;
            case SourceTokenKind.String:
                TakeString(token);
                break;
            case SourceTokenKind.Name:
                TakeName(token);
                break;
        }
    }

    void TakeName(in SourceToken token)
    {
        var text = _tokens.Text(token);
        if (_header != ScopeKind.Module && _headerScope == 0)
        {
            NameHeader(_encoding.GetString(text));
        }
        else if (_inGlobal)
        {
            Tree.AddGlobal(_scope, _encoding.GetString(text));
        }
        else if (text.SequenceEqual("lambda"u8))
        {
            BeginLambda(token.Line);
        }
        else if (_frames.Count > 0)
        {
            TakeComprehensionWord(text);
        }
        else if (text.SequenceEqual("def"u8))
        {
            BeginHeader(ScopeKind.Function, token.Line);
        }
        else if (text.SequenceEqual("class"u8))
        {
            BeginHeader(ScopeKind.Class, token.Line);
        }
        else if (text.SequenceEqual("global"u8))
        {
            _inGlobal = true;
        }
    }

    void BeginHeader(ScopeKind kind, int line) => (_header, _headerLine, _headerScope) = (kind, line, 0);

    void NameHeader(string name)
    {
        _headerScope = AddNode(_header, name, _decoratorLine > 0 ? _decoratorLine : _headerLine);
        _decoratorLine = 0;
    }

    int AddNode(ScopeKind kind, string name, int line)
    {
        int node = Tree.Add(_scope, kind, name);
        _givenUp |= Tree.Count > MaximumNodes;
        Index.TryAdd((line, name), node);
        return node;
    }

    // A colon ends the parameters of a lambda, or a lambda's body and whatever the lambda stands in, or a header.
    void TakeColon()
    {
        EndLambdaBodies();
        if (_lambdas.Count > _lambdaBase)
        {
            _lambdas[^1] = _lambdas[^1] with { InBody = true };
            _scope = _lambdas[^1].Node;
        }
        else if (_frames.Count > 0)
        {
            _frames[^1] = _frames[^1] with { HasColon = true };
        }
        else if (_headerScope > 0 && _header != ScopeKind.Module)
        {
            _blocks.Push(new Block(_tokens.Column, _headerScope));
            int around = _openRanges.TryPeek(out int range) ? range : -1;
            _openRanges.Push(Ranges.Count);
            Ranges.Add(new ScopeRange(_headerScope, around, _headerLine, _headerLine));
            _scope = _headerScope;
            _header = ScopeKind.Module;
            _givenUp |= _blocks.Count > MaximumNesting;
        }
    }

    void BeginLambda(int line)
    {
        _lambdas.Add(new Lambda(AddNode(ScopeKind.Lambda, "<lambda>", line), _scope, InBody: false));
        _givenUp |= _lambdas.Count > MaximumNesting;
    }

    void EndLambdaBodies()
    {
        while (_lambdas.Count > _lambdaBase && _lambdas[^1].InBody)
        {
            EndLambda();
        }
    }

    void EndLambdas()
    {
        while (_lambdas.Count > _lambdaBase)
        {
            EndLambda();
        }
    }

    void EndLambda()
    {
        if (_lambdas[^1].InBody)
        {
            _scope = _lambdas[^1].OuterScope;
        }

        _lambdas.RemoveAt(_lambdas.Count - 1);
    }

    void Open(byte bracket, int line)
    {
        int node = Tree.Add(_scope, ScopeKind.Brackets, "");
        bool beginsInside = _comprehensionsBeginInside && bracket != '{';
        _frames.Add(new Frame(bracket, node, _scope, _lambdaBase, beginsInside ? 0 : line, HasColon: false, Stage.NoComprehension));
        _lambdaBase = _lambdas.Count;
        _scope = node;
        _givenUp |= _frames.Count > MaximumNesting || Tree.Count > MaximumNodes;
    }

    void Close()
    {
        EndLambdas();
        var frame = _frames[^1];
        _frames.RemoveAt(_frames.Count - 1);
        _scope = frame.OuterScope;
        _lambdaBase = frame.OuterLambdaBase;
        Tree.RemoveIfUnused(frame.Node);
    }

    void TakeComprehensionWord(scoped ReadOnlySpan<byte> word)
    {
        var frame = _frames[^1];
        bool isFor = word.SequenceEqual("for"u8);
        switch (frame.Stage)
        {
            case Stage.NoComprehension when isFor:
                EndLambdas();
                string name = frame.Open switch
                {
                    (byte)'[' => "<listcomp>",
                    (byte)'{' => frame.HasColon ? "<dictcomp>" : "<setcomp>",
                    _ => "<genexpr>",
                };
                Tree.Become(frame.Node, name);
                Index.TryAdd((frame.Line, name), frame.Node);
                _frames[^1] = frame with { Stage = Stage.FirstTarget };
                break;
            case Stage.FirstTarget when word.SequenceEqual("in"u8):
                _frames[^1] = frame with { Stage = Stage.FirstIterable };
                _scope = frame.OuterScope;
                break;
            case Stage.FirstIterable when isFor || word.SequenceEqual("if"u8) || word.SequenceEqual("async"u8):
                EndLambdas();
                _frames[^1] = frame with { Stage = Stage.Rest };
                _scope = frame.Node;
                break;
            case Stage.Rest when isFor:
                EndLambdas();
                break;
        }
    }

    // Up to 3.11 an f-string is a string like any other to the tokenizer, and its fields are compiled afterwards.
    void TakeString(in SourceToken token)
    {
        var text = _tokens.Text(token);
        int quote = text.IndexOfAny((byte)'"', (byte)'\'');
        if (!text[..quote].ContainsAny((byte)'f', (byte)'F') || _formatNesting >= MaximumFormatNesting)
        {
            return;
        }

        bool isRaw = text[..quote].ContainsAny((byte)'r', (byte)'R');
        int quotes = text.Length >= quote + 6 && text[quote + 1] == text[quote] && text[quote + 2] == text[quote] ? 3 : 1;

        var (position, limit, line) = (_tokens.Position, _tokens.Limit, _tokens.Line);
        _tokens.Position = token.Start + quote + quotes;
        _tokens.Limit = Math.Max(_tokens.Position, token.Start + token.Length - quotes);
        _tokens.Line = token.Line;
        TakeFormat(isRaw, isSpecification: false);
        (_tokens.Position, _tokens.Limit, _tokens.Line) = (position, limit, line);
    }

    void TakeFormat(bool isRaw, bool isSpecification)
    {
        _formatNesting++;
        while (_tokens.Position < _tokens.Limit && !_givenUp)
        {
            byte next = _tokens.Peek();
            if (next == '}' && isSpecification)
            {
                break;
            }

            if (next == '{' && (isSpecification || _tokens.Peek(1) != '{'))
            {
                TakeField(isRaw);
                continue;
            }

            // "{{" is a brace, and the name in "\N{DASH}" is no field.
            if (next == '{')
            {
                _tokens.Advance();
            }
            else if (next == '\\' && !isRaw && _tokens.Peek(1) == 'N' && _tokens.Peek(2) == '{')
            {
                _tokens.Position += 2;
            }

            _tokens.Advance();
        }

        _formatNesting--;
    }

    // A field is compiled as if it stood in parentheses.
    void TakeField(bool isRaw)
    {
        int line = _tokens.Line;
        _tokens.Position++;
        Open((byte)'(', line);
        int inside = _frames.Count;
        SourceToken token;
        do
        {
            token = _tokens.Next(insideBrackets: true);
            if (_frames.Count == inside && token.Kind is SourceTokenKind.Close or SourceTokenKind.Colon or SourceTokenKind.Bang)
            {
                break;
            }

            Take(token);
        }
        while (token.Kind != SourceTokenKind.End && !_givenUp);
        while (_frames.Count >= inside)
        {
            Close();
        }

        if (token.Kind == SourceTokenKind.Bang)
        {
            while (_tokens.Position < _tokens.Limit && _tokens.Peek() is not ((byte)':' or (byte)'}'))
            {
                _tokens.Advance();
            }

            if (_tokens.Peek() == ':')
            {
                token = token with { Kind = SourceTokenKind.Colon };
            }
        }

        if (token.Kind == SourceTokenKind.Colon && _formatNesting < MaximumFormatNesting)
        {
            TakeFormat(isRaw, isSpecification: true);
        }

        if (_tokens.Peek() == '}' && token.Kind != SourceTokenKind.Close)
        {
            _tokens.Position++;
        }
    }
}
