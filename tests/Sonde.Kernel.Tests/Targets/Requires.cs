using Xunit;

namespace Sonde.Kernel.Tests.Targets;

/// <summary>What a test cannot run without. It is skipped with the reason where that is missing, and fails in CI, where nothing may be.</summary>
static class Requires
{
    public static void Root() => That(Environment.IsPrivilegedProcess, "needs root");

    /// <summary>A Linux of at least this version.</summary>
    public static void Kernel(int major, int minor) =>
        That(Environment.OSVersion.Version >= new Version(major, minor), $"needs Linux {major}.{minor}; this is {Environment.OSVersion.Version}");

    /// <summary>One of the native programs with probes of their own, built where it is not yet.</summary>
    /// <param name="name">"library", "shop" or "tracing" of eng/usdt-native.</param>
    /// <returns>The folder it is in.</returns>
    public static string NativeUsdt(string name)
    {
        using var build = Target.Start(Path.Combine(Repository.Root, "eng", "usdt-native"), name);
        build.WaitForExit(TimeSpan.FromMinutes(5));
        That(build.ExitCode == 0, $"needs eng/usdt-native {name}: {build.Errors}");
        return build.ReadLine()!;
    }

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
