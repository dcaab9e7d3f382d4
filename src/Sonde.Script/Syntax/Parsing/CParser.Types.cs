namespace Sonde.Script.Syntax;

/// <summary>Type specifiers, attributes and declarators.</summary>
sealed partial class CParser
{
    sealed class Attributes
    {
        public bool IsPacked { get; set; }
        public int? Alignment { get; set; }

        public void Align(long? bytes)
        {
            if (bytes is > 0 and <= 1 << 20 && System.Numerics.BitOperations.IsPow2(bytes.Value))
            {
                Alignment = Math.Max(Alignment ?? 0, (int)bytes.Value);
            }
        }
    }

    TypeName Specifiers(ref bool isTypedef, Attributes attributes)
    {
        SourceSpan start = tokens.Peek().Span;
        List<string> words = [];
        while (true)
        {
            Token token = tokens.Peek();
            if (token.Kind != TokenKind.Identifier)
            {
                break;
            }

            if (token.Text == "typedef")
            {
                isTypedef = true;
                tokens.Take();
            }
            else if (AttributesHere(attributes))
            {
            }
            else if (CTypes.IsQualifier(token.Text))
            {
                tokens.Take();
            }
            else if (CTypes.IsTypeWord(token.Text))
            {
                words.Add(token.Text);
                tokens.Take();
            }
            else if (words.Count > 0)
            {
                break;
            }
            else if (token.Text is "struct" or "union" or "enum")
            {
                TypeName tagged = Tagged();
                Qualifiers(attributes);
                return tagged;
            }
            else if (token.Text is "typeof" or "__typeof__" or "__typeof")
            {
                throw Fail(token, "typeof is not understood in C definitions");
            }
            else
            {
                tokens.Take();
                Qualifiers(attributes);
                return new TypeName(token.Span, TypeKeyword.None, token.Text, []);
            }
        }

        if (words.Count == 0)
        {
            throw Fail(tokens.Peek(), "expected a type");
        }

        return new TypeName(start.To(tokens.Previous.Span), TypeKeyword.None, CTypes.NameOf(words), []);
    }

    void Qualifiers(Attributes attributes)
    {
        while (AttributesHere(attributes) || (tokens.Peek().Kind == TokenKind.Identifier && CTypes.IsQualifier(tokens.Peek().Text)))
        {
            if (CTypes.IsQualifier(tokens.Peek().Text))
            {
                tokens.Take();
            }
        }
    }

    // struct, union or enum: a definition, or a reference to one by its tag.
    TypeName Tagged()
    {
        Token word = tokens.Take();
        Attributes attributes = new();
        AttributesHere(attributes);
        Token? tag = tokens.Peek().Kind == TokenKind.Identifier ? tokens.Take() : null;
        TypeKeyword keyword = word.Text == "struct" ? TypeKeyword.Struct : word.Text == "union" ? TypeKeyword.Union : TypeKeyword.Enum;
        if (keyword == TypeKeyword.Enum && tokens.TryTake(TokenKind.Colon))
        {
            // The underlying type (C23); constants have their values either way.
            bool isTypedef = false;
            Specifiers(ref isTypedef, new Attributes());
        }

        if (tokens.Peek().Kind != TokenKind.LeftBrace)
        {
            return tag is null
                ? throw Fail(tokens.Peek(), $"expected a name or '{{' after '{word.Text}'")
                : new TypeName(word.Span.To(tag.Span), keyword, tag.Text, []);
        }

        if (++_depth > DeepestNesting)
        {
            _depth--;
            throw Fail(tokens.Peek(), $"definitions are nested more than {DeepestNesting} deep");
        }

        string name = tag?.Text ?? "";
        CDefinition definition = keyword == TypeKeyword.Enum ? Enum(word.Span, name) : Record(word.Span, name, keyword == TypeKeyword.Union, attributes);
        _depth--;
        if (name.Length > 0)
        {
            definitions.Add(definition);
        }

        return new TypeName(definition.Span, keyword, name, []) { Definition = name.Length > 0 ? null : definition };
    }

