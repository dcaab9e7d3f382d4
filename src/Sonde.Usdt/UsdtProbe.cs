using System.ComponentModel;
using Sonde.Usdt.Image;
using Sonde.Usdt.Native;

namespace Sonde.Usdt;

/// <summary>A probe of a provider: a place in this program where tracers can listen.</summary>
/// <remarks>Safe for concurrent use, also while its provider is loaded and unloaded.</remarks>
public abstract class UsdtProbe
{
    volatile Site _site = Site.Unloaded;

    private protected UsdtProbe(string provider, string name, IReadOnlyList<UsdtArgument> arguments, IReadOnlyList<string> argumentNames)
    {
        if (argumentNames.Count != 0 && argumentNames.Count != arguments.Count)
        {
            throw new ArgumentException($"probe {provider}:{name} has {arguments.Count} arguments, and {argumentNames.Count} names for them were given; give one for each, or none", nameof(argumentNames));
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

    /// <summary>The probe as <c>provider:name</c>.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public override string ToString() => $"{Provider}:{Name}";
}
