using System.Globalization;
using System.Text;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>The bound tree as text (<c>-d bound</c>): one statement a line, the types of what is stored and of what is not obvious.</summary>
sealed class BoundPrinter
{
    readonly StringBuilder _text = new();
    int _indent;

    BoundPrinter()
    {
    }

    public static string Print(BoundScript script)
    {
        var printer = new BoundPrinter();
        foreach (var map in script.Maps)
        {
            printer.Line($"map {map.Name}[{map.Key?.ToString() ?? ""}]: {map.Value?.ToString() ?? "?"}{(map.DeclaredType is { } kind ? $" ({kind}, {map.MaxEntries})" : "")}");
        }

        for (var i = 0; i < script.Actions.Count; i++)
        {
            var action = script.Actions[i];
            printer.Line($"action {i}: {action.Kind} {action.Payload}{(action.Map is { } map ? $" {map.Name}" : "")}{Quoted(action.Format)}{Quoted(action.Message)}");
        }

        foreach (var probe in script.Probes)
        {
            printer.Line(string.Join(", ", probe.Places.Select(place => $"{place.Name} #{place.NameIndex}")) + (probe.FiltersProcess ? " (of the process)" : ""));
            printer.Print(probe.Body);
        }

        return printer._text.ToString();
    }

    static string Quoted(string text) => text.Length == 0 ? "" : " " + Quote(text);

    static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
        {
            _ = character switch
            {
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                '"' or '\\' => quoted.Append('\\').Append(character),
                _ when char.IsControl(character) => quoted.Append("\\x").Append(((int)character).ToString("x2", CultureInfo.InvariantCulture)),
                _ => quoted.Append(character),
            };
        }

