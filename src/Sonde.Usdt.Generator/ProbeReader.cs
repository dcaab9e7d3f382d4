using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Sonde.Usdt.Generator;

/// <summary>Reads what is written of a probe, and finds what is wrong with it.</summary>
sealed class ProbeReader
{
    const int MostParameters = 12;
    const string ProviderAttribute = "Sonde.Usdt.UsdtProviderAttribute";

    static readonly SymbolDisplayFormat _written = SymbolDisplayFormat.FullyQualifiedFormat
        .AddMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    readonly IMethodSymbol _method;
    readonly MethodDeclarationSyntax _syntax;
    readonly List<Problem> _problems = [];

    ProbeReader(IMethodSymbol method, MethodDeclarationSyntax syntax) => (_method, _syntax) = (method, syntax);

    /// <summary>A method with the attribute.</summary>
    /// <returns>The probe; null when something is wrong with it.</returns>
    public static (ProbeMethod? Probe, EquatableArray<Problem> Problems) Read(GeneratorAttributeSyntaxContext context)
    {
        var reader = new ProbeReader((IMethodSymbol)context.TargetSymbol, (MethodDeclarationSyntax)context.TargetNode);
        var probe = reader.Read(context.Attributes[0]);
        return (reader._problems.Count > 0 ? null : probe, new(reader._problems));
    }

    /// <summary>The provider of an assembly's probes that name none: as its attribute says, or called like the assembly.</summary>
    public static Provider OfAssembly(IAssemblySymbol assembly) => ProviderOn(assembly) ?? new(ProbeNames.Snake(assembly.Name), LoadAtStart: true);

    ProbeMethod Read(AttributeData attribute)
    {
        // With a body it is the implementing part of a method whose other part may not be there.
        if (!_method.IsPartialDefinition || !_method.ReturnsVoid || _method.PartialImplementationPart is not null)
        {
            Report(Problems.NotPartial, _method.Name);
        }

        if (_method.IsGenericMethod)
        {
            Report(Problems.Generic, _method.Name);
        }

        var types = new List<string>();
        Provider? provider = null;
        for (var type = _method.ContainingType; type is not null; type = type.ContainingType)
        {
            types.Insert(0, Part(type));
            provider ??= ProviderOn(type);
        }

        var probe = attribute.ConstructorArguments.FirstOrDefault().Value is string name ? name : ProbeNames.Snake(_method.Name);
        CheckName(probe, "a probe");
        if (provider is { } named)
        {
            CheckName(named.Name, "a provider");
        }

        if (_method.Parameters.Length > MostParameters)
        {
            Report(Problems.TooMany, _method.Name, $"{_method.Parameters.Length}");
        }

        var containing = _method.ContainingType;
        return new()
        {
            Probe = probe,
            Provider = provider,
            Name = _syntax.Identifier.Text,
            Modifiers = _syntax.Modifiers.ToString(),
            Access = Access(_method.DeclaredAccessibility),
            Namespace = containing.ContainingNamespace.IsGlobalNamespace ? "" : containing.ContainingNamespace.ToDisplayString(),
            Types = new(types),
            Parameters = new(_method.Parameters.Select(Parameter)),
            HasCompanion = containing.GetMembers($"Is{_method.Name}Enabled").Length > 0,
            ShowsProvider = ProviderOn(containing) is not null && containing.GetMembers("Provider").Length == 0,
            Place = Place.Of(_syntax.Identifier.GetLocation()),
        };
    }

    ProbeParameter Parameter(IParameterSymbol parameter)
    {
        var place = parameter.Locations.Length > 0 ? parameter.Locations[0] : _syntax.Identifier.GetLocation();
        if (parameter.RefKind != RefKind.None)
        {
            Report(Problems.ByReference, place, parameter.Name, _method.Name, parameter.RefKind switch { RefKind.Out => "out", RefKind.In => "in", RefKind.Ref => "ref", _ => "ref readonly" });
        }

        if (!ProbeNames.IsForArguments(parameter.Name))
        {
            Report(Problems.BadName, place, parameter.Name, "an argument", "letters, digits and underscores, at most 128 of them");
        }

        var passed = Passed(parameter.Type);
        if (passed is null)
        {
            Report(Problems.Unsupported, place, parameter.Name, _method.Name, parameter.Type.ToDisplayString());
        }

        var written = parameter.Type.ToDisplayString(_written);
        return new(
            SyntaxFacts.GetKeywordKind(parameter.Name) == SyntaxKind.None ? parameter.Name : "@" + parameter.Name,
            _method.IsExtensionMethod && parameter.Ordinal == 0 ? "this " + written : written, passed ?? "", parameter.Type.TypeKind == TypeKind.Enum);
    }

