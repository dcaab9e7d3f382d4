using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>The verifier refused a program. <see cref="Summary"/> is the line of its log that says why.</summary>
public sealed partial class VerifierException : Exception
{
    internal VerifierException(string operation, Errno errno, string log, IReadOnlyList<Instruction> program)
        : this(operation, errno, log, Summarize(log, program))
    {
    }

    VerifierException(string operation, Errno errno, string log, string summary)
        : base($"{operation}: {errno}. {summary}")
    {
        Errno = errno;
        Log = log;
        Summary = summary;
    }

    /// <summary>What the kernel answered: mostly EACCES or EINVAL.</summary>
    public Errno Errno { get; }

    /// <summary>All the verifier wrote.</summary>
    public string Log { get; }

    /// <summary>Why, and at which instruction of the program, in one line.</summary>
    public string Summary { get; }

    /// <summary>Finds the last line of a log that says something, and the instruction it is about.</summary>
    internal static string Summarize(string log, IReadOnlyList<Instruction> program)
    {
        string[] lines = log.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int last = Array.FindLastIndex(lines, line => !IsStatistics(line));
        if (last < 0)
        {
            return "The verifier gave no reason.";
        }

        StringBuilder summary = new(lines[last].Trim());
        int shown = 1;
        if (LineOfInstruction().IsMatch(lines[last]) is false
            && Array.FindLastIndex(lines, last, line => LineOfInstruction().IsMatch(line)) is >= 0 and int at)
        {
            Match match = LineOfInstruction().Match(lines[at]);
            int slot = int.Parse(match.Groups["slot"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
            summary.Append(CultureInfo.InvariantCulture, $" (at {slot}: {Describe(program, slot) ?? match.Groups["text"].Value.Trim()}");
            shown++;
            if (State(lines, at) is { } state)
            {
                summary.Append("; before it ").Append(state);
                shown++;
            }

            summary.Append(')');
        }

        int omitted = lines.Length - shown;
        return omitted > 0 ? string.Create(CultureInfo.InvariantCulture, $"{summary} [{omitted} log lines omitted]") : summary.ToString();
    }

    // The instruction in our own words, with map and helper names, and the label it stands under.
    static string? Describe(IReadOnlyList<Instruction> program, int wanted)
    {
        int slot = 0;
        Label? label = null;
        foreach (Instruction instruction in program)
        {
            if (instruction is { IsMark: true, Operand: Label mark })
            {
                label = mark;
            }
            else if (slot == wanted)
            {
                return label is null ? instruction.ToString() : $"{instruction}, under {label}";
            }

            slot += instruction.Slots;
        }

        return null;
    }

    // "3: R0=map_value_or_null(...) R10=fp0": the registers, on a line of their own or behind "; " after an instruction.
    static string? State(string[] lines, int instruction)
    {
        for (int i = instruction; i >= Math.Max(0, instruction - 1); i--)
        {
            int start = lines[i].IndexOf("R0", StringComparison.Ordinal);
            int from = start >= 0 && i != instruction ? start : i == instruction ? -1 : FirstRegister().Match(lines[i]) is { Success: true } m ? m.Index : -1;
            if (from >= 0)
            {
                return lines[i][from..].Trim();
            }
        }

        return null;
    }

    static bool IsStatistics(string line) =>
        line.StartsWith("processed ", StringComparison.Ordinal)
        || line.StartsWith("verification time ", StringComparison.Ordinal)
        || line.StartsWith("stack depth ", StringComparison.Ordinal)
        || line.StartsWith("peak_states ", StringComparison.Ordinal)
        || line.StartsWith("max_states_per_insn ", StringComparison.Ordinal);

    [GeneratedRegex(@"^\s*(?<slot>\d+): \([0-9a-f]{2}\) (?<text>[^;]*)", RegexOptions.CultureInvariant)]
    private static partial Regex LineOfInstruction();

    [GeneratedRegex(@"\bR\d+(_\w+)?=", RegexOptions.CultureInvariant)]
    private static partial Regex FirstRegister();
}
