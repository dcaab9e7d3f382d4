using System.Text;
using Sonde.Bpf.Btf;
using Sonde.Engine;
using Sonde.Engine.Output;
using Sonde.Engine.Scripts.Machine;
using Sonde.Engine.Scripts.Python;
using Sonde.Linux;
using Sonde.Script;

namespace Sonde.Cli.Scripts;

/// <summary><c>-l</c>: the probes a pattern matches, or those of a script.</summary>
static class ScriptListing
{
    const int Failed = 1;
    const int BufferBytes = 1 << 16;

    /// <summary>Writes the list.</summary>
    /// <returns>1 when there is no such type of probe, no such file, or an error in the script. That nothing matches is an answer, as it is in bpftrace.</returns>
    public static int Write(ScriptRequest request)
    {
        ScriptRun.RequireProcess(request.ProcessId);
        using var python = new PythonResolver(request.ProcessId, "");
        using var target = ScriptRun.OpenTarget(request, request.ProcessId, python);
        var listing = new ProbeListing(target, request.Verbose);
        try
        {
            return request is { Program: null, File: null } ? WriteMatching(request, listing) : WriteScript(request, listing, target);
        }
        catch (BtfException problem)
        {
            throw new UserErrorException($"the kernel's types cannot be read: {problem.Message}");
        }
    }

    static int WriteScript(ScriptRequest request, ProbeListing listing, MachineTarget target)
    {
        var compiler = new ScriptCompiler(target);
        var source = ScriptRun.ReadSource(request);
        var script = compiler.Read(source, ScriptRun.ParseOptionsOf(request, source));
        ScriptRun.Complain(request, compiler.Diagnostics);
        if (compiler.Diagnostics.HasErrors)
        {
            return Failed;
        }

        return WriteLines(listing.Of(script)) > 0 ? 0 : Explain(listing);
    }

    static int WriteMatching(ScriptRequest request, ProbeListing listing)
    {
        if (listing.Refuse(request.Pattern) is { } reason)
        {
            throw new UserErrorException(reason);
        }

        var everything = request is { ProcessId: not 0, Pattern: ScriptRequest.EveryProbe };
        if (WriteLines(everything ? listing.OfProcess() : listing.Matching(request.Pattern)) > 0)
        {
            return 0;
        }

        var code = Explain(listing);
        if (code == 0)
        {
            Console.Error.WriteLine($"No probes match '{Escape.Text(request.Pattern, 1000)}'");
        }

        return code;
    }

    static int Explain(ProbeListing listing)
    {
        foreach (var message in listing.Problems)
        {
            Console.Error.WriteLine($"ERROR: {Escape.Text(message, 4000)}");
        }

        return listing.Problems.Count > 0 ? Failed : 0;
    }

    static int WriteLines(IEnumerable<string> lines)
    {
        var count = 0;
        try
        {
            using var writer = new StreamWriter(new StandardStream(1), new UTF8Encoding(false), BufferBytes);
            foreach (var line in lines)
            {
                writer.WriteLine(line);
                count++;
            }
        }
        catch (IOException problem) when (problem.HResult == (int)Errno.EPIPE)
        {
            // Whoever reads has seen enough, as with 'head'.
        }

        return count;
    }
}
