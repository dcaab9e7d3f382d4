using System.Collections.Concurrent;
using System.Globalization;
using Xunit;

namespace Sonde.Kernel.Tests.Targets;

/// <summary>A function as a tracer names it.</summary>
/// <param name="File">Its file, as its code object has it.</param>
/// <param name="Line">The first line, that of the first decorator where there are any.</param>
/// <param name="Name">The qualified name; up to 3.10 as the nesting of classes and defs in the file gives it.</param>
readonly record struct Function(string File, int Line, string Name);

/// <summary>How often a function was entered and left, per way.</summary>
readonly record struct Counts(int Calls, int Returns, int Raises, int Resumes, int Suspends)
{
    public static Counts operator +(Counts left, Counts right) => new(
        left.Calls + right.Calls, left.Returns + right.Returns, left.Raises + right.Raises,
        left.Resumes + right.Resumes, left.Suspends + right.Suspends);
}

/// <summary>What known_calls.py really calls, as sys.setprofile (up to 3.11) or sys.monitoring says.</summary>
/// <param name="Checksum">The result of the section, the same in every run and version.</param>
/// <param name="Functions">Every function of the files that are counted. Calls into other files are not in it.</param>
sealed record Truth(long Checksum, IReadOnlyDictionary<Function, Counts> Functions)
{
    public const string Program = "known_calls.py";

    static readonly ConcurrentDictionary<Interpreter, Truth> _known = new();

    /// <summary>The truth of that interpreter, taken once in a run of the tests.</summary>
    public static Truth Of(Interpreter interpreter) => _known.GetOrAdd(interpreter, Take);

    /// <summary>The files whose functions are counted.</summary>
    public IReadOnlySet<string> Files => Functions.Keys.Select(function => function.File).ToHashSet();

    static Truth Take(Interpreter interpreter)
    {
        using Target target = Target.Start(interpreter, Program, "--truth");
        string text = target.ReadToEnd();
        Assert.True(target.WaitForExit() == 0, target.Errors);
        return Parse(text);
    }

    static Truth Parse(string text)
    {
        long checksum = 0;
        var functions = new Dictionary<Function, Counts>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.Split('\t');
            int Number(int index) => int.Parse(fields[index], CultureInfo.InvariantCulture);
            if (fields[0] == "checksum")
            {
                checksum = Number(1);
            }
            else
            {
                // Two lambdas of one line share their name and, for a tracer, are one function.
                var function = new Function(fields[0], Number(1), fields[2]);
                functions[function] = functions.GetValueOrDefault(function)
                    + new Counts(Number(3), Number(4), Number(5), Number(6), Number(7));
            }
        }
        return new Truth(checksum, functions);
    }
}
