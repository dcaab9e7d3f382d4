namespace Sonde.Usdt.Generator;

/// <summary>A method that is a probe: all that is written of it.</summary>
sealed record ProbeMethod
{
    /// <summary>What tools know the probe by.</summary>
    public required string Probe { get; init; }

    /// <summary>Its provider, as an attribute of a type around it says; null when none does, and the assembly decides.</summary>
    public required Provider? Provider { get; init; }

    /// <summary>The method's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its modifiers as they are written, <c>partial</c> the last of them.</summary>
    public required string Modifiers { get; init; }

    /// <summary>The access its companions get; empty for private.</summary>
    public required string Access { get; init; }

    /// <summary>The namespace; empty for none.</summary>
    public required string Namespace { get; init; }

    /// <summary>The types around it, the outermost first, as another part of each begins: <c>partial class Shop</c>.</summary>
    public required EquatableArray<string> Types { get; init; }

    /// <summary>Its parameters.</summary>
    public required EquatableArray<ProbeParameter> Parameters { get; init; }

    /// <summary>Whether its type has a member already that is called as the companion would be.</summary>
    public required bool HasCompanion { get; init; }

    /// <summary>Whether the provider is that of its own type, which then gets a property for it.</summary>
    public required bool ShowsProvider { get; init; }

    /// <summary>Where it stands.</summary>
    public required Place Place { get; init; }

    /// <summary>What asks whether anybody listens.</summary>
    public string Companion => $"Is{Name}Enabled";
}

/// <summary>A provider as an attribute names it.</summary>
readonly record struct Provider(string Name, bool LoadAtStart);

/// <summary>A parameter of a probe.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Declared">Its type, with the modifier <c>this</c> where it has it, as it must be written again.</param>
/// <param name="Passed">The type that is passed: an enumeration's is its underlying one.</param>
/// <param name="IsConverted">Whether the two differ.</param>
readonly record struct ProbeParameter(string Name, string Declared, string Passed, bool IsConverted);
