using System.Globalization;
using System.Text;

namespace Sonde.Script.Syntax;

/// <summary>Writes a tree for people: a node a line, its children indented by a blank below it.</summary>
sealed class TreePrinter
{
    readonly StringBuilder _text = new();
    int _depth;

    /// <summary>The whole script.</summary>
    public static string Print(Script script)
    {
        TreePrinter printer = new();
        printer.Write(script);
        return printer._text.ToString();
    }

    /// <summary>One expression.</summary>
    public static string Print(Expression expression)
    {
        TreePrinter printer = new();
        printer.Write(expression);
        return printer._text.ToString();
    }

    void Line(string text) => _text.Append(' ', _depth).Append(text).Append('\n');

    void Line(string text, Action children)
    {
        Line(text);
        _depth++;
        children();
        _depth--;
    }

    void Write(Script script) => Line("Program", () =>
    {
        if (script.Config is not null)
        {
            Line("config", () =>
            {
                foreach (ConfigEntry entry in script.Config.Entries)
                {
                    Line($"{entry.Name} = {(entry.IsQuoted ? Quoted(entry.Value) : entry.Value)}");
                }
            });
        }

        foreach (Import import in script.Imports)
        {
            Line("import " + Quoted(import.Path));
        }

        foreach (CDefinition definition in script.Definitions)
        {
            Write(definition);
        }

        foreach (MapDeclaration map in script.MapDeclarations)
        {
            Line($"map {map.Name} = {map.Kind}({map.MaxEntries})");
        }

        foreach (Macro macro in script.Macros)
        {
            Line($"macro {macro.Name}({string.Join(", ", macro.Parameters.Select(p => p.Name))})", () =>
            {
                Write(macro.Statements);
                if (macro.Value is not null)
                {
                    Line("value", () => Write(macro.Value));
                }
            });
        }

        foreach (Subprogram function in script.Subprograms)
        {
            string parameters = string.Join(", ", function.Parameters.Select(p => $"{p.Name}: {p.Type}"));
            Line($"fn {function.Name}({parameters}): {function.ReturnType}", () => Write(function.Body.Statements));
        }

        foreach (Probe probe in script.Probes)
        {
            Write(probe);
        }
    });

    void Write(Probe probe)
    {
        foreach (AttachPoint point in probe.AttachPoints)
        {
            Line((probe.Name is null ? "" : probe.Name + "=") + Escaped(point.ToString()));
        }

        _depth++;
        if (probe.Predicate is not null)
        {
            Line("predicate", () => Write(probe.Predicate));
        }

        Write(probe.Body.Statements);
        _depth--;
    }

    void Write(CDefinition definition)
    {
        string name = definition.Name.Length == 0 ? "(anonymous)" : definition.Name;
        switch (definition)
        {
            case CRecord record:
                string packed = record.IsPacked ? " packed" : "";
                string aligned = record.Alignment is int bytes ? $" aligned({bytes})" : "";
                Line($"{(record.IsUnion ? "union" : "struct")} {name}{packed}{aligned}", () =>
                {
                    foreach (CField field in record.Fields)
                    {
                        Write(field);
                    }
                });
                break;
            case CEnum values:
                Line($"enum {name}", () =>
                {
                    foreach (CEnumConstant constant in values.Constants)
                    {
                        Line($"{constant.Name} = {constant.Value}");
                    }
                });
                break;
            case CTypedef typedef:
                Line($"typedef {name}: {typedef.Type}");
                WriteInner(typedef.Type);
                break;
        }
    }

    void Write(CField field)
    {
        string bits = field.Bits is int width ? $" : {width}" : "";
        string aligned = field.Alignment is int bytes ? $" aligned({bytes})" : "";
        Line($"{(field.Name.Length == 0 ? "(anonymous)" : field.Name)}: {field.Type}{bits}{aligned}");
        WriteInner(field.Type);
    }

    void WriteInner(TypeName type)
    {
        if (type.Definition is not null)
        {
            _depth++;
            Write(type.Definition);
            _depth--;
        }
    }

    void Write(IReadOnlyList<Statement> statements)
    {
        foreach (Statement statement in statements)
        {
            Write(statement);
        }
    }

