using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Sonde.Kernel.Tests.Targets;

namespace Sonde.Kernel.Tests.Script.Specs;

/// <summary>A copy of the program tests/targets/spectarget.c for one run alone: a probe in a file is hit by all that run it.</summary>
sealed class SpecTarget : IDisposable
{
    static readonly Lazy<string> _compiled = new(Compile);
    static readonly ConcurrentBag<string> _free = [];
    static int _copies;

    SpecTarget(string path) => Path = path;

    public string Path { get; }

    public static SpecTarget Take() => new(_free.TryTake(out string? path) ? path : Copy());

    /// <summary>Gives it back for another run.</summary>
    public void Dispose() => _free.Add(Path);

    static string Copy()
    {
        string folder = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(_compiled.Value)!, Interlocked.Increment(ref _copies).ToString(CultureInfo.InvariantCulture));
        Directory.CreateDirectory(folder);
        string path = System.IO.Path.Combine(folder, "spectarget");
        // Not written by this process: another thread's child could hold it open for writing, and then it cannot be run.
        Run("cp", "--remove-destination", _compiled.Value, path);
        return path;
    }

    static string Compile()
    {
        string folder = System.IO.Path.Combine(Repository.Artifacts, "spectarget");
        Directory.CreateDirectory(folder);
        string path = System.IO.Path.Combine(folder, "spectarget");
        Run("gcc", "-g", "-O1", "-fno-inline", "-fno-ipa-cp", "-fno-omit-frame-pointer", "-o", path, System.IO.Path.Combine(Repository.Targets, "spectarget.c"));
        return path;
    }

    static void Run(params string[] command)
    {
        using var process = Process.Start(command[0], command[1..]);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{string.Join(' ', command)}' failed.");
        }
    }
}
