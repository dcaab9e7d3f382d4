using System.Globalization;

namespace Sonde.Usdt;

/// <summary>The file of a provider that tracers are to find by its path, for as long as it is loaded.</summary>
sealed class ProviderFile : IDisposable
{
    const string Extension = ".usdt.so";

    ProviderFile(string path)
    {
        Path = path;
        AppDomain.CurrentDomain.ProcessExit += Remove;
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Writes a provider's image into a directory, and removes what processes left there that did not live to do it.</summary>
    public static ProviderFile Create(string directory, string provider, byte[] image)
    {
        directory = System.IO.Path.GetFullPath(directory);
        System.IO.Directory.CreateDirectory(directory);
        Sweep(directory);
        for (var number = 0; ; number++)
        {
            var path = System.IO.Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{provider}.{Environment.ProcessId}.{number}{Extension}"));
            try
            {
                using var stream = new FileStream(path, new FileStreamOptions
                {
                    Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                });
                stream.Write(image);
                return new ProviderFile(path);
            }
            catch (IOException) when (File.Exists(path) && number < 10_000)
            {
                // A second provider of that name, or one of a process that had our number before.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Remove;
        Remove(null, EventArgs.Empty);
    }

    void Remove(object? sender, EventArgs arguments) => TryDelete(Path);

    static void Sweep(string directory)
    {
        foreach (var path in System.IO.Directory.EnumerateFiles(directory, "*" + Extension))
        {
            // provider.PID.number.usdt.so
            var parts = System.IO.Path.GetFileName(path)[..^Extension.Length].Split('.');
            if (parts.Length >= 3 && int.TryParse(parts[^2], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && !System.IO.Directory.Exists($"/proc/{pid}"))
            {
                TryDelete(path);
            }
        }
    }

    static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Another user's, or gone already.
        }
    }
}