    CEnum Enum(SourceSpan start, string name)
    {
        tokens.Take();
        List<CEnumConstant> values = [];
        long next = 0;
        while (!tokens.TryTake(TokenKind.RightBrace))
        {
            Token constant = tokens.Take();
            if (constant.Kind != TokenKind.Identifier)
            {
                throw Fail(constant, "expected the name of a constant");
            }

            AttributesHere(new Attributes());
            if (tokens.TryTake(TokenKind.Assign))
            {
                next = Constant(TokenKind.Comma, TokenKind.RightBrace) ?? throw Fail(constant.Span, $"the value of '{constant.Text}' is not a constant");
            }

            values.Add(new CEnumConstant(constant.Span, constant.Text, next));
            constants[constant.Text] = next;
            next = unchecked(next + 1);
            if (!tokens.TryTake(TokenKind.Comma) && tokens.Peek().Kind != TokenKind.RightBrace)
            {
                throw Fail(tokens.Peek(), "expected ',' or '}'");
            }
        }

        SourceSpan span = start.To(tokens.Previous.Span);
        AttributesHere(new Attributes());
        return new CEnum(span, name, values) { IsSystem = isSystem };
    }

    CRecord Record(SourceSpan start, string name, bool isUnion, Attributes attributes)
    {
        tokens.Take();
        List<CField> fields = [];
        while (!tokens.TryTake(TokenKind.RightBrace))
        {
            if (!tokens.TryTake(TokenKind.Semicolon))
            {
                Fields(fields);
            }
        }

        SourceSpan span = start.To(tokens.Previous.Span);
        AttributesHere(attributes);
        return new CRecord(span, name, isUnion, fields) { IsPacked = attributes.IsPacked, Alignment = attributes.Alignment, IsSystem = isSystem };
    }

    void Fields(List<CField> fields)
    {
        SourceSpan start = tokens.Peek().Span;
        bool isTypedef = false;
        Attributes attributes = new();
        TypeName type = Specifiers(ref isTypedef, attributes);
        if (isTypedef)
        {
            throw Fail(start, "a typedef cannot stand in a struct");
        }

        if (tokens.Peek().Kind == TokenKind.Semicolon)
        {
            if (type.Definition is CRecord)
            {
                fields.Add(new CField(type.Span, "", type, null));
            }
            else if (type.Keyword == TypeKeyword.None)
            {
                throw Fail(tokens.Peek(), "expected the name of a member");
            }

            tokens.Take();
            return;
        }

        do
        {
            string name = "";
            TypeName declared = type;
            SourceSpan nameSpan = start;
            if (tokens.Peek().Kind != TokenKind.Colon)
            {
                (name, declared, nameSpan) = Declarator(type);
                if (name.Length == 0)
                {
                    throw Fail(tokens.Peek(), "expected the name of a member");
                }
            }

            int? bits = null;
            if (tokens.TryTake(TokenKind.Colon))
            {
                long? width = Constant(TokenKind.Comma, TokenKind.Semicolon);
                bits = width is >= 0 and <= 64 ? (int)width : throw Fail(nameSpan, "the width of a bit field must be a constant from 0 to 64");
            }

            Attributes own = new() { Alignment = attributes.Alignment };
            AttributesHere(own);
            fields.Add(new CField(nameSpan, name, declared, bits) { Alignment = own.Alignment });
        }
        while (tokens.TryTake(TokenKind.Comma));

        if (tokens.Peek().Kind != TokenKind.RightBrace)
        {
            Expect(TokenKind.Semicolon, ";");
        }
    }

    (string Name, TypeName Type, SourceSpan NameSpan) Declarator(TypeName type)
    {
        List<TypeSuffix> suffixes = [.. type.Suffixes];
        while (tokens.TryTake(TokenKind.Star))
        {
            suffixes.Add(TypeSuffix.Pointer);
            Qualifiers(new Attributes());
        }

        AttributesHere(new Attributes());
        string name = "";
        SourceSpan nameSpan = tokens.Peek().Span;
        bool isFunctionPointer = false;
        List<TypeSuffix> inner = [];
        if (tokens.Peek().Kind == TokenKind.LeftParen && tokens.PeekAt(1).Kind is TokenKind.Star or TokenKind.Caret)
        {
            // "(*name[3])(…)" and "(*name)[3]": the pointer goes to what stands around.
            tokens.Take();
            int pointers = 0;
            while (tokens.TryTake(TokenKind.Star) || tokens.TryTake(TokenKind.Caret))
            {
                pointers++;
                Qualifiers(new Attributes());
            }

            if (tokens.Peek().Kind == TokenKind.Identifier)
            {
                (name, nameSpan) = (tokens.Peek().Text, tokens.Take().Span);
            }

            inner.AddRange(Arrays());
            if (tokens.Peek().Kind == TokenKind.LeftParen)
            {
                SkipParentheses();
            }

            Expect(TokenKind.RightParen, ")");
            inner.InsertRange(0, Enumerable.Range(0, pointers).Select(_ => TypeSuffix.Pointer));
            isFunctionPointer = tokens.Peek().Kind == TokenKind.LeftParen;
        }
        else if (tokens.Peek().Kind == TokenKind.Identifier)
        {
            (name, nameSpan) = (tokens.Peek().Text, tokens.Take().Span);
        }

        if (tokens.Peek().Kind == TokenKind.LeftParen)
        {
            SkipParentheses();
        }

        if (isFunctionPointer)
        {
            return (name, new TypeName(type.Span, TypeKeyword.None, "void", inner), nameSpan);
        }

        suffixes.AddRange(Arrays());
        suffixes.AddRange(inner);
        return (name, new TypeName(type.Span, type.Keyword, type.Name, suffixes) { Definition = type.Definition }, nameSpan);
    }

