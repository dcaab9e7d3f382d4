using System.Text;

namespace Sonde.Script.Syntax;

/// <summary>
/// Lays a script out as people lay them out: a statement a line, two blanks a level, long calls below their parenthesis. Comments, directives, definitions in C, and
/// what the writer chose to write (parentheses, <c>-></c>) stay.
/// </summary>
sealed class ScriptFormatter
{
    const int Width = 80;
    const int Indentation = 2;

    readonly List<Piece> _pieces;
    readonly StringBuilder _text = new();
    readonly StringBuilder _line = new();
    readonly List<int> _breaks = [];
    readonly Stack<bool> _blocksInExpressions = new();
    readonly Spacing _spacing = new();
    int _breakColumn;
    int _level;
    bool _endsLine;
    bool _isContinued;

    ScriptFormatter(List<Piece> pieces) => _pieces = pieces;

    /// <summary>The script, laid out; null when it has errors, which are in <paramref name="diagnostics"/>.</summary>
    /// <param name="source">The text.</param>
    /// <param name="options">How it is read.</param>
    /// <param name="diagnostics">What is wrong with it.</param>
    public static string? Format(SourceText source, ParseOptions options, DiagnosticBag diagnostics)
    {
        var script = ScriptReader.Parse(source, options, diagnostics, ".");
        if (diagnostics.HasErrors)
        {
            return null;
        }

        var pieces = PieceReader.Read(source, script);
        var text = new ScriptFormatter(pieces).Write();

        // Names that the preprocessor replaces can hold anything, a brace too; then the pieces are not what they seem.
        var copy = new SourceText(source.Name, text);
        var again = ScriptReader.Parse(copy, options, new DiagnosticBag(), ".");
        if (TreePrinter.Print(again) == TreePrinter.Print(script) && Comments(PieceReader.Read(copy, again)).SequenceEqual(Comments(pieces)))
        {
            return text;
        }

        diagnostics.Error(new SourceSpan(source, 0, 0), "this script cannot be laid out: what its #define lines stand for hides where its statements begin and end");
        return null;
    }

    static IEnumerable<string> Comments(List<Piece> pieces) => pieces.Where(piece => piece.Kind == PieceKind.Comment).Select(piece => piece.Text);

    string Write()
    {
        for (var i = 0; i < _pieces.Count; i++)
        {
            var piece = _pieces[i];
            if (piece.Kind == PieceKind.Comment)
            {
                WriteComment(piece);
                continue;
            }

            var isElse = piece.Text == "else" && i > 0 && _pieces[i - 1].Token == TokenKind.RightBrace;
            if (_endsLine && !isElse && !(IsAttached(piece.Token) && _line.Length > 0))
            {
                EndLine();
            }

            if (_line.Length == 0 && piece.LinesBefore > 1 && _text.Length > 0 && piece.Token != TokenKind.RightBrace && piece.Kind != PieceKind.End && !AfterBrace())
            {
                _text.Append('\n');
            }

            _endsLine = false;
            WritePiece(piece, i);
        }

        return _text.ToString();
    }

    bool AfterBrace() => _text.Length > 1 && _text[^2] == '{';

    static bool IsAttached(TokenKind kind) => kind is TokenKind.Semicolon or TokenKind.RightParen or TokenKind.Comma or TokenKind.RightBracket;

    void WritePiece(Piece piece, int index)
    {
        switch (piece.Kind)
        {
            case PieceKind.End:
                EndLine();
                break;
            case PieceKind.Verbatim:
                EndLine();
                _text.Append(piece.Text).Append('\n');
                break;
            case PieceKind.AttachPoint:
                Append(piece.Text, blank: false);
                _endsLine = _pieces[index + 1].Token != TokenKind.Comma;
                break;
            case PieceKind.PredicateStart:
                EndLine();
                Append(piece.Text, blank: false);
                break;
            case PieceKind.PredicateEnd:
                Append(piece.Text, blank: false);
                _endsLine = true;
                break;
            case PieceKind.Token when piece.Token == TokenKind.LeftBrace:
                OpenBrace(index);
                break;
            case PieceKind.Token when piece.Token == TokenKind.RightBrace:
                CloseBrace(index);
                break;
            default:
                Append(piece.Text, _spacing.Take(_pieces, index));
                EndStatement(piece.Token);
                break;
        }
    }

