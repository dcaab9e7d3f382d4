using Sonde.Script.Syntax;

namespace Sonde.Script.Conditions;

/// <summary>Reads a condition: the part of Python's expressions that can be decided in the kernel, each mistake told with its place.</summary>
/// <remarks>
/// <c>and or not</c>, comparisons (also chained) of an argument, an attribute or item of one, or its <c>len()</c> with numbers, texts, bytes, <c>True</c>, <c>False</c> and
/// <c>None</c>; arithmetic of whole numbers, and comparisons of these with each other; <c>in</c> and <c>not in</c> with constants in a tuple, list or set, and with a text in an argument.
/// </remarks>
sealed partial class PythonConditionParser
{
    const int MostCharacters = 4096, MostDepth = 50, MostTests = 64, MostNames = 16, MostSteps = 8, MostLookups = 16, MostCalculations = 32;

    /// <summary>Characters of an attribute's name, or of a key that is a text.</summary>
    internal const int MostKeyCharacters = 63;

    readonly SourceText _source;
    readonly string _text;
    int _at;
    int _depth;
    int _tests;
    int _lookups;
    int _calculations;
    Token _token;

    PythonConditionParser(string text)
    {
        _source = new SourceText("--where", text);
        _text = text;
        _token = Next();
    }

    /// <summary>What a part of an expression is before it is known how it is used.</summary>
    abstract record Part(int Start, int End);

    sealed record OperandPart(Operand Operand, int Start, int End) : Part(Start, End);

    sealed record ConstantPart(Constant Constant, int Start, int End) : Part(Start, End);

    sealed record CollectionPart(IReadOnlyList<Constant> Items, int Start, int End) : Part(Start, End);

    sealed record ConditionPart(PythonCondition Condition, int Start, int End) : Part(Start, End);

    sealed class MistakeException(Diagnostic diagnostic) : Exception
    {
        public Diagnostic Diagnostic => diagnostic;
    }

    /// <summary>Reads a condition.</summary>
    /// <returns>The condition, or what is wrong with it.</returns>
    public static (PythonCondition? Condition, Diagnostic? Mistake) Parse(string text)
    {
        try
        {
            if (text.Length > MostCharacters)
            {
                return (null, new Diagnostic(Severity.Error, SourceSpan.None, $"a condition of {text.Length} characters is too long; at most {MostCharacters}"));
            }

            var parser = new PythonConditionParser(text);
            var start = parser._token.Start;
            var condition = parser.AsCondition(parser.Either());
            if (parser._token.Kind != Kind.End)
            {
                throw parser.Mistake(parser._token, $"'{parser._token.Text}' does not go on from what stands before it", "conditions are joined by 'and' and 'or'");
            }

            return condition.Names().Count <= MostNames ? (condition, null)
                : throw parser.Mistake(start, text.Length, $"more than {MostNames} arguments in one condition");
        }
        catch (MistakeException mistake)
        {
            return (null, mistake.Diagnostic);
        }
    }

    MistakeException Mistake(int start, int end, string message, string? hint = null) =>
        new(new Diagnostic(Severity.Error, new SourceSpan(_source, start, Math.Max(end, start + 1)), message, hint));

    MistakeException Mistake(Token token, string message, string? hint = null) => Mistake(token.Start, token.End, message, hint);

    Part Either() => Joined("or", isAnd: false, () => Joined("and", isAnd: true, Inverted));

    Part Joined(string word, bool isAnd, Func<Part> operand)
    {
        var left = operand();
        while (Is(Kind.Keyword, word))
        {
            Advance();
            var right = operand();
            left = new ConditionPart(new Junction(isAnd, AsCondition(left), AsCondition(right)), left.Start, right.End);
        }

        return left;
    }

    Part Inverted()
    {
        if (!Is(Kind.Keyword, "not"))
        {
            return Compared();
        }

        var start = _token.Start;
        Advance();
        using var _ = Enter();
        var operand = Inverted();
        return new ConditionPart(new Negation(AsCondition(operand)), start, operand.End);
    }

    Part Compared()
    {
        var left = Calculated();
        PythonCondition? all = null;
        var start = left.Start;
        while (TryRelation(out var relation, out var isIn, out var isNegated))
        {
            var right = Calculated();
            var one = isIn ? Membership(left, right) : Relate(left, relation, right);
            one = isNegated ? new Negation(one) : one;
            all = all is null ? one : new Junction(true, all, one);
            left = right;
        }

        return all is null ? left : new ConditionPart(all, start, left.End);
    }