    // "[2][3]" is an array of 2 arrays of 3: the last one applies first.
    List<TypeSuffix> Arrays()
    {
        List<TypeSuffix> arrays = [];
        while (tokens.TryTake(TokenKind.LeftBracket))
        {
            ulong? length = null;
            if (tokens.Peek().Kind != TokenKind.RightBracket)
            {
                Token first = tokens.Peek();
                length = Constant(TokenKind.RightBracket, TokenKind.RightBracket) is long value and >= 0 ? (ulong)value : throw Fail(first, "the length of an array must be a constant");
            }

            Expect(TokenKind.RightBracket, "]");
            arrays.Insert(0, TypeSuffix.Array(length));
        }

        return arrays;
    }

    // The value of the expression up to one of the tokens that may end it, which stays.
    long? Constant(TokenKind end, TokenKind otherEnd)
    {
        List<Token> expression = [];
        int depth = 0;
        while (true)
        {
            TokenKind kind = tokens.Peek().Kind;
            if (kind is TokenKind.EndOfFile or TokenKind.Semicolon || (depth == 0 && (kind == end || kind == otherEnd)) || tokens.Peek().Is("__attribute__"))
            {
                break;
            }

            depth += kind is TokenKind.LeftParen or TokenKind.LeftBracket ? 1 : kind is TokenKind.RightParen or TokenKind.RightBracket ? -1 : 0;
            expression.Add(tokens.Take());
        }

        ConstantExpression constant = new(expression, constants, undefinedIsZero: false);
        return constant.Evaluate() is long value && constant.IsAtEnd ? value : null;
    }

    bool AttributesHere(Attributes attributes)
    {
        bool any = false;
        while (tokens.Peek() is { Kind: TokenKind.Identifier, Text: "__attribute__" or "__attribute" or "_Alignas" or "__asm__" or "asm" or "__declspec" } word)
        {
            any = true;
            tokens.Take();
            if (tokens.Peek().Kind != TokenKind.LeftParen)
            {
                continue;
            }

            List<Token> inside = SkipParentheses();
            if (word.Text == "_Alignas")
            {
                attributes.Align(new ConstantExpression(inside, constants, undefinedIsZero: false).Evaluate());
                continue;
            }

            for (int i = 0; i < inside.Count; i++)
            {
                string name = inside[i].Text.Trim('_');
                if (name == "packed")
                {
                    attributes.IsPacked = true;
                }
                else if (name == "aligned")
                {
                    // Without a number: the machine's largest, 16 on both that there are.
                    bool hasNumber = i + 2 < inside.Count && inside[i + 1].Kind == TokenKind.LeftParen;
                    attributes.Align(hasNumber ? new ConstantExpression(inside[(i + 2)..], constants, undefinedIsZero: false).Evaluate() : 16);
                }
            }
        }

        return any;
    }

    // Moves over "(…)" and gives what is between.
    List<Token> SkipParentheses()
    {
        List<Token> inside = [];
        tokens.Take();
        for (int depth = 1; ;)
        {
            Token token = tokens.Take();
            depth += token.Kind == TokenKind.LeftParen ? 1 : token.Kind == TokenKind.RightParen ? -1 : 0;
            if (token.Kind == TokenKind.EndOfFile)
            {
                throw Fail(token, "expected ')'");
            }

            if (depth == 0)
            {
                return inside;
            }

            inside.Add(token);
        }
    }
}
