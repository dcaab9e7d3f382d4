using System.Diagnostics;
using Sonde.Kernel.Tests.Targets;

namespace Sonde.Kernel.Tests.Guests;

/// <summary>Sonde's native build, which needs nothing in a guest but the C library.</summary>
static class NativeSonde
{
    static readonly Lazy<string> _path = new(Build);

    public static string Path => _path.Value;

    // The start script builds what is new, which CI has done by then.
    static string Build()
    {
        var start = new ProcessStartInfo(System.IO.Path.Combine(Repository.Root, "sonde"), ["--version"]) { RedirectStandardOutput = true };
        using (var script = Process.Start(start)!)
        {
            script.StandardOutput.ReadToEnd();
            script.WaitForExit();
        }
        string? newest = Directory.EnumerateFiles(System.IO.Path.Combine(Repository.Artifacts, "sonde"), "sonde", SearchOption.AllDirectories)
            .Where(path => !File.Exists(path + ".dll")).MaxBy(Directory.GetLastWriteTimeUtc);
        Requires.That(newest is not null, "needs a native build of Sonde");
        return newest!;
    }
}
