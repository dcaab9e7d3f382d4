using Sonde.Script.Conditions;

namespace Sonde.Engine.Flow;

/// <summary>Conditions on arguments, as <see cref="FlowOptions.Where"/> has them.</summary>
public static class FlowCondition
{
    /// <summary>Finds out what is wrong with a condition.</summary>
    /// <returns>The mistake with its place, several lines; null when there is none.</returns>
    public static string? FindMistake(string condition) => PythonConditionParser.Parse(condition).Mistake?.ToString();

    /// <summary>The arguments that a condition asks for.</summary>
    /// <exception cref="UsageException">The condition is wrong.</exception>
    public static IReadOnlyList<string> Names(string condition) => Parse(condition).Names();

    /// <summary>Reads a condition.</summary>
    /// <exception cref="UsageException">It is wrong; the message shows where.</exception>
    internal static PythonCondition Parse(string text)
    {
        var (condition, mistake) = PythonConditionParser.Parse(text);
        return condition ?? throw new UsageException($"--where is not understood:\n{mistake}".TrimEnd());
    }
}