    bool TryRelation(out Relation relation, out bool isIn, out bool isNegated)
    {
        (relation, isIn, isNegated) = (default, false, false);
        var token = _token;
        switch (token.Kind, token.Text)
        {
            case (Kind.Operator, "==" or "!=" or "<" or "<=" or ">" or ">="):
                relation = token.Text switch { "==" => Relation.Equal, "!=" => Relation.NotEqual, "<" => Relation.Less, "<=" => Relation.LessOrEqual, ">" => Relation.Greater, _ => Relation.GreaterOrEqual };
                Advance();
                return true;
            case (Kind.Operator, "="):
                throw Mistake(token, "'=' does not compare", "'==' does");
            case (Kind.Keyword, "in"):
                isIn = true;
                Advance();
                return true;
            case (Kind.Keyword, "not"):
                Advance();
                (isIn, isNegated) = (true, true);
                return Is(Kind.Keyword, "in") ? Advance() : throw Mistake(token, "'not' stands before a condition, or in 'not in'");
            case (Kind.Keyword, "is"):
                Advance();
                relation = Relation.Is;
                isNegated = Is(Kind.Keyword, "not") && Advance();
                return true;
            default:
                return false;
        }
    }

    Test Relate(Part left, Relation relation, Part right)
    {
        if (left is ConstantPart && right is OperandPart)
        {
            relation = relation switch { Relation.Less => Relation.Greater, Relation.LessOrEqual => Relation.GreaterOrEqual, Relation.Greater => Relation.Less, Relation.GreaterOrEqual => Relation.LessOrEqual, _ => relation };
            (left, right) = (right, left);
        }

        if (left is OperandPart { Operand: var one } && right is OperandPart { Operand: var other })
        {
            Count();
            return relation != Relation.Is ? new Ordering(one, relation, other)
                : throw Mistake(left.Start, right.End, "'is' asks for None, True or False here", "'==' compares two numbers");
        }

        if (left is not OperandPart { Operand: var operand } || right is not ConstantPart { Constant: var constant })
        {
            throw Mistake(Math.Min(left.Start, right.Start), Math.Max(left.End, right.End), "a comparison is between an argument, or what is found from it, and a constant or a number", "compare with a number, a text, bytes, True, False or None");
        }

        Count();
        if (relation == Relation.Is && constant is not (NoneConstant or TruthConstant))
        {
            throw Mistake(right.Start, right.End, "'is' asks for the same object, which is known of None, True and False only", "'==' compares values");
        }

        if (relation is not (Relation.Is or Relation.Equal or Relation.NotEqual) && constant is (TextConstant or BytesConstant or NoneConstant))
        {
            throw Mistake(right.Start, right.End, constant is NoneConstant ? "None is not smaller or larger than anything" : "texts and bytes are compared with == and != only", constant is NoneConstant ? "'is None' asks for it" : null);
        }

        if (operand is not Place && constant is not (IntegerConstant or RealConstant or TruthConstant))
        {
            throw Mistake(right.Start, right.End, operand is Length ? "len() is a number" : "what is calculated is a number", "compare it with one");
        }

        return operand is Place || relation != Relation.Is ? new Comparison(operand, relation, constant)
            : throw Mistake(left.Start, right.End, "a number that was calculated is not the same object as any other", "'==' compares values");
    }

    PythonCondition Membership(Part left, Part right)
    {
        if (left is ConstantPart { Constant: TextConstant or BytesConstant } text && right is OperandPart { Operand: Place place })
        {
            Count();
            return new Containment(place, text.Constant);
        }

        if (left is ConstantPart && right is OperandPart)
        {
            throw Mistake(left.Start, right.End, "only a text can be looked for in an argument, and bytes in bytes; items of containers are not");
        }

        if (left is not OperandPart operand || right is not CollectionPart collection)
        {
            throw Mistake(left.Start, right.End, "'in' is between an argument and constants, as in x in (1, 2), or a text and an argument, as in 'a' in x");
        }

        PythonCondition any = new Fixed(false);
        foreach (var item in collection.Items)
        {
            var one = Relate(operand, Relation.Equal, new ConstantPart(item, right.Start, right.End));
            any = any is Fixed ? one : new Junction(false, any, one);
        }

        return any;
    }

    PythonCondition AsCondition(Part part) => part switch
    {
        ConditionPart condition => condition.Condition,
        OperandPart operand => Counted(new Truth(operand.Operand)),
        ConstantPart { Constant: TruthConstant truth } => new Fixed(truth.Value),
        _ => throw Mistake(part.Start, part.End, "this is a value, not a condition", "compare it with an argument"),
    };

    Truth Counted(Truth truth)
    {
        Count();
        return truth;
    }

    void Count()
    {
        if (++_tests > MostTests)
        {
            throw Mistake(0, _text.Length, $"more than {MostTests} comparisons in one condition");
        }
    }

