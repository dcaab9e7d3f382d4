namespace Sonde.Script.Syntax;

/// <summary>The operators: their tokens, how they bind, and how they are written.</summary>
static class OperatorTable
{
    /// <summary>The operator and its precedence (higher binds tighter), or null for another token.</summary>
    public static (BinaryOperator Operator, int Precedence)? Binary(TokenKind kind) => kind switch
    {
        TokenKind.OrOr => (BinaryOperator.LogicalOr, 1),
        TokenKind.AndAnd => (BinaryOperator.LogicalAnd, 2),
        TokenKind.Pipe => (BinaryOperator.BitwiseOr, 3),
        TokenKind.Caret => (BinaryOperator.BitwiseXor, 4),
        TokenKind.Ampersand => (BinaryOperator.BitwiseAnd, 5),
        TokenKind.Equal => (BinaryOperator.Equal, 6),
        TokenKind.NotEqual => (BinaryOperator.NotEqual, 6),
        TokenKind.Less => (BinaryOperator.Less, 7),
        TokenKind.Greater => (BinaryOperator.Greater, 7),
        TokenKind.LessOrEqual => (BinaryOperator.LessOrEqual, 7),
        TokenKind.GreaterOrEqual => (BinaryOperator.GreaterOrEqual, 7),
        TokenKind.ShiftLeft => (BinaryOperator.ShiftLeft, 8),
        TokenKind.ShiftRight => (BinaryOperator.ShiftRight, 8),
        TokenKind.Plus => (BinaryOperator.Add, 9),
        TokenKind.Minus => (BinaryOperator.Subtract, 9),
        TokenKind.Star => (BinaryOperator.Multiply, 10),
        TokenKind.Slash => (BinaryOperator.Divide, 10),
        TokenKind.Percent => (BinaryOperator.Modulo, 10),
        _ => null,
    };

    /// <summary>The operator of a compound assignment, or null for another token.</summary>
    public static BinaryOperator? Compound(TokenKind kind) => kind switch
    {
        TokenKind.PlusAssign => BinaryOperator.Add,
        TokenKind.MinusAssign => BinaryOperator.Subtract,
        TokenKind.StarAssign => BinaryOperator.Multiply,
        TokenKind.SlashAssign => BinaryOperator.Divide,
        TokenKind.PercentAssign => BinaryOperator.Modulo,
        TokenKind.AmpersandAssign => BinaryOperator.BitwiseAnd,
        TokenKind.PipeAssign => BinaryOperator.BitwiseOr,
        TokenKind.CaretAssign => BinaryOperator.BitwiseXor,
        TokenKind.ShiftLeftAssign => BinaryOperator.ShiftLeft,
        TokenKind.ShiftRightAssign => BinaryOperator.ShiftRight,
        _ => null,
    };

    /// <summary>The operator before an operand, or null for another token.</summary>
    public static UnaryOperator? Prefix(TokenKind kind) => kind switch
    {
        TokenKind.Minus => UnaryOperator.Minus,
        TokenKind.Exclamation => UnaryOperator.LogicalNot,
        TokenKind.Tilde => UnaryOperator.BitwiseNot,
        TokenKind.Star => UnaryOperator.Dereference,
        TokenKind.Ampersand => UnaryOperator.AddressOf,
        TokenKind.PlusPlus => UnaryOperator.PreIncrement,
        TokenKind.MinusMinus => UnaryOperator.PreDecrement,
        _ => null,
    };

    /// <summary>The operator's characters.</summary>
    public static string Text(BinaryOperator op) => op switch
    {
        BinaryOperator.LogicalOr => "||",
        BinaryOperator.LogicalAnd => "&&",
        BinaryOperator.BitwiseOr => "|",
        BinaryOperator.BitwiseXor => "^",
        BinaryOperator.BitwiseAnd => "&",
        BinaryOperator.Equal => "==",
        BinaryOperator.NotEqual => "!=",
        BinaryOperator.Less => "<",
        BinaryOperator.Greater => ">",
        BinaryOperator.LessOrEqual => "<=",
        BinaryOperator.GreaterOrEqual => ">=",
        BinaryOperator.ShiftLeft => "<<",
        BinaryOperator.ShiftRight => ">>",
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        _ => "%",
    };

    /// <summary>The operator's characters.</summary>
    public static string Text(UnaryOperator op) => op switch
    {
        UnaryOperator.Minus => "-",
        UnaryOperator.LogicalNot => "!",
        UnaryOperator.BitwiseNot => "~",
        UnaryOperator.Dereference => "*",
        UnaryOperator.AddressOf => "&",
        UnaryOperator.PreIncrement or UnaryOperator.PostIncrement => "++",
        _ => "--",
    };
}
