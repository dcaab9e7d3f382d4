using Xunit;

namespace Sonde.Kernel.Tests.Targets;

/// <summary>What a test cannot run without. It is skipped with the reason where that is missing, and fails in CI, where nothing may be.</summary>
static class Requires
{
    public static void Root() => That(Environment.IsPrivilegedProcess, "needs root");

    /// <summary>A Linux of at least this version.</summary>
    public static void Kernel(int major, int minor) =>
        That(Environment.OSVersion.Version >= new Version(major, minor), $"needs Linux {major}.{minor}; this is {Environment.OSVersion.Version}");

    public static void Program(string path) => That(File.Exists(path), $"needs {path}");

    public static void That(bool met, string reason)
    {
        if (!met && Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail($"{reason}, and in CI nothing is skipped");
        }
        Assert.SkipUnless(met, reason);
    }
}