    void EndStatement(TokenKind kind)
    {
        if (kind == TokenKind.Comma && _spacing.Parentheses == 1 && _blocksInExpressions.All(static isExpression => !isExpression))
        {
            _breaks.Add(_line.Length);
        }

        _endsLine = (kind == TokenKind.Semicolon && _spacing.Parentheses == 0) || (kind == TokenKind.Comma && _spacing.Parentheses == 0 && _level == 0);
    }

    /// <summary>Bodies of probes, functions and macros have their brace on a line of its own.</summary>
    void OpenBrace(int index)
    {
        var isExpression = _spacing.Parentheses > 0 || (_level > 0 && _spacing.ExpectsOperand && index > 0 && _pieces[index - 1].Token is not (TokenKind.LeftBrace or TokenKind.RightBrace or TokenKind.Semicolon)
            && _pieces[index - 1].Text is not "else");
        if (_level == 0 && index > 0 && _pieces[index - 1].Token != TokenKind.Assign)
        {
            EndLine();
        }

        Append("{", _spacing.Take(_pieces, index));
        _blocksInExpressions.Push(isExpression);
        _level++;
        _spacing.Begin();
        _endsLine = _spacing.Parentheses == 0;
    }

    void CloseBrace(int index)
    {
        if (_spacing.Parentheses == 0)
        {
            EndLine();
        }

        _level = Math.Max(_level - 1, 0);
        var isExpression = _blocksInExpressions.TryPop(out var block) && block;
        Append("}", _spacing.Take(_pieces, index));
        _endsLine = !isExpression && _spacing.Parentheses == 0;
    }

    void WriteComment(Piece piece)
    {
        var isLine = piece.Text.StartsWith("//", StringComparison.Ordinal);
        if (piece.LinesBefore > 0 || _line.Length == 0)
        {
            var isInside = !_endsLine && _line.Length > 0;
            EndLine(isInside);
            if (piece.LinesBefore > 1 && _text.Length > 0 && !AfterBrace())
            {
                _text.Append('\n');
            }

            Append(piece.Text, blank: false);
            _endsLine = true;
            _isContinued = isInside;
            return;
        }

        Append(piece.Text, blank: true);
        if (isLine)
        {
            _isContinued = !_endsLine;
            _endsLine = true;
        }
    }

    void Append(string text, bool blank)
    {
        if (_line.Length == 0)
        {
            _line.Append(' ', Indentation * _level + (_isContinued ? 2 * Indentation : 0));
            _isContinued = false;
        }
        else if (blank)
        {
            _line.Append(' ');
        }

        if (_breaks.Count == 0 && text == "(")
        {
            _breakColumn = _line.Length + 1;
        }

        _line.Append(text);
    }

    void EndLine(bool goesOn = false)
    {
        if (_line.Length > 0)
        {
            WriteWrapped();
            _text.Append('\n');
        }

        _line.Clear();
        _breaks.Clear();
        _endsLine = false;
        if (!goesOn && _spacing.Parentheses == 0)
        {
            _spacing.Begin();
        }
    }

    /// <summary>A line that is too long is broken behind commas, and goes on below what follows the parenthesis.</summary>
    void WriteWrapped()
    {
        var start = 0;
        var column = 0;
        var line = _line.ToString();
        for (var i = 0; i < _breaks.Count; i++)
        {
            var next = i + 1 < _breaks.Count ? _breaks[i + 1] : line.Length;
            if (column + next - start <= Width)
            {
                continue;
            }

            _text.Append(line, start, _breaks[i] - start).Append('\n').Append(' ', _breakColumn);
            start = _breaks[i] + 1;
            column = _breakColumn;
        }

        _text.Append(line, start, line.Length - start);
    }
}
