using Sonde.Engine.Scripts.Sinks;
using Sonde.Engine.Scripts.Values;
using Sonde.Linux;
using Sonde.Script.Binding;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Runs the test or bench probes of a script, and nothing else of it but its begin and end probes.</summary>
sealed class TestRun(LoadedScript script, RecordQueue records, ActionRunner actions, ScriptOutput output)
{
    const long EnoughNs = 1_000_000;
    const long MostIterations = 1_000_000;

    /// <summary>Runs them; 0 when all passed, else 1.</summary>
    public int Run(bool benchmarks)
    {
        var wanted = Find(benchmarks ? ProbeKind.Bench : ProbeKind.Test);
        if (wanted.Count == 0)
        {
            throw new UserErrorException($"the script has no {(benchmarks ? "bench" : "test")} probes");
        }

        RunAll(ProbeKind.Begin);
        output.BeginTests(wanted.Count, benchmarks);
        var failed = new List<string>();
        foreach (var (program, name) in wanted)
        {
            if (benchmarks)
            {
                Measure(program, name);
            }
            else if (!Passes(program, name))
            {
                failed.Add(name);
            }
        }

        if (!benchmarks)
        {
            output.EndTests(failed, wanted.Count - failed.Count);
        }

        RunAll(ProbeKind.End);
        output.End();
        output.Flush();
        return failed.Count > 0 ? 1 : actions.ExitCode ?? 0;
    }

    List<(Bpf.Program Program, string Name)> Find(ProbeKind kind)
    {
        var found = new List<(Bpf.Program, string)>();
        for (var i = 0; i < script.Programs.Count; i++)
        {
            foreach (var probe in script.Script.Programs[i].Probes.Where(probe => probe.Kind == kind))
            {
                found.Add((script.Programs[i], probe.Function.Length > 0 ? probe.Function : probe.Name));
            }
        }

        return found;
    }

    void RunAll(ProbeKind kind)
    {
        foreach (var (program, _) in Find(kind))
        {
            program.TestRun();
        }

        Drain();
    }

    bool Passes(Bpf.Program program, string name)
    {
        output.BeginTest(name);
        var captured = actions.Capture = new Utf8Text();
        var start = Clock.MonotonicNs;
        var returned = program.TestRun();
        var duration = (long)(Clock.MonotonicNs - start);
        Drain();
        actions.Capture = null;
        output.TestResult(name, duration, returned == 0, captured.Written);
        return returned == 0;
    }

    void Measure(Bpf.Program program, string name)
    {
        program.TestRun();
        Drain();
        long iterations = 0;
        var start = Clock.MonotonicNs;
        ulong passed;
        do
        {
            program.TestRun();
            iterations++;
            passed = Clock.MonotonicNs - start;
        }
        while (passed < EnoughNs && iterations < MostIterations);
        Drain();
        output.BenchmarkResult(name, (long)passed / iterations, iterations);
    }

    void Drain()
    {
        while (records.Drain(actions.Run) > 0)
        {
        }
    }
}
