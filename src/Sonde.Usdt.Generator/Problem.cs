using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Sonde.Usdt.Generator;

/// <summary>Something wrong with a probe, and where it stands in the source.</summary>
/// <param name="Kind">What it is: one of <see cref="Problems"/>.</param>
/// <param name="Place">Where.</param>
/// <param name="Words">What is put into its message.</param>
sealed record Problem(DiagnosticDescriptor Kind, Place Place, EquatableArray<string> Words)
{
    public Diagnostic Diagnostic => Diagnostic.Create(Kind, Place.Location, [.. Words]);
}

/// <summary>A place in a source file, equal to the same place of the next compilation.</summary>
readonly record struct Place(string File, TextSpan Span, LinePositionSpan Lines)
{
    public Location Location => Location.Create(File, Span, Lines);

    public static Place Of(Location location) => new(location.SourceTree?.FilePath ?? "", location.SourceSpan, location.GetLineSpan().Span);
}

/// <summary>What can be wrong with a probe. Messages say what was written, what is wrong with it and what to write.</summary>
static class Problems
{
    public static readonly DiagnosticDescriptor NotPartial = Error(
        "USDT001", "A probe is a partial method without a body", "'{0}' cannot be a probe: it is no partial method that returns void and has no body; write 'partial void {0}(…);'");

    public static readonly DiagnosticDescriptor TypeNotPartial = Error(
        "USDT002", "A type with probes is partial", "'{0}' cannot be a probe: its type '{1}' is not partial; write 'partial {2} {1}'");

    public static readonly DiagnosticDescriptor Unsupported = Error(
        "USDT003", "A probe's parameter has a type that tracers can be passed",
        "Parameter '{0}' of probe '{1}' is of type '{2}', which tracers cannot be passed; pass an integer of any size, an enumeration, nint, bool, char, float, double, string, byte[] or ReadOnlyMemory<byte>");

    public static readonly DiagnosticDescriptor TooMany = Error(
        "USDT004", "A probe has at most 12 parameters", "Probe '{0}' has {1} parameters, and tracers can be passed 12; leave some out, or put several into one text");

    public static readonly DiagnosticDescriptor ByReference = Error(
        "USDT005", "A probe's parameters are passed by value", "Parameter '{0}' of probe '{1}' is passed by reference, which a probe cannot be; remove '{2}'");

    public static readonly DiagnosticDescriptor BadName = Error(
        "USDT006", "A name that tools can be told", "'{0}' cannot be the name of {1}; give it {2}");

    public static readonly DiagnosticDescriptor Twice = Error(
        "USDT007", "A provider has a probe of one name once", "Provider '{0}' has the probe '{1}' twice; give this one another name: [UsdtProbe(\"…\")]");

    public static readonly DiagnosticDescriptor Generic = Error(
        "USDT008", "A probe has no type parameters", "'{0}' cannot be a probe: it has type parameters, and tracers must know its arguments' types; write a method for each type");

    public static readonly DiagnosticDescriptor Overloaded = Error(
        "USDT009", "A probe's method has a name of its own", "'{0}' cannot be a probe: another probe of '{1}' is a method of this name; give this one another");

    static DiagnosticDescriptor Error(string id, string title, string message) => new(id, title, message, "Sonde.Usdt", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
