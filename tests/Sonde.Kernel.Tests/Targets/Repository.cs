namespace Sonde.Kernel.Tests.Targets;

/// <summary>Where the tests find what is not compiled into them.</summary>
static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The Python programs that are traced.</summary>
    public static string Targets { get; } = Path.Combine(Root, "tests", "targets");

    /// <summary>The Python modules that Sonde ships.</summary>
    public static string PythonModules { get; } = Path.Combine(Root, "python");

    public static string Artifacts { get; } = Path.Combine(Root, "artifacts");

    static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Sonde.slnx")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return directory ?? throw new DirectoryNotFoundException($"No Sonde.slnx above {AppContext.BaseDirectory}.");
    }
}
