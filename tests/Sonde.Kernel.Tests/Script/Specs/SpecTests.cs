using System.Collections.Concurrent;
using Sonde.Kernel.Tests.Targets;
using Sonde.Tests.Script.Specs;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Specs;

/// <summary>Every spec of tests/specs that this kernel can run.</summary>
public class SpecTests
{
    /// <summary>Most of a run is waiting for the kernel, so some others begin meanwhile.</summary>
    const int AtOnce = 4;

    static readonly Dictionary<string, Spec> _specs = SpecFile.ReadAll(Path.Combine(Repository.Root, "tests", "specs"))
        .Where(Facilities.AreHere).ToDictionary(spec => $"{spec.File} {spec.Name}");
    static readonly ConcurrentDictionary<string, Lazy<Task<string>>> _results = new(
        _specs.Select(spec => KeyValuePair.Create(spec.Key, new Lazy<Task<string>>(() => Task.Run(() => Complaints(spec.Value))))));

    public static TheoryData<string> Names => [.. _specs.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task Does_what_its_spec_says(string name)
    {
        Requires.Root();
        Spec spec = _specs[name];
        Task<string> mine = _results[name].Value;
        foreach (Lazy<Task<string>> other in _results.Values.Where(result => !result.IsValueCreated).Take(AtOnce - 1 - _results.Values.Count(IsRunning)))
        {
            _ = other.Value;
        }
        string complaints = await mine;
        Assert.True(complaints.Length == 0, $"{spec}\n{complaints}");
    }

    static bool IsRunning(Lazy<Task<string>> result) => result.IsValueCreated && !result.Value.IsCompleted;

    static string Complaints(Spec spec)
    {
        var complaints = new List<string>();
        foreach (SpecTool tool in SpecTool.Chosen.Where(tool => tool != SpecTool.Bpftrace || spec.Differs is null))
        {
            SpecRun run = SpecRun.Of(spec, tool);
            string[] differences = [.. SpecCheck.Differences(spec, run.Output, run.Errors, run.ExitCode)];
            if (differences.Length > 0)
            {
                complaints.Add($"{tool.Name}: {string.Join('\n', differences)}\noutput:\n{run.Output}\nstandard error:\n{run.Errors}");
            }
        }
        return string.Join('\n', complaints);
    }
}
