using System.Diagnostics.CodeAnalysis;
using Sonde.Symbols.Demangle.Itanium;
using Sonde.Symbols.Demangle.Rust;

namespace Sonde.Symbols.Demangle;

/// <summary>Turns the linker's names of C++ and Rust functions and data into what the source says.</summary>
/// <remarks>
/// Understands the Itanium C++ ABI's mangling, and Rust's legacy and v0 forms. Output follows <c>c++filt</c>, without the hashes of Rust names.
/// Nothing here throws: any text may be given. Time and memory are bounded by <see cref="LongestName"/> and <see cref="LongestResult"/>.
/// </remarks>
public static class Demangler
{
    /// <summary>Longer mangled names are not looked at, in characters.</summary>
    public const int LongestName = 1 << 14;

    /// <summary>Names that become longer than this stay as they are, in characters.</summary>
    public const int LongestResult = 1 << 16;

    /// <summary>The whole name as in the source, with template arguments and parameters.</summary>
    /// <param name="mangled">A symbol's name; a version behind <c>@</c> is ignored.</param>
    /// <param name="name">The name; null when the symbol is not mangled, or not in a way known here.</param>
    public static bool TryDemangle(string mangled, [NotNullWhen(true)] out string? name) =>
        (name = Demangle(mangled, NameParts.All)) is not null;

    /// <summary>The name of a function without its parameters and return type: <c>ns::f&lt;int&gt;</c> for <c>void ns::f&lt;int&gt;(int)</c>.</summary>
    /// <param name="mangled">A symbol's name; a version behind <c>@</c> is ignored.</param>
    /// <returns>The name; null when the symbol is not mangled, or not in a way known here.</returns>
    public static string? FunctionName(string mangled) => Demangle(mangled, NameParts.WithoutParameters);

    /// <summary>Whether a symbol's name looks mangled, which is cheap to know.</summary>
    public static bool IsMangled(ReadOnlySpan<char> name) => name.StartsWith("_Z", StringComparison.Ordinal) || name.StartsWith("_R", StringComparison.Ordinal);

    static string? Demangle(string mangled, NameParts parts)
    {
        ArgumentNullException.ThrowIfNull(mangled);
        if (mangled.Length is < 3 or > LongestName || !IsMangled(mangled))
        {
            return null;
        }

        var version = mangled.IndexOf('@', StringComparison.Ordinal);
        var name = version < 0 ? mangled : mangled[..version];
        return name[1] == 'R' ? RustName.Demangle(name)
            : RustLegacyName.Demangle(name) ?? ItaniumName.Demangle(name, parts);
    }
}

/// <summary>How much of a function's name is wanted.</summary>
enum NameParts
{
    All,
    WithoutParameters,
}