    /// <summary>Something that may be followed by attributes and keys in brackets.</summary>
    Part Primary()
    {
        var part = Atom();
        var steps = new List<Step>();
        while (_token.Kind == Kind.Operator && _token.Text is "." or "[" or "(")
        {
            if (_token.Text == "(")
            {
                throw Mistake(part.Start, _token.End, "only len() can be called: nothing of the program runs for a condition");
            }

            if (part is not OperandPart { Operand: Place place })
            {
                throw Mistake(part.Start, _token.End, "attributes and items are looked at of arguments only");
            }

            var step = _token.Text == "." ? Attribute() : Item();
            steps.Add(step.Step);
            if (steps.Count > MostSteps || ++_lookups > MostLookups)
            {
                throw Mistake(part.Start, step.End, $"at most {MostSteps} attributes and items after each other, and {MostLookups} altogether, can be looked at");
            }

            part = new OperandPart(place with { Steps = [.. steps] }, part.Start, step.End);
        }

        return part;
    }

    (Step Step, int End) Attribute()
    {
        Advance();
        var name = _token;
        if (name.Kind != Kind.Name || name.Text.Length > MostKeyCharacters || !name.Text.All(char.IsAscii))
        {
            throw Mistake(name, $"'.' is followed by the name of an attribute, at most {MostKeyCharacters} ASCII characters");
        }

        Advance();
        return (new Step(new TextConstant(name.Text), IsAttribute: true), name.End);
    }

    (Step Step, int End) Item()
    {
        Advance();
        var key = _token.Kind == Kind.End ? throw Mistake(_token, "'[' is not closed") : Calculated();
        var end = _token.End;
        if (Is(Kind.Operator, ":"))
        {
            throw Mistake(key.Start, end, "parts of texts and lists are not made in the kernel", "items[0] or data['key'] is one item");
        }

        Expect("]", "']' is missing behind the key");
        return key is ConstantPart { Constant: IntegerConstant or TextConstant { Value.Length: <= MostKeyCharacters } } constant
            ? (new Step(constant.Constant, IsAttribute: false), end)
            : throw Mistake(key.Start, key.End, $"a key that can be looked for in the kernel is a whole number, or a text of at most {MostKeyCharacters} characters");
    }

    Part Atom()
    {
        var token = _token;
        switch (token.Kind, token.Text)
        {
            case (Kind.Number or Kind.Text, _):
                Advance();
                return new ConstantPart(token.Value!, token.Start, token.End);
            case (Kind.Keyword, "None"):
                Advance();
                return new ConstantPart(new NoneConstant(), token.Start, token.End);
            case (Kind.Keyword, "True" or "False"):
                Advance();
                return new ConstantPart(new TruthConstant(token.Text == "True"), token.Start, token.End);
            case (Kind.Name, _) when !token.Text.All(char.IsAscii):
                throw Mistake(token, $"'{token.Text}' cannot be looked for in the kernel: only names of ASCII letters can");
            case (Kind.Name, "len"):
                return Length();
            case (Kind.Name, _):
                Advance();
                return new OperandPart(new Place(token.Text, []), token.Start, token.End);
            case (Kind.Operator, "(" or "[" or "{"):
                return Bracketed();
            case (Kind.End, _):
                throw Mistake(token, _text.Trim().Length == 0 ? "there is no condition" : "something is missing at the end");
            default:
                throw Mistake(token, $"'{token.Text}' cannot be decided in the kernel", "an argument, an attribute or item of one, len(), a constant, or a condition in parentheses can stand here");
        }
    }

    OperandPart Length()
    {
        var start = _token.Start;
        Advance();
        Expect("(", "len is followed by an argument in parentheses: len(items)");
        var of = Primary();
        var end = _token.End;
        Expect(")", "')' is missing behind the argument of len()");
        return of is OperandPart { Operand: Place place } ? new OperandPart(new Length(place), start, end)
            : throw Mistake(of.Start, of.End, "len() is of an argument, or an attribute or item of one", "len(items), len(self.items)");
    }

    Part Bracketed()
    {
        using var _ = Enter();
        var open = _token;
        var close = open.Text switch { "(" => ")", "[" => "]", _ => "}" };
        Advance();
        var parts = new List<Part>();
        var isCollection = open.Text != "(";
        while (!Is(Kind.Operator, close))
        {
            parts.Add(Either());
            if (Is(Kind.Operator, ","))
            {
                isCollection = true;
                Advance();
            }
            else if (!Is(Kind.Operator, close))
            {
                throw Mistake(_token, _token.Kind == Kind.End ? $"'{open.Text}' is not closed" : $"'{_token.Text}' stands where ',' or '{close}' should");
            }
        }

        var end = _token.End;
        Advance();
        if (!isCollection && parts is [var only])
        {
            return only;
        }

        return new CollectionPart([.. parts.Select(part => part is ConstantPart constant ? constant.Constant : throw Mistake(part.Start, part.End, "only constants can be listed here"))], open.Start, end);
    }

    Scope Enter() => ++_depth <= MostDepth ? new Scope(this) : throw Mistake(_token, "the condition is nested too deep");

    readonly ref struct Scope(PythonConditionParser parser)
    {
        public void Dispose() => parser._depth--;
    }
}
