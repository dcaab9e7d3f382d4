using System.Text;

namespace Sonde.Script.Syntax;

/// <summary>Replacement of <c>#define</c>d names (C17 6.10.3).</summary>
sealed partial class Preprocessor
{
    const string RestOfArguments = "__VA_ARGS__";

    // After the opening parenthesis. Null after an error; then the name stays as it is.
    List<List<Token>>? Arguments(Token name, MacroDefinition macro, out SourceSpan end)
    {
        List<List<Token>> arguments = [[]];
        int depth = 0;
        while (true)
        {
            Token token = NextUnexpanded();
            end = token.Span;
            if (token.Kind == TokenKind.EndOfFile)
            {
                Error(name.Span, $"the arguments of the macro '{macro.Name}' do not end");
                return null;
            }

            if (token.Kind == TokenKind.RightParen && depth-- == 0)
            {
                break;
            }

            // Unlike C: a map's keys are one argument.
            if (token.Kind is TokenKind.LeftParen or TokenKind.LeftBracket)
            {
                depth++;
            }
            else if (token.Kind == TokenKind.RightBracket && depth > 0)
            {
                depth--;
            }

            bool isRest = macro.IsVariadic && arguments.Count > macro.Parameters!.Count;
            if (token.Kind == TokenKind.Comma && depth == 0 && !isRest)
            {
                arguments.Add([]);
            }
            else
            {
                arguments[^1].Add(token);
            }
        }

        int wanted = macro.Parameters!.Count;
        if (macro.IsVariadic && arguments.Count == wanted)
        {
            arguments.Add([]);
        }

        if (wanted == 0 && !macro.IsVariadic && arguments is [{ Count: 0 }])
        {
            return [];
        }

        int given = arguments.Count;
        if (given != (macro.IsVariadic ? wanted + 1 : wanted))
        {
            Error(name.Span.To(end), $"the macro '{macro.Name}' takes {wanted} argument{(wanted == 1 ? "" : "s")} but got {given}");
            return null;
        }

        return arguments;
    }

    bool Replace(Token name, SourceSpan use, MacroDefinition macro, List<List<Token>> arguments)
    {
        Expansion expansion = new(use);
        List<Token>?[] expanded = new List<Token>?[arguments.Count];
        List<Token> result = [];
        IReadOnlyList<Token> body = macro.Body;
        for (int i = 0; i < body.Count; i++)
        {
            Token token = body[i];
            bool isFunction = macro.Parameters is not null;
            if (isFunction && token.Kind == TokenKind.Hash && i + 1 < body.Count && ArgumentOf(body[i + 1], macro) is int quoted and >= 0)
            {
                result.Add(Quoted(token.Span with { Expansion = expansion }, arguments[quoted]));
                i++;
                continue;
            }

            if (token.Kind == TokenKind.HashHash && result.Count > 0 && i + 1 < body.Count)
            {
                i++;
                List<Token> right = ArgumentOf(body[i], macro) is int pasted and >= 0 ? arguments[pasted] : [Moved(body[i], expansion)];
                if (right.Count > 0)
                {
                    Token last = result[^1];
                    result.RemoveAt(result.Count - 1);
                    result.AddRange(Pasted(last, right[0], expansion));
                    result.AddRange(right.Skip(1));
                }

                continue;
            }

            int index = ArgumentOf(token, macro);
            if (index < 0)
            {
                result.Add(Moved(token, expansion));
            }
            else if (i + 1 < body.Count && body[i + 1].Kind == TokenKind.HashHash)
            {
                // An empty left side must not let the paste take the token before it.
                result.AddRange(arguments[index]);
                if (arguments[index].Count == 0)
                {
                    i++;
                }
            }
            else
            {
                result.AddRange(expanded[index] ??= Expanded(arguments[index], name.Span));
            }

            if (result.Count > PreprocessorState.MostTokens)
            {
                break;
            }
        }

        if (!_state.Spend(result.Count + 1, use))
        {
            return false;
        }

        _state.Active.Add(macro);
        _replacements.Push(new Replacement(result, macro));
        return true;
    }

    static int ArgumentOf(Token token, MacroDefinition macro)
    {
        if (token.Kind != TokenKind.Identifier || macro.Parameters is null)
        {
            return -1;
        }

        return macro.IsVariadic && token.Text == RestOfArguments ? macro.Parameters.Count : macro.ParameterIndex(token.Text);
    }

    static Token Moved(Token token, Expansion expansion) => token with { Span = token.Span with { Expansion = expansion } };

    List<Token> Expanded(List<Token> argument, SourceSpan use)
    {
        if (_state.ArgumentDepth >= PreprocessorState.DeepestArgument)
        {
            Error(use, $"arguments of macros are nested more than {PreprocessorState.DeepestArgument} deep");
            return argument;
        }

        _state.ArgumentDepth++;
        Preprocessor inner = new(_state, argument);
        List<Token> result = [];
        for (Token token = inner.Next(); token.Kind != TokenKind.EndOfFile; token = inner.Next())
        {
            result.Add(token);
        }

        _state.ArgumentDepth--;
        return result;
    }

    static Token Quoted(SourceSpan span, List<Token> argument)
    {
        StringBuilder text = new();
        foreach (Token token in argument)
        {
            if (text.Length > 0 && (token.HasSpaceBefore || token.StartsLine))
            {
                text.Append(' ');
            }

            text.Append(token.Span.Text);
        }

        return new Token(TokenKind.String, span) { Text = ByteText.Encode(text.ToString()) };
    }

    List<Token> Pasted(Token left, Token right, Expansion expansion)
    {
        Lexer lexer = new(new SourceText(left.Span.Source?.Name ?? "", left.Span.Text + right.Span.Text), _isHeader);
        List<Token> tokens = [];
        for (Token token = lexer.Next(); token.Kind != TokenKind.EndOfFile; token = lexer.Next())
        {
            // The place shown is that of the macro's use: the pasted text stands nowhere.
            tokens.Add(token with { Span = expansion.Site, ErrorSpan = expansion.Site });
        }

        return tokens;
    }
}
