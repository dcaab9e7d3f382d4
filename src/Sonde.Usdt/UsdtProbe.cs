using System.ComponentModel;
using Sonde.Usdt.Image;
using Sonde.Usdt.Native;

namespace Sonde.Usdt;

/// <summary>A probe of a provider: a place in this program where tracers can listen.</summary>
/// <remarks>Safe for concurrent use, also while its provider is loaded and unloaded.</remarks>
public abstract class UsdtProbe
{
    const int LongestName = 128;

    volatile Site _site = Site.Unloaded;

    private protected UsdtProbe(string provider, string name, IReadOnlyList<UsdtArgument> arguments, IReadOnlyList<string> argumentNames)
    {
        if (argumentNames.Count != 0 && argumentNames.Count != arguments.Count)
        {
            throw new ArgumentException($"probe {provider}:{name} has {arguments.Count} arguments, and {argumentNames.Count} names for them were given; give one for each, or none", nameof(argumentNames));
        }

        if (argumentNames.FirstOrDefault(argument => !IsName(argument)) is { } wrong)
        {
            throw new ArgumentException($"probe {provider}:{name}: '{wrong}' cannot be what an argument is called; letters, digits and underscores can, not beginning with a digit, at most {LongestName}", nameof(argumentNames));
        }

        if (argumentNames.Distinct().Count() < argumentNames.Count)
        {
            throw new ArgumentException($"probe {provider}:{name}: two arguments have one name among {string.Join(", ", argumentNames)}", nameof(argumentNames));
        }

        Provider = provider;
        Shape = new ProbeShape(name, arguments, argumentNames);
    }

    /// <summary>The provider's name.</summary>
    public string Provider { get; }

    /// <summary>The probe's name.</summary>
    public string Name => Shape.Name;

    /// <summary>How tracers see the arguments, in order.</summary>
    public IReadOnlyList<UsdtArgument> Arguments => Shape.Arguments;

    /// <summary>Whether a tracer is attached: one memory read. Ask before working out arguments that nobody may want.</summary>
    public bool IsEnabled => _site.IsEnabled;

    internal ProbeShape Shape { get; }

    internal Site Site
    {
        get => _site;
        set => _site = value;
    }

    /// <summary>Whether scripts can ask for an argument by this name.</summary>
    static bool IsName(string name) => name.Length is > 0 and <= LongestName && !char.IsDigit(name[0]) && name.All(static character => character == '_' || char.IsLetterOrDigit(character));

    /// <summary>The probe as <c>provider:name</c>.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public override string ToString() => $"{Provider}:{Name}";
}