    void Write(Statement statement)
    {
        switch (statement)
        {
            case Block s:
                Line("block", () => Write(s.Statements));
                break;
            case ExpressionStatement s:
                Write(s.Expression);
                break;
            case Let s:
                Line($"let {s.Variable.Name}{(s.Type is null ? "" : ": " + s.Type)}", () =>
                {
                    if (s.Value is not null)
                    {
                        Write(s.Value);
                    }
                });
                break;
            case Assign s:
                Line((s.Operator is BinaryOperator op ? OperatorTable.Text(op) : "") + "=", () =>
                {
                    Write(s.Target);
                    Write(s.Value);
                });
                break;
            case Discard s:
                Line("discard", () => Write(s.Expression));
                break;
            case If s:
                Line("if", () =>
                {
                    Write(s.Condition);
                    Line("then", () => Write(s.Then.Statements));
                    if (s.Else is Statement otherwise)
                    {
                        Line("else", () => Write(otherwise is Block block ? block.Statements : [otherwise]));
                    }
                });
                break;
            case While s:
                Line("while", () =>
                {
                    Write(s.Condition);
                    Line("do", () => Write(s.Body.Statements));
                });
                break;
            case ForRange s:
                Line("for " + s.Variable.Name, () =>
                {
                    Line("from", () => Write(s.Start));
                    Line("to", () => Write(s.End));
                    Line("do", () => Write(s.Body.Statements));
                });
                break;
            case ForMap s:
                Line("for " + s.Variable.Name, () =>
                {
                    Write(s.Map);
                    Line("do", () => Write(s.Body.Statements));
                });
                break;
            case Unroll s:
                Line("unroll", () =>
                {
                    Write(s.Count);
                    Line("do", () => Write(s.Body.Statements));
                });
                break;
            case Return s:
                Line("return", () =>
                {
                    if (s.Value is not null)
                    {
                        Write(s.Value);
                    }
                });
                break;
            default:
                Line(statement is Break ? "break" : "continue");
                break;
        }
    }

    void Write(IReadOnlyList<Expression> expressions)
    {
        foreach (Expression expression in expressions)
        {
            Write(expression);
        }
    }

    void Write(Expression expression)
    {
        switch (expression)
        {
            case IntegerLiteral e:
                Line("int: " + e.Value.ToString(CultureInfo.InvariantCulture));
                break;
            case StringLiteral e:
                Line("string: " + Quoted(e.Bytes));
                break;
            case BoolLiteral e:
                Line("bool: " + (e.Value ? "true" : "false"));
                break;
            case PositionalParameter e:
                Line($"param: ${e.Index}" + (e.Value is null ? "" : " = " + Quoted(e.Value)));
                break;
            case ParameterCount e:
                Line($"param: $# = {e.Count}");
                break;
            case Identifier e:
                Line("name: " + e.Name);
                break;
            case Variable e:
                Line("variable: " + e.Name);
                break;
            case MapAccess e:
                Line("map: " + e.Name, () => Write(e.Keys));
                break;
            case Call e:
                Line("call: " + e.Name, () => Write(e.Arguments));
                break;
            case Unary e:
                string before = e.Operator is UnaryOperator.PostIncrement or UnaryOperator.PostDecrement ? "post" : "";
                Line(before + OperatorTable.Text(e.Operator), () => Write(e.Operand));
                break;
            case Binary e:
                Line(OperatorTable.Text(e.Operator), () => Write([e.Left, e.Right]));
                break;
            case Conditional e:
                Line(e.Then is null ? "?:" : "? :", () => Write(e.Then is null ? [e.Condition, e.Else] : [e.Condition, e.Then, e.Else]));
                break;
            case Cast e:
                Line($"cast: {e.Type}", () => Write(e.Operand));
                break;
            case Member e:
                Line((e.IsArrow ? "-> " : ". ") + e.Name, () => Write(e.Operand));
                break;
            case TupleIndex e:
                Line($". {e.Index}", () => Write(e.Operand));
                break;
            case IndexAccess e:
                Line("[]", () => Write([e.Operand, e.Index]));
                break;
            case TupleLiteral e:
                Line("tuple", () => Write(e.Elements));
                break;
            case RecordLiteral e:
                Line("record", () =>
                {
                    foreach (RecordField field in e.Fields)
                    {
                        Line(field.Name + " =", () => Write(field.Value));
                    }
                });
                break;
            case SizeOf e:
                WriteQuery("sizeof", e.Type, e.Operand);
                break;
            case OffsetOf e:
                WriteQuery($"offsetof {string.Join('.', e.Path)}", e.Type, e.Operand);
                break;
            case TypeInfo e:
                WriteQuery("typeinfo", e.Type, e.Operand);
                break;
            case TypeExpression e:
                Line($"type: {e.Type}");
                break;
            case Comptime e:
                Line("comptime", () => Write(e.Operand));
                break;
            case BlockExpression e:
                Line("block", () =>
                {
                    Write(e.Statements);
                    Line("value", () => Write(e.Value));
                });
                break;
        }
    }

    void WriteQuery(string word, TypeName? type, Expression? operand) => Line(word, () =>
    {
        if (type is not null)
        {
            Line($"type: {type}");
        }
        else if (operand is not null)
        {
            Write(operand);
        }
    });

    static string Quoted(string text) => $"\"{Escaped(text)}\"";

    static string Escaped(string text)
    {
        StringBuilder result = new();
        foreach (char c in text)
        {
            result.Append(c switch
            {
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                '"' => "\\\"",
                '\\' => "\\\\",
                < ' ' or (>= '\x7f' and <= '\xff') => $"\\x{(int)c:x2}",
                _ => c.ToString(),
            });
        }

        return result.ToString();
    }
}
