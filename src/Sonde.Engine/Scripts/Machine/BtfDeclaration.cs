using System.Globalization;
using System.Text;
using Sonde.Bpf.Btf;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Writes types of BTF as C declares them.</summary>
sealed class BtfDeclaration
{
    const int MostDepth = 16;
    const int MostText = 1 << 20;

    /// <summary>Members and parameters of one declaration, those of functions it takes included. A structure has at most 65,535.</summary>
    const int MostMembers = 1 << 17;

    /// <summary>Functions that take functions, and so on: in damaged types without end.</summary>
    const int MostFunctions = 4;

    int _members;

    /// <summary>A parameter or field in one line: <c>struct task_struct * prev</c>.</summary>
    public static string Of(BtfType type, string name)
    {
        var words = new StringBuilder();
        Guard(words, () => Specifier(words, type, 0));
        return words.Append(name.Length > 0 ? " " : "").Append(name).ToString();
    }

    /// <summary>A structure, union or enumeration with its members, in several lines, the last one not ended.</summary>
    public static string Definition(BtfType type)
    {
        var text = new StringBuilder();
        Guard(text, () => new BtfDeclaration().Define(text, type, 0));
        return text.Append(';').ToString();
    }

    /// <summary>Damaged types are written as far as they go.</summary>
    static void Guard(StringBuilder text, Action write)
    {
        try
        {
            write();
        }
        catch (BtfException)
        {
            text.Append('?');
        }
    }

    /// <summary>The type as it stands before a parameter's name, pointers with a blank before each star.</summary>
    static void Specifier(StringBuilder text, BtfType type, int depth)
    {
        if (depth > MostDepth)
        {
            text.Append('?');
            return;
        }

        switch (type.Kind)
        {
            case BtfKind.Pointer when type.Target.Kind == BtfKind.FunctionPrototype:
                text.Append("void *");
                break;
            case BtfKind.Pointer:
                Specifier(text, type.Target, depth + 1);
                text.Append(" *");
                break;
            case BtfKind.Const:
                text.Append("const ");
                Specifier(text, type.Target, depth + 1);
                break;
            case BtfKind.Volatile:
                text.Append("volatile ");
                Specifier(text, type.Target, depth + 1);
                break;
            case BtfKind.Restrict or BtfKind.TypeTag:
                Specifier(text, type.Target, depth + 1);
                break;
            case BtfKind.Array:
                Specifier(text, type.Target, depth + 1);
                text.Append(CultureInfo.InvariantCulture, $"[{type.ElementCount}]");
                break;
            default:
                text.Append(NameOf(type));
                break;
        }
    }

    void Define(StringBuilder text, BtfType type, int depth)
    {
        text.Append(Keyword(type)).Append(type.Name.Length > 0 ? " " : "").Append(type.Name).Append(" {\n");
        if (type.Kind is BtfKind.Enumeration or BtfKind.Enumeration64)
        {
            foreach (var (name, value) in type.Values)
            {
                Indent(text, depth + 1).Append(CultureInfo.InvariantCulture, $"{name} = {value},\n");
            }
        }

        foreach (var member in type.Members)
        {
            if (text.Length > MostText)
            {
                break;
            }

            Indent(text, depth + 1);
            Member(text, member.Type, member.Name, depth + 1);
            if (member.BitSize > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $": {member.BitSize}");
            }

            text.Append(";\n");
        }

        Indent(text, depth).Append('}');
    }

    /// <summary>A member's declaration, the way C winds it around the name.</summary>
    void Member(StringBuilder text, BtfType type, string name, int depth)
    {
        if (++_members > MostMembers)
        {
            text.Append('?');
            return;
        }

        var declarator = name;
        for (var i = 0; i < MostDepth; i++)
        {
            switch (type.Kind)
            {
                case BtfKind.Pointer:
                    declarator = "*" + declarator;
                    type = type.Target;
                    // Qualifiers of what is pointed to stand with it; those of the pointer itself are of no use to a reader.
                    if (type.Kind is BtfKind.FunctionPrototype or BtfKind.Array)
                    {
                        declarator = $"({declarator})";
                    }

                    continue;
                case BtfKind.Array:
                    declarator = string.Create(CultureInfo.InvariantCulture, $"{declarator}[{type.ElementCount}]");
                    type = type.Target;
                    continue;
                case BtfKind.FunctionPrototype:
                    declarator += "(" + (depth < MostDepth + MostFunctions ? string.Join(", ", type.Parameters.Select(p => p.Type.Kind == BtfKind.Void ? "..." : Declared(p.Type, p.Name, depth))) : "...") + ")";
                    type = type.Target;
                    continue;
                case BtfKind.Const when type.Target.Kind is BtfKind.Pointer:
                case BtfKind.Restrict or BtfKind.TypeTag:
                    type = type.Target;
                    continue;
            }

            break;
        }

        var qualified = type;
        while (qualified.Kind is BtfKind.Const or BtfKind.Volatile && text.Length < MostText)
        {
            text.Append(qualified.Kind == BtfKind.Const ? "const " : "volatile ");
            qualified = qualified.Target;
        }

        if (qualified.Name.Length == 0 && qualified.Kind is BtfKind.Structure or BtfKind.Union or BtfKind.Enumeration or BtfKind.Enumeration64 && depth < MostDepth)
        {
            Define(text, qualified, depth);
        }
        else
        {
            text.Append(NameOf(qualified));
        }

        if (declarator.Length > 0)
        {
            text.Append(' ').Append(declarator);
        }
    }

    string Declared(BtfType type, string name, int depth)
    {
        var text = new StringBuilder();
        Member(text, type, name, Math.Max(depth, MostDepth) + 1);
        return text.ToString();
    }

    static string NameOf(BtfType type) => type.Kind == BtfKind.Forward ? $"struct {type.Name}" : type.Name.Length == 0 ? Keyword(type) : type.ToString();

    static string Keyword(BtfType type) => type.Kind switch
    {
        BtfKind.Structure => "struct",
        BtfKind.Union => "union",
        BtfKind.Enumeration or BtfKind.Enumeration64 => "enum",
        _ => "void",
    };

    static StringBuilder Indent(StringBuilder text, int depth) => text.Append('\t', depth);
}