        return quoted.Append('"').ToString();
    }

    void Line(string text) => _text.Append(' ', _indent * 4).Append(text).Append('\n');

    void Print(BoundStatement statement)
    {
        switch (statement)
        {
            case BoundBlock block:
                Line("{");
                Body(block.Statements);
                Line("}");
                break;
            case BoundExpressionStatement { Expression: var expression }:
                Line(Of(expression));
                break;
            case BoundSetVariable set:
                Line($"{set.Variable.Name}: {set.Variable.Type} = {(set.Value is null ? "0" : Of(set.Value))}");
                break;
            case BoundSetMap set:
                Line($"{Entry(set.Map, set.Key)} = {Of(set.Value)}");
                break;
            case BoundAggregate aggregate:
                Line($"{Entry(aggregate.Map, aggregate.Key)} <- {aggregate.Map.Value}({(aggregate.Value is null ? "" : Of(aggregate.Value))})");
                break;
            case BoundSend send:
                Line($"send {send.Action}({List(send.Payload)}){(send.EndsProgram ? ", end" : "")}");
                break;
            case BoundJoin join:
                Line($"join {join.Action}({Of(join.Array)}, {join.Space})");
                break;
            case BoundIf choice:
                Line($"if {Of(choice.Condition)}");
                Nested(choice.Then);
                if (choice.Else is { } otherwise)
                {
                    Line("else");
                    Nested(otherwise);
                }

                break;
            case BoundWhile loop:
                Line($"while {Of(loop.Condition)}");
                Nested(loop.Body);
                break;
            case BoundForRange loop:
                Line($"for {loop.Variable.Name}: {loop.Variable.Type} in {Of(loop.From)}..{Of(loop.To)}");
                Nested(loop.Body);
                break;
            case BoundForMap loop:
                Line($"for {loop.Variable.Name}: {loop.Variable.Type} in {loop.Map.Name}");
                Nested(loop.Body);
                break;
            case BoundBreak:
                Line("break");
                break;
            case BoundContinue:
                Line("continue");
                break;
            case BoundReturn { Value: var value }:
                Line(value is null ? "return" : $"return {Of(value)}");
                break;
            default:
                Line(statement.GetType().Name);
                break;
        }
    }

    void Nested(BoundStatement statement) => Print(statement is BoundBlock ? statement : new BoundBlock([statement]));

    void Body(IReadOnlyList<BoundStatement> statements)
    {
        _indent++;
        foreach (var statement in statements)
        {
            Print(statement);
        }

        _indent--;
    }

    static string Entry(ScriptMap map, BoundExpression? key) => key is null ? map.Name : $"{map.Name}[{Of(key)}]";

    static string List(IReadOnlyList<BoundExpression> expressions) => string.Join(", ", expressions.Select(Of));

    static string Of(BoundExpression expression) => expression switch
    {
        BoundConstant { Type: VoidType } => "nothing",
        BoundConstant { Type: BoolType, Value: var truth } => truth != 0 ? "true" : "false",
        BoundConstant constant => $"{Literals.ValueOf(constant).ToString(CultureInfo.InvariantCulture)}:{Short(constant.Type)}",
        BoundText text => $"{Quote(Encoding.UTF8.GetString(text.Bytes))}:{text.Text}",
        BoundBytes bytes => $"{System.Convert.ToHexStringLower(bytes.Bytes)}:{bytes.Type}",
        BoundVariableRead read => read.Variable.Name,
        BoundMapRead read => Entry(read.Map, read.Key),
        BoundAggregateRead read => $"number({Entry(read.Map, read.Key)}):{read.Type}",
        BoundHasKey test => $"has({Entry(test.Map, test.Key)})",
        BoundDelete delete => $"delete({Entry(delete.Map, delete.Key)})",
        BoundFind find => $"find({Entry(find.Map, find.Key)}, {find.Into.Name}: {find.Into.Type})",
        BoundLength length => $"len({(length.Map is { } map ? map.Name : Of(length.Stack!))})",
        BoundUnary unary => $"{Sign(unary.Operator)}{Of(unary.Operand)}",
        BoundBinary binary => $"({Of(binary.Left)} {Sign(binary)} {Of(binary.Right)})",
        BoundLogical logical => $"({Of(logical.Left)} {(logical.IsAnd ? "&&" : "||")} {Of(logical.Right)})",
        BoundMemoryEqual equal => $"({Of(equal.Left)} {(equal.Negated ? "!=" : "==")}{(equal.Limit > 0 ? $"[{equal.Limit}]" : "")} {Of(equal.Right)})",
        BoundConditional choice => $"({Of(choice.Condition)} ? {Of(choice.WhenTrue)} : {Of(choice.WhenFalse)})",
        BoundConvert convert => $"({Short(convert.Type)}){Of(convert.Operand)}",
        BoundDereference memory => $"*{Letter(memory.Space)}({Of(memory.Address)}):{memory.Type}{Bits(memory.BitOffset, memory.BitSize)}",
        BoundElement element => $"{Of(element.Aggregate)}@{element.Offset}{(element.Index is { } index ? $"+{Of(index)}<{element.Count}" : "")}:{element.Type}{Bits(element.BitOffset, element.BitSize)}",
        BoundTuple tuple => $"({List(tuple.Elements)}):{tuple.Tuple}",
        BoundAddressOf address => $"&{address.Variable?.Name ?? Entry(address.Map!, address.Key)}",
        BoundContext => "ctx",
        BoundArgument argument => $"{Source(argument.Source)}:{argument.Type}",
        BoundCall call => $"{call.Function}({List(call.Arguments)}{(call.Number != 0 ? $"; {call.Number.ToString(CultureInfo.InvariantCulture)}" : "")}{(call.Space == AddressSpace.None ? "" : $" {Letter(call.Space)}")}):{Short(call.Type)}",
        BoundIncrement increment => $"{(increment.ReturnsOld ? "old" : "new")}({increment.Variable?.Name ?? Entry(increment.Map!, increment.Key)} += {increment.Delta.ToString(CultureInfo.InvariantCulture)})",
        BoundBlockExpression block => Block(block),
        _ => expression.GetType().Name,
    };

    static string Block(BoundBlockExpression block)
    {
        var printer = new BoundPrinter();
        foreach (var statement in block.Statements)
        {
            printer.Print(statement);
        }

        return $"{{ {printer._text.Replace("\n", "; ")}{Of(block.Value)} }}";
    }

    static string Short(DataType type) => type is IntegerType number ? $"{(number.IsSigned ? "i" : "u")}{number.Size * 8}" : type.ToString();

    static string Letter(AddressSpace space) => space switch
    {
        AddressSpace.Kernel => "k",
        AddressSpace.User => "u",
        AddressSpace.Program => "p",
        AddressSpace.Context => "c",
        _ => "?",
    };

    static string Bits(int offset, int size) => size == 0 ? "" : $" bits {offset}+{size}";

    static string Source(ArgumentSource source) => source switch
    {
        ContextSource context => $"ctx+{context.Offset}",
        RegisterSource register => $"regs+{register.Offset}",
        StackSource stack => $"stack+{stack.Offset}",
        MemorySource memory => $"[regs+{memory.Register}]+{memory.Offset.ToString(CultureInfo.InvariantCulture)}",
        UsdtSource usdt => $"usdt {usdt.Argument.Text}",
        _ => source.GetType().Name,
    };

    static string Sign(BoundUnaryOperator op) => op switch
    {
        BoundUnaryOperator.Negate => "-",
        BoundUnaryOperator.BitwiseNot => "~",
        _ => "!",
    };

    static string Sign(BoundBinary binary)
    {
        var sign = OperatorTable.Text(binary.Operator);
        // The sign decides between two operations here, and nowhere else.
        return binary.Left.Type is IntegerType { IsSigned: false } && binary.Operator is BinaryOperator.Less or BinaryOperator.Greater or BinaryOperator.LessOrEqual
            or BinaryOperator.GreaterOrEqual or BinaryOperator.Divide or BinaryOperator.Modulo or BinaryOperator.ShiftRight ? sign + "u" : sign;
    }
}
