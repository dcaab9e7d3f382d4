using System.Globalization;
using System.Text;
using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>The verifier refused a program. <see cref="Summary"/> is the line of its log that says why.</summary>
public sealed class VerifierException : Exception
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

    /// <summary>Whether the verifier found nothing wrong but gave up: too many instructions or jumps to follow (kernel/bpf/verifier.c: E2BIG).</summary>
    public bool IsTooComplex => Errno == Errno.E2BIG;

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
        int at = Array.FindLastIndex(lines, last, line => TryParseInstruction(line, out _, out _));
        if (at >= 0 && at != last && TryParseInstruction(lines[at], out int slot, out string text))
        {
            summary.Append(CultureInfo.InvariantCulture, $" (at {slot}: {Describe(program, slot) ?? text}");
            shown++;
            if (StateBefore(lines, at) is { } state)
            {
                summary.Append("; before it ").Append(state);
                shown++;
            }

            summary.Append(')');
        }

        int omitted = lines.Length - shown;
        return omitted > 0 ? string.Create(CultureInfo.InvariantCulture, $"{summary} [{omitted} log lines omitted]") : summary.ToString();
    }

    // "12: (79) r0 = *(u64 *)(r0 +0)", in newer kernels with "; R0_w=..." behind it: what it did, of no use for a refusal.
    static bool TryParseInstruction(string line, out int slot, out string text)
    {
        text = "";
        int colon = line.IndexOf(": (", StringComparison.Ordinal);
        if (colon < 0 || !int.TryParse(line.AsSpan(0, colon), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out slot)
            || line.IndexOf(") ", colon, StringComparison.Ordinal) != colon + 5)
        {
            slot = 0;
            return false;
        }

        text = line[(colon + 7)..].Split(';')[0].Trim();
        return true;
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

    // The registers, "R0=map_value_or_null(...) R10=fp0": on a line of their own before the instruction, or behind the one before.
    static string? StateBefore(string[] lines, int instruction)
    {
        string line = instruction > 0 ? lines[instruction - 1] : "";
        for (int i = line.IndexOf('R', StringComparison.Ordinal); i >= 0; i = line.IndexOf('R', i + 1))
        {
            if (i + 1 < line.Length && char.IsAsciiDigit(line[i + 1]) && line.IndexOf('=', i) > 0)
            {
                return line[i..].Trim();
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
}
