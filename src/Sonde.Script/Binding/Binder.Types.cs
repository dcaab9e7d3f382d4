using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    DataType ResolveType(TypeName name, bool allowOpenArray = false)
    {
        if (name.TypeOf is { } operand)
        {
            var type = WithoutText(BindExpression(operand)).Type;
            return TypeResolver.AddSuffixes(type is AggregateType ? NumberOf(type) : type, name.Suffixes);
        }

        var found = _types.Find(name, _program.Places[0]);
        switch (found)
        {
            case null:
                Error(name.Span, $"Cannot resolve unknown type \"{(name.Keyword == TypeKeyword.None ? "" : name.Keyword.ToString().ToLowerInvariant() + " ")}{name.Name}\"", DidYouMean(name.Name, _types.KnownNames(name.Keyword)));
                return UnknownType.Instance;
            case ArrayType { Count: 0 } when !allowOpenArray:
                Error(name.Span, "Could not determine size of the array");
                return UnknownType.Instance;
            case StringType { Capacity: 0 }:
                return new StringType(_options.Config.MaxStringLength + 1);
            default:
                return found;
        }
    }

    /// <summary>The type that <c>sizeof</c> and its kin ask for; a bare name may be a typedef.</summary>
    DataType OperandType(TypeName? type, Expression? operand)
    {
        if (type is not null)
        {
            return ResolveType(type);
        }

        if (operand is Identifier { Name: var name, Span: var span } && !IsValueName(name) && _types.Find(new(span, TypeKeyword.None, name, []), _program.Places[0]) is { } named)
        {
            return named;
        }

        return WithoutText(BindExpression(operand!)).Type;
    }

    BoundExpression BindSizeOf(SizeOf syntax)
    {
        var type = OperandType(syntax.Type, syntax.Operand);
        return IsUnknown(type) ? Unknown : new BoundConstant(IntegerType.UInt64, type.Size);
    }

    BoundExpression BindOffsetOf(OffsetOf syntax)
    {
        var type = OperandType(syntax.Type, syntax.Operand);
        if (IsUnknown(type))
        {
            return Unknown;
        }

        var offset = 0;
        foreach (var name in syntax.Path)
        {
            if (type is PointerType { Target: StructType target } && offset == 0)
            {
                type = target;
            }

            if (type is not StructType structure)
            {
                return Fail(syntax.Span, $"'{type}' is not a struct or union, offsetof() needs one");
            }

            if (structure.Find(name) is not { } field)
            {
                return Fail(syntax.Span, $"'{structure}' has no field named '{name}'", DidYouMean(name, structure.Fields.Select(known => known.Name)));
            }

            offset += field.Offset;
            type = field.Type;
        }

        return new BoundConstant(IntegerType.UInt64, offset);
    }

    /// <summary>The record of a type's names.</summary>
    BoundExpression BindTypeInfo(TypeInfo syntax)
    {
        if (!MayUse("typeinfo", _options.Config.UnstableTypeInfo, syntax.Span))
        {
            return Unknown;
        }

        var type = OperandType(syntax.Type, syntax.Operand);
        if (IsUnknown(type))
        {
            return Unknown;
        }

        return TupleOf([new BoundConstant(IntegerType.UInt32, 0), Text(BaseName(type)), Text(type.ToString())], ["btf_id", "base_type", "full_type"]);
    }

    BoundExpression BindTypeInfoField(TypeInfo syntax, Member member)
    {
        if (!MayUse("typeinfo", _options.Config.UnstableTypeInfo, syntax.Span))
        {
            return Unknown;
        }

        var type = OperandType(syntax.Type, syntax.Operand);
        return member.Name switch
        {
            _ when IsUnknown(type) => Unknown,
            "base_type" => Text(BaseName(type)),
            "full_type" => Text(type.ToString()),
            "btf_id" => new BoundConstant(IntegerType.UInt32, 0),
            _ => Fail(member.Span, $"typeinfo has no field named '{member.Name}'", "Its fields are btf_id, base_type and full_type"),
        };
    }

    /// <summary>The kind of a type without its size and parts.</summary>
    static string BaseName(DataType type) => type switch
    {
        IntegerType or BoolType => "int",
        StructType structure => structure.IsUnion ? "union" : "struct",
        TupleType { Names: not null } => "record",
        TupleType => "tuple",
        EnumType => "enum",
        ArrayType { Element: IntegerType { Size: 1, IsSigned: true } } => "string",
        _ => NameOf(type),
    };
}
