using System.Diagnostics;
using Xunit;

namespace Sonde.Kernel.Tests.Targets;

/// <summary>A CPython build of the list in tests/setup/interpreters.</summary>
/// <param name="Name">Its name in that list.</param>
/// <param name="Version">Its version as it says itself.</param>
/// <param name="Root">The root directory it runs in; "/" for this machine's own.</param>
/// <param name="Path">Its program, as seen in that root directory; empty when it is not on this machine.</param>
sealed record Interpreter(string Name, Version Version, string Root, string Path)
{
    /// <summary>True when it runs in a root directory and namespaces of its own, as in a container.</summary>
    public bool IsContained => Root != "/";

    /// <summary>The program as this process can open it.</summary>
    public string HostPath => IsContained ? Root + Path : Path;

    public override string ToString() => Name;
}

/// <summary>The CPython builds to test against.</summary>
/// <example><code>
/// [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
/// public void Sees_every_call(string name) { Interpreter interpreter = Interpreters.Get(name); … }
/// </code></example>
static class Interpreters
{
    static readonly Dictionary<string, Interpreter> _all = Read();

    /// <summary>Every name of the list, missing builds included: <see cref="Get"/> skips those, so that they are counted.</summary>
    public static TheoryData<string> Names => [.. _all.Keys];

    /// <summary>The build of that name; the test is skipped where it is missing.</summary>
    public static Interpreter Get(string name)
    {
        Interpreter interpreter = _all[name];
        Requires.That(interpreter.Path.Length > 0, $"needs the interpreter {name}");
        if (interpreter.IsContained)
        {
            Requires.Root();
        }
        return interpreter;
    }

    /// <summary>The newest build of this minor version that runs in this machine's own root directory.</summary>
    public static Interpreter OfVersion(int minor)
    {
        Interpreter? newest = _all.Values
            .Where(interpreter => interpreter.Path.Length > 0 && !interpreter.IsContained && interpreter.Version.Minor == minor)
            .MaxBy(interpreter => interpreter.Version);
        Requires.That(newest is not null, $"needs a CPython 3.{minor}");
        return newest!;
    }

    /// <summary>The newest build that runs in this machine's own root directory, for tests to which the version does not matter.</summary>
    public static Interpreter Any()
    {
        Interpreter? newest = _all.Values
            .Where(interpreter => interpreter.Path.Length > 0 && !interpreter.IsContained)
            .MaxBy(interpreter => interpreter.Version);
        Requires.That(newest is not null, "needs a CPython");
        return newest!;
    }

    /// <summary>Starts a program of tests/targets with a CPython that has numpy and greenlet, and waits until it is ready; the test is skipped where tests/setup/packages-root cannot make one.</summary>
    public static Target StartWithPackages(string program)
    {
        Requires.Root();
        string file = Path.Combine(Repository.Artifacts, "packages.tsv");
        if (!File.Exists(file))
        {
            using var process = Process.Start(Path.Combine(Repository.Root, "tests", "setup", "packages-root"));
            process.WaitForExit();
        }

        Requires.That(File.Exists(file), "needs a CPython with numpy and greenlet");
        return File.ReadAllText(file).TrimEnd().Split('\t') is [var version, var root, var path, var libraries]
            ? Target.StartReady(new Interpreter("packages", Version.Parse(version), root, path), program, [], new() { ["LD_LIBRARY_PATH"] = libraries })
            : throw new InvalidOperationException($"{file} is not as tests/setup/packages-root writes it");
    }

    static Dictionary<string, Interpreter> Read()
    {
        string file = Path.Combine(Repository.Artifacts, "interpreters.tsv");
        if (!File.Exists(file))
        {
            using var process = Process.Start(Path.Combine(Repository.Root, "tests", "setup", "find-interpreters"));
            process.WaitForExit();
        }
        return File.ReadLines(file).Select(Parse).ToDictionary(interpreter => interpreter.Name);
    }

    static Interpreter Parse(string line)
    {
        string[] fields = line.Split('\t');
        return fields[1] == "-"
            ? new Interpreter(fields[0], new Version(0, 0), "/", "")
            : new Interpreter(fields[0], Version.Parse(fields[1]), fields[2], fields[3]);
    }
}