    /// <summary>The type a value is passed as, of those <c>UsdtProvider.AddProbe</c> takes; null when it cannot be.</summary>
    static string? Passed(ITypeSymbol type) => type switch
    {
        INamedTypeSymbol { EnumUnderlyingType: { } number } => Passed(number),
        IArrayTypeSymbol { Rank: 1, ElementType.SpecialType: SpecialType.System_Byte } => "byte[]?",
        INamedTypeSymbol { Name: "ReadOnlyMemory" } when type.ToDisplayString() == "System.ReadOnlyMemory<byte>" => "global::System.ReadOnlyMemory<byte>",
        _ => type.SpecialType switch
        {
            SpecialType.System_SByte => "sbyte",
            SpecialType.System_Byte => "byte",
            SpecialType.System_Int16 => "short",
            SpecialType.System_UInt16 => "ushort",
            SpecialType.System_Int32 => "int",
            SpecialType.System_UInt32 => "uint",
            SpecialType.System_Int64 => "long",
            SpecialType.System_UInt64 => "ulong",
            SpecialType.System_IntPtr => "nint",
            SpecialType.System_UIntPtr => "nuint",
            SpecialType.System_Boolean => "bool",
            SpecialType.System_Char => "char",
            SpecialType.System_Single => "float",
            SpecialType.System_Double => "double",
            SpecialType.System_String => "string?",
            _ => null,
        },
    };

    /// <summary>How another part of a type begins.</summary>
    string Part(INamedTypeSymbol type)
    {
        var word = (type.IsRecord, type.TypeKind) switch
        {
            (true, TypeKind.Struct) => "record struct",
            (true, _) => "record",
            (_, TypeKind.Struct) => "struct",
            (_, TypeKind.Interface) => "interface",
            _ => "class",
        };
        if (!type.DeclaringSyntaxReferences.Any(static part => part.GetSyntax() is TypeDeclarationSyntax declared && declared.Modifiers.Any(SyntaxKind.PartialKeyword)))
        {
            Report(Problems.TypeNotPartial, _method.Name, type.Name, word);
        }

        var parameters = type.TypeParameters.Length > 0 ? $"<{string.Join(", ", type.TypeParameters.Select(static parameter => parameter.Name))}>" : "";
        return $"partial {word} {type.Name}{parameters}";
    }

    static Provider? ProviderOn(ISymbol symbol)
    {
        foreach (var attribute in symbol.GetAttributes())
        {
            if (attribute.AttributeClass?.ToDisplayString() == ProviderAttribute && attribute.ConstructorArguments.FirstOrDefault().Value is string name)
            {
                return new(name, !attribute.NamedArguments.Any(static option => option is { Key: "LoadAtStart", Value.Value: false }));
            }
        }

        return null;
    }

    void CheckName(string name, string what)
    {
        if (!ProbeNames.IsForTools(name))
        {
            Report(Problems.BadName, name, what, "1 to 128 characters, none of them a colon, a slash, a blank or a control character");
        }
    }

    void Report(DiagnosticDescriptor kind, params string[] words) => Report(kind, _syntax.Identifier.GetLocation(), words);

    void Report(DiagnosticDescriptor kind, Location place, params string[] words) => _problems.Add(new(kind, Place.Of(place), new(words)));

    static string Access(Accessibility access) => access switch
    {
        Accessibility.Public => "public ",
        Accessibility.Internal => "internal ",
        Accessibility.Protected => "protected ",
        Accessibility.ProtectedOrInternal => "protected internal ",
        Accessibility.ProtectedAndInternal => "private protected ",
        _ => "",
    };
}
