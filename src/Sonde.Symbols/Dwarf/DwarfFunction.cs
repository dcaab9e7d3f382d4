namespace Sonde.Symbols.Dwarf;

/// <summary>A function with its parameters.</summary>
public sealed class DwarfFunction
{
    readonly Die _die;
    readonly Lazy<IReadOnlyList<DwarfParameter>> _parameters;

    internal DwarfFunction(Die die, AddressRange? first)
    {
        _die = die;
        Address = first?.Low;
        EndAddress = first?.High;
        Name = die.InheritedText(DwarfAttribute.Name) ?? "";
        LinkageName = die.InheritedText(DwarfAttribute.LinkageName, DwarfAttribute.MipsLinkageName);
        _parameters = new(ReadParameters);
    }

    /// <summary>Its name in the source, without scope and parameters.</summary>
    public string Name { get; }

    /// <summary>The name the linker knows it by, where that is another; null otherwise.</summary>
    public string? LinkageName { get; }

    /// <summary>Address of its first instruction in the file's own address space; null when all its calls were inlined.</summary>
    public ulong? Address { get; }

    /// <summary>The address behind its first part; null when it has no code of its own.</summary>
    public ulong? EndAddress { get; }

    /// <summary>What it returns; null for <c>void</c>.</summary>
    public DwarfType? ReturnType => new TypeReference(_die.InheritedReference(DwarfAttribute.Type)).Type;

    /// <summary>Its parameters in order, <c>this</c> first.</summary>
    public IReadOnlyList<DwarfParameter> Parameters => _parameters.Value;

    /// <summary>Whether it takes more than its parameters (<c>...</c>).</summary>
    public bool IsVariadic => ParameterEntries().Any(d => d.Tag == DwarfTag.UnspecifiedParameters);

    /// <summary>Whether other units can call it by name.</summary>
    public bool IsExternal => _die.WithOrigins().Any(d => d.IsSet(DwarfAttribute.External));

    /// <summary>The line of its declaration; null when not stated.</summary>
    public int? Line => _die.WithOrigins().Select(d => d.Constant(DwarfAttribute.DeclarationLine)).FirstOrDefault(l => l is not null) is { } line and <= int.MaxValue ? (int)line : null;

    internal Die Die => _die;

    /// <summary>Its name and address, for debugging.</summary>
    public override string ToString() => Address is { } address ? $"{Name}@0x{address:x}" : Name;

    static IEnumerable<Die> ParametersOf(Die die) => die.Children().Where(c => c.Tag is DwarfTag.FormalParameter or DwarfTag.UnspecifiedParameters);

    /// <summary>A function's code may leave its parameters to the entry it is a copy of, or hold them in another order.</summary>
    IEnumerable<Die> ParameterEntries() =>
        _die.Reference(DwarfAttribute.AbstractOrigin)?.Read() is { } origin && ParametersOf(origin).Any()
            ? ParametersOf(origin)
            : _die.WithOrigins().Select(ParametersOf).FirstOrDefault(c => c.Any()) ?? [];

    List<DwarfParameter> ReadParameters()
    {
        const int MostParameters = 256;
        var own = ParametersOf(_die).Take(MostParameters).ToArray();
        var parameters = new List<DwarfParameter>();
        foreach (var die in ParameterEntries())
        {
            if (die.Tag == DwarfTag.FormalParameter && parameters.Count < MostParameters)
            {
                var itself = new DieReference(die.Unit, die.Offset);
                var copy = Array.Find(own, o => o.Reference(DwarfAttribute.AbstractOrigin) == itself) ?? die;
                var location = Address is { } address && copy.TryGet(DwarfAttribute.Location, out var value)
                    ? LocationList.At(copy, value, address, _die)
                    : default;
                parameters.Add(new(
                    die.InheritedText(DwarfAttribute.Name),
                    new TypeReference(die.InheritedReference(DwarfAttribute.Type)),
                    location,
                    die.WithOrigins().Any(d => d.IsSet(DwarfAttribute.Artificial))));
            }
        }

        return parameters;
    }
}

/// <summary>A parameter of a function.</summary>
public sealed class DwarfParameter
{
    readonly TypeReference _type;

    internal DwarfParameter(string? name, TypeReference type, DwarfLocation location, bool isArtificial)
    {
        Name = name;
        _type = type;
        Location = location;
        IsArtificial = isArtificial;
    }

    /// <summary>Its name; null when it has none.</summary>
    public string? Name { get; }

    /// <summary>Its type; null when it is not known.</summary>
    public DwarfType? Type => _type.Type;

    /// <summary>Where the debug information says it is at the function's first instruction.</summary>
    /// <remarks>
    /// Code compiled without optimisation has it only after the function put it there (a <see cref="DwarfLocationKind.FrameAddress"/>, or an offset from the frame register):
    /// at the first instruction the calling convention holds.
    /// </remarks>
    public DwarfLocation Location { get; }

    /// <summary>Whether it is not in the source, as <c>this</c>.</summary>
    public bool IsArtificial { get; }
}
