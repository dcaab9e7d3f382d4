using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Targets;
using Sonde.Tests.Script.Specs;

namespace Sonde.Kernel.Tests.Script.Specs;

/// <summary>One run of a spec: what the tool wrote, and how it ended.</summary>
sealed partial record SpecRun(string Output, string Errors, int ExitCode)
{
    /// <summary>The longest a run may take.</summary>
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    /// <summary>Runs a spec in a new directory of its own.</summary>
    public static SpecRun Of(Spec spec, SpecTool tool)
    {
        using SpecTarget target = SpecTarget.Take();
        string directory = Directory.CreateTempSubdirectory("sonde-spec-").FullName;
        try
        {
            var places = new SpecPlaces(target.Path, directory, null);
            if (spec.Beside is null)
            {
                WriteFiles(spec, places);
                return Run(spec, tool, places, null);
            }
            using Target beside = Target.Start("sh", "-c", $"exec {places.Fill(spec.Beside)}");
            beside.WaitFor("ready");
            places = places with { Pid = beside.Pid };
            WriteFiles(spec, places);
            return Run(spec, tool, places, beside);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    static SpecRun Run(Spec spec, SpecTool tool, SpecPlaces places, Target? beside)
    {
        var start = new ProcessStartInfo(tool.Path, places.Words(spec))
        {
            WorkingDirectory = places.Directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Times are written in local time.
        start.Environment["TZ"] = "UTC";
        foreach (string variable in spec.Environment)
        {
            string[] parts = variable.Split('=', 2);
            start.Environment[parts[0]] = places.Fill(parts[1]);
        }
        using var process = Process.Start(start)!;
        Action interrupt = () => { using var kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]); kill.WaitForExit(); };
        Regex? until = spec.Interrupt is null ? null : new Regex(spec.Interrupt);
        void Begin(string line)
        {
            if (beside is not null && Attached().IsMatch(line))
            {
                beside.Send();
            }
        }
        Task<string> output = Collect(process.StandardOutput, line =>
        {
            Begin(line);
            if (until is not null && until.IsMatch(line))
            {
                until = null;
                interrupt();
            }
        });
        Task<string> errors = Collect(process.StandardError, Begin);
        process.StandardInput.Write(spec.Stdin);
        process.StandardInput.Close();
        if (!process.WaitForExit(_patience) || !Task.WaitAll([output, errors], _patience))
        {
            process.Kill(entireProcessTree: true);
            return new SpecRun(output.Wait(_patience) ? output.Result : "", $"did not end in {_patience.TotalSeconds} s", -1);
        }
        return new SpecRun(places.Unfill(output.Result), places.Unfill(Cleaned(errors.Result)), process.ExitCode);
    }

    static void WriteFiles(Spec spec, SpecPlaces places)
    {
        foreach ((string path, string text) in places.Files(spec))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }
    }

    static Task<string> Collect(StreamReader reader, Action<string> see) => Task.Run(() =>
    {
        var text = new StringBuilder();
        var line = new StringBuilder();
        int next;
        while ((next = reader.Read()) >= 0)
        {
            text.Append((char)next);
            if (next != '\n')
            {
                line.Append((char)next);
                continue;
            }
            see(line.ToString());
            line.Clear();
        }
        return text.ToString();
    });

    // Two of bpftrace's warnings are about this machine and not about the program.
    public static string Cleaned(string errors) => string.Join('\n', errors.Split('\n').Where(line =>
        !line.StartsWith("WARNING: Could not read functions from", StringComparison.Ordinal)
        && !line.Contains("couldn't set RLIMIT_MEMLOCK", StringComparison.Ordinal)));

    [GeneratedRegex("^Attached [0-9]+ probes?$|^.\"type\": \"attached_probes\"")]
    private static partial Regex Attached();
}
