namespace Sonde.Engine.Scripts.Machine;

/// <summary>What an attach point of a user function names, besides the file: a function, a place in one, an address, or a line of source.</summary>
/// <param name="Target">The file as written.</param>
sealed record UserLocation(string Target)
{
    /// <summary>The function's name or pattern; empty for addresses and lines.</summary>
    public string Function { get; private init; } = "";

    /// <summary>Whether the name is one of C++, demangled.</summary>
    public bool IsDemangled { get; private init; }

    /// <summary>Bytes from the function's start.</summary>
    public ulong Offset { get; private init; }

    /// <summary>An address in the file's own address space; null when it is a function.</summary>
    public ulong? Address { get; private init; }

    /// <summary>The source file's name or the end of its path; empty for none.</summary>
    public string SourceFile { get; private init; } = "";

    /// <summary>The line in it.</summary>
    public ulong Line { get; private init; }

    /// <summary>The column; 0 for any.</summary>
    public ulong Column { get; private init; }

    /// <summary>Reads the parts <c>FILE:FUNCTION[+OFFSET]</c>, <c>FILE:ADDRESS</c>, <c>FILE:cpp:FUNCTION</c> or <c>FILE@SOURCE:LINE[:COLUMN]</c>.</summary>
    /// <returns>Null when they are none of these; the reason is in <paramref name="problem"/>.</returns>
    public static UserLocation? Parse(IReadOnlyList<string> parts, out string problem)
    {
        problem = "";
        var target = parts[0];
        var at = target.LastIndexOf('@');
        if (at > 0 && ProbeNumber.TryParse(parts[1], out var line) && !File.Exists(target))
        {
            var column = 0UL;
            if (parts.Count == 3 && !ProbeNumber.TryParse(parts[2], out column))
            {
                problem = $"Invalid column: invalid integer: {parts[2]}";
                return null;
            }

            return new(target[..at]) { SourceFile = target[(at + 1)..], Line = line, Column = column };
        }

        var function = parts[^1];
        if (parts.Count == 3)
        {
            if (parts[1] is not ("cpp" or "c++"))
            {
                problem = $"{parts[1]} is not a supported language, only cpp is";
                return null;
            }

            return new(target) { Function = function, IsDemangled = true };
        }

        if (ProbeNumber.TryParse(function, out var address))
        {
            return new(target) { Address = address };
        }

        if (function.Length == 0)
        {
            problem = "No function or address given";
            return null;
        }

        var plus = function.LastIndexOf('+');
        return plus > 0 && ProbeNumber.TryParse(function[(plus + 1)..], out var offset)
            ? new(target) { Function = function[..plus], Offset = offset }
            : new(target) { Function = function };
    }
}
