using System.Globalization;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Guests;
using Sonde.Kernel.Tests.Targets;
using Sonde.Tests.Script.Specs;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Specs;

/// <summary>The specs that need what not every kernel has, in a guest whose kernel has it all.</summary>
public class GuestSpecTests
{
    const string Kernel = "bookworm", Target = "/target/spectarget";

    static readonly Spec[] _specs = [.. SpecFile.ReadAll(Path.Combine(Repository.Root, "tests", "specs")).Where(spec => spec.Needs.Count > 0)];

    // One boot runs them all.
    static readonly Lazy<Dictionary<string, string>> _complaints = new(Run);

    public static TheoryData<string> Names => [.. _specs.Select(spec => spec.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Does_what_its_spec_says(string name)
    {
        Requires.That(SpecTool.Chosen.Count > 0, "needs bpftrace, which tests/setup/bpftrace brings");
        Guest.Get(Kernel);
        Assert.True(_complaints.Value[name].Length == 0, _complaints.Value[name]);
    }

    static Dictionary<string, string> Run()
    {
        var files = new Initramfs();
        using (var target = SpecTarget.Take())
        {
            files.AddProgram(target.Path, Target);
        }
        var runs = new List<(Spec Spec, SpecTool Tool, SpecPlaces Places)>();
        foreach (SpecTool tool in SpecTool.Chosen)
        {
            files.AddProgram(tool == SpecTool.Sonde ? NativeSonde.Path : tool.Path, $"/tools/{tool.Name}");
            foreach (Spec spec in _specs.Where(spec => tool == SpecTool.Sonde || spec.Differs is null))
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
        IReadOnlyList<CommandResult> results = Guest.Get(Kernel).Run(files, [.. runs.Select(run => Script(run.Spec, run.Tool, run.Places))]);
        return runs.Zip(results).GroupBy(run => run.First.Spec.Name).ToDictionary(
            group => group.Key, group => string.Concat(group.Select(run => Complaint(run.First.Spec, run.First.Tool, run.First.Places, run.Second))));
    }

    static string Script(Spec spec, SpecTool tool, SpecPlaces places) => spec.Beside is null && spec.Stdin.Length == 0 && spec.Interrupt is null
        ? $"cd {places.Directory}\n{string.Concat(spec.Environment.Select(variable => $"export {Quoted(places.Fill(variable))}\n"))}exec /tools/{tool.Name} {string.Join(' ', places.Words(spec).Select(Quoted))}\n"
        : throw new FormatException($"{spec}: a guest runs single commands only");

    static string Quoted(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    static string Complaint(Spec spec, SpecTool tool, SpecPlaces places, CommandResult result)
    {
        string output = places.Unfill(result.Output), errors = places.Unfill(SpecRun.Cleaned(result.Errors));
        string differences = string.Join('\n', SpecCheck.Differences(spec, output, errors, result.ExitCode));
        return differences.Length == 0 ? "" : $"{spec}\n{tool.Name}: {differences}\noutput:\n{output}\nstandard error:\n{errors}\n";
    }
}
