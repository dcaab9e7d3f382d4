namespace Sonde.Script.Syntax;

/// <summary>Takes a script's text apart so that nothing but blanks is lost: tokens, comments, directives, attach points.</summary>
sealed class PieceReader
{
    readonly SourceText _source;
    readonly Lexer _lexer;
    readonly Queue<Probe> _probes;
    readonly List<Piece> _pieces = [];
    int _end;
    int _depth;

    PieceReader(SourceText source, Script script)
    {
        _source = source;
        _lexer = new Lexer(source);
        _probes = new Queue<Probe>(script.Probes);
    }

    /// <summary>The pieces, <see cref="PieceKind.End"/> last.</summary>
    /// <param name="source">The text.</param>
    /// <param name="script">What it means, with neither imports nor macros put in.</param>
    public static List<Piece> Read(SourceText source, Script script)
    {
        var reader = new PieceReader(source, script);
        while (reader.TakeItem())
        {
        }

        reader.Gap(source.Text.Length);
        reader.Add(PieceKind.End, source.Text.Length, source.Text.Length);
        return reader._pieces;
    }

    /// <summary>A directive, a definition in C, the head of a probe, or a token; false at the end.</summary>
    bool TakeItem()
    {
        var token = _lexer.Next();
        if (token.Kind == TokenKind.EndOfFile)
        {
            return false;
        }

        if (token.Kind == TokenKind.Hash && token.StartsLine)
        {
            TakeLine(token.Span.Start);
        }
        else if (_depth == 0 && token.Text is "struct" or "union" or "enum" or "typedef")
        {
            TakeDefinition(token);
        }
        else if (_depth == 0 && IsHead(token))
        {
            TakeHead(_probes.Dequeue());
        }
        else
        {
            Take(token);
        }

        return true;
    }

    /// <summary>Whether a probe begins here: what stands at the top of a script and is of no other kind.</summary>
    bool IsHead(Token token) => _probes.TryPeek(out var probe) && token.Span.Start <= probe.AttachPoints[0].Span.Start
        && (token.Span.Start == probe.AttachPoints[0].Span.Start || (probe.Name == token.Text && _lexer.Position < probe.AttachPoints[0].Span.Start));

    void TakeHead(Probe probe)
    {
        if (probe.Name is { } name)
        {
            Add(PieceKind.Token, probe.AttachPoints[0].Span.Start - name.Length - 1, probe.AttachPoints[0].Span.Start, TokenKind.Identifier);
        }

        for (var i = 0; i < probe.AttachPoints.Count; i++)
        {
            var place = probe.AttachPoints[i].Span;
            Add(PieceKind.AttachPoint, place.Start, place.End);
            _lexer.MoveTo(place.End);
            _lexer.SkipBlanks(out _);
            if (_lexer.Position < _source.Text.Length && _source.Text[_lexer.Position] == ',')
            {
                Take(_lexer.Next());
            }
        }

        if (probe.Predicate is null)
        {
            return;
        }

        var start = _lexer.Next().Span;
        Add(PieceKind.PredicateStart, start.Start, start.End);
        for (var token = _lexer.Next(); token.Kind != TokenKind.EndOfFile; token = _lexer.Next())
        {
            var after = _lexer.Position;
            var isLast = token.Kind == TokenKind.Slash && _lexer.Next().Span.Start >= probe.Body.Span.Start;
            _lexer.MoveTo(after);
            if (isLast)
            {
                Add(PieceKind.PredicateEnd, token.Span.Start, token.Span.End);
                return;
            }

            Take(token);
        }
    }

    /// <summary>Up to the end of the line that no backslash carries on.</summary>
    void TakeLine(int start)
    {
        var text = _source.Text;
        var end = start;
        do
        {
            end = text.IndexOf('\n', end + 1);
        }
        while (end > 0 && text.AsSpan(0, end).TrimEnd('\r').EndsWith('\\'));
        end = end < 0 ? text.Length : end;
        Add(PieceKind.Verbatim, start, end);
        _lexer.MoveTo(end);
    }

    /// <summary>Up to the semicolon behind all braces, or up to the last brace where there is none.</summary>
    void TakeDefinition(Token first)
    {
        var depth = 0;
        var end = first.Span.End;
        for (var token = _lexer.Next(); token.Kind != TokenKind.EndOfFile; token = _lexer.Next())
        {
            depth += token.Kind == TokenKind.LeftBrace ? 1 : token.Kind == TokenKind.RightBrace ? -1 : 0;
            end = token.Span.End;
            if (depth == 0 && token.Kind == TokenKind.Semicolon)
            {
                break;
            }
        }

        Add(PieceKind.Verbatim, first.Span.Start, end);
        _lexer.MoveTo(end);
    }

    void Take(Token token)
    {
        _depth += token.Kind == TokenKind.LeftBrace ? 1 : token.Kind == TokenKind.RightBrace ? -1 : 0;
        Add(PieceKind.Token, token.Span.Start, token.Span.End, token.Kind);
    }

    void Add(PieceKind kind, int start, int end, TokenKind token = TokenKind.EndOfFile)
    {
        Gap(start);
        var lines = _source.Text.AsSpan(_end, start - _end).Count('\n');
        _pieces.Add(new Piece(kind, _source.Text[start..end].Replace("\r", "", StringComparison.Ordinal).TrimEnd(), lines, token));
        _end = end;
    }

    /// <summary>The comments between the piece before and a place.</summary>
    void Gap(int end)
    {
        var text = _source.Text;
        for (var at = _end; at < end; at++)
        {
            if (text[at] != '/')
            {
                continue;
            }

            var isBlock = text[at + 1] == '*';
            var close = isBlock ? text.IndexOf("*/", at + 2, StringComparison.Ordinal) + 2 : text.IndexOf('\n', at);
            close = close < at ? text.Length : close;
            var lines = text.AsSpan(_end, at - _end).Count('\n');
            _pieces.Add(new Piece(PieceKind.Comment, text[at..close].Replace("\r", "", StringComparison.Ordinal).TrimEnd(), lines));
            _end = close;
            at = close - 1;
        }
    }
}
