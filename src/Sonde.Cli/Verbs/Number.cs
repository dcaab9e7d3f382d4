using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Sonde.Cli.Verbs;

/// <summary>Reads numbers from the command line.</summary>
static class Number
{
    /// <summary>Makes what reads a number within bounds; what is read instead of any other is an error of the command line.</summary>
    public static Func<ArgumentResult, T> Between<T>(T least, T most) where T : struct, INumber<T> => result => TryRead(result, least, most, out var number) ? number : least;

    /// <summary>The same for an option that need not be there.</summary>
    public static Func<ArgumentResult, T?> OptionalBetween<T>(T least, T most) where T : struct, INumber<T> => result => TryRead(result, least, most, out var number) ? number : null;

    static bool TryRead<T>(ArgumentResult result, T least, T most, out T number) where T : struct, INumber<T>
    {
        var word = result.Tokens[^1].Value;
        var style = T.IsInteger(T.One / (T.One + T.One)) ? NumberStyles.AllowLeadingSign : NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        var isNumber = T.TryParse(word, style, CultureInfo.InvariantCulture, out number);
        if (isNumber && number >= least && number <= most)
        {
            return true;
        }

        var name = result.Parent is OptionResult option ? option.Option.Name : "number";
        var bounds = most > T.CreateSaturating(1_000_000) ? string.Create(CultureInfo.InvariantCulture, $"at least {least}") : string.Create(CultureInfo.InvariantCulture, $"from {least} to {most}");
        result.AddError(isNumber ? $"{name} {word}: must be {bounds}" : $"{name} '{word}': must be a number, {bounds}");
        return false;
    }
}
