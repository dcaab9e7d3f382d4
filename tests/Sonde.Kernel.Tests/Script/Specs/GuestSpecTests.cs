using System.Globalization;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Guests;
using Sonde.Kernel.Tests.Targets;
using Sonde.Tests.Script.Specs;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Specs;

/// <summary>Specs in guests: those that need what not every kernel has, and what must work on every kernel.</summary>
public class GuestSpecTests
{
    const string HasAll = "bookworm", Target = "/target/spectarget";

    static readonly Spec[] _specs = [.. SpecFile.ReadAll(Path.Combine(Repository.Root, "tests", "specs"))];
    static readonly Spec[] _needing = [.. _specs.Where(spec => spec.Needs.Count > 0)];

    // bpftrace has to be right about its language, not about every kernel.
    static readonly Spec[] _everywhere = SpecTool.Chosen.Contains(SpecTool.Sonde) ? [.. _specs.Where(IsBasic)] : [];

    // One boot of a kernel runs all of its specs.
    static readonly Dictionary<string, Lazy<Dictionary<string, string>>> _complaints = Guest.All.ToDictionary(
        guest => guest.Name, guest => new Lazy<Dictionary<string, string>>(() => Run(guest)));

    public static TheoryData<string, string> Names => [.. Guest.All.SelectMany(guest => Of(guest).Select(spec => (guest.Name, spec.Name)))];

    [Theory, MemberData(nameof(Names))]
    public void Does_what_its_spec_says(string kernel, string name)
    {
        Guest.Get(kernel);
        string complaint = _complaints[kernel].Value[name];
        Assert.True(complaint.Length == 0, complaint);
    }

    static IEnumerable<Spec> Of(Guest guest) => guest.Name == HasAll ? _needing.Concat(_everywhere) : _everywhere;

    static bool IsBasic(Spec spec) => spec.Needs.Count == 0 && spec.Beside is null && spec.Interrupt is null && spec.Name == spec.Feature
        && spec.Feature.Split('.')[0] is ("probe" or "aggregation" or "output");

    static Dictionary<string, string> Run(Guest guest)
    {
        var files = new Initramfs();
        using (var target = SpecTarget.Take())
        {
            files.AddProgram(target.Path, Target);
        }
        if (guest.Name == HasAll)
        {
            guest.AddModules(files, "dummy", "watchdog", "softdog");
        }
        var runs = new List<(Spec Spec, SpecTool Tool, SpecPlaces Places)>();
        foreach (SpecTool tool in SpecTool.Chosen)
        {
            files.AddProgram(tool == SpecTool.Sonde ? NativeSonde.Path : tool.Path, $"/tools/{tool.Name}/bpftrace");
            foreach (Spec spec in Of(guest).Where(spec => tool == SpecTool.Sonde || spec.Differs is null))
            {
                runs.Add((spec, tool, new SpecPlaces(Target, string.Create(CultureInfo.InvariantCulture, $"/run/{runs.Count}"), null)));
            }
        }
        foreach ((Spec spec, _, SpecPlaces places) in runs)
        {
            files.AddFolder(places.Directory);
            foreach ((string path, string text) in places.Files(spec))
            {
                files.Add(path, text);
            }
        }
        IReadOnlyList<CommandResult> results = guest.Run(files, [.. runs.Select(run => Script(run.Spec, run.Tool, run.Places))]);
        return runs.Zip(results).GroupBy(run => run.First.Spec.Name).ToDictionary(
            group => group.Key, group => string.Concat(group.Select(run => Complaint(run.First.Spec, run.First.Tool, run.First.Places, run.Second))));
    }

    static string Script(Spec spec, SpecTool tool, SpecPlaces places) => spec.Beside is null && spec.Stdin.Length == 0 && spec.Interrupt is null
        ? $"cd {places.Directory}\n{string.Concat(spec.Environment.Select(variable => $"export {Quoted(places.Fill(variable))}\n"))}exec /tools/{tool.Name}/bpftrace {string.Join(' ', places.Words(spec).Select(Quoted))}\n"
        : throw new FormatException($"{spec}: a guest runs single commands only");

    static string Quoted(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    static string Complaint(Spec spec, SpecTool tool, SpecPlaces places, CommandResult result)
    {
        string output = places.Unfill(result.Output), errors = places.Unfill(SpecRun.Cleaned(result.Errors));
        string differences = string.Join('\n', SpecCheck.Differences(spec, output, errors, result.ExitCode));
        return differences.Length == 0 ? "" : $"{spec}\n{tool.Name}: {differences}\noutput:\n{output}\nstandard error:\n{errors}\n";
    }
}
