using Sonde.Engine.Scripts.Machine;
using Sonde.Engine.Scripts.Python;
using Sonde.Script;

namespace Sonde.Cli.Scripts;

/// <summary><c>-l</c>: the probes a pattern matches, or those of a script.</summary>
static class ScriptListing
{
    const int Failed = 1;

    /// <summary>Writes them; the exit code.</summary>
    public static int Write(ScriptRequest request)
    {
        using var python = new PythonResolver(request.ProcessId, "");
        using var target = ScriptRun.OpenTarget(request, request.ProcessId, python);
        var listing = new ProbeListing(target, details: request.Verbose);
        var lines = listing.Matching(request.Pattern);
        if (request is not { Program: null, File: null })
        {
            var compiler = new ScriptCompiler(target);
            var source = ScriptRun.ReadSource(request);
            var script = compiler.Read(source, ScriptRun.ParseOptionsOf(request, source));
            ScriptRun.Complain(request, compiler.Diagnostics);
            if (compiler.Diagnostics.HasErrors)
            {
                return Failed;
            }

            lines = listing.Of(script);
        }

        using var output = new StreamWriter(new StandardStream(1));
        foreach (var line in lines)
        {
            output.WriteLine(line);
        }

        return 0;
    }
}
