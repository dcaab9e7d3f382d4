using System.Text;

namespace Sonde.Script.Syntax;

/// <summary>The files of this machine.</summary>
sealed class DiskFiles : IScriptFiles
{
    // No script or header of a sane kind is larger, and /dev/zero is endless.
    const int MostBytes = 16 << 20;

    /// <inheritdoc/>
    public string? Read(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            using MemoryStream content = new();
            byte[] part = new byte[64 << 10];
            for (int length = file.Read(part); length > 0; length = file.Read(part))
            {
                content.Write(part, 0, length);
                if (content.Length > MostBytes)
                {
                    return null;
                }
            }

            return Encoding.UTF8.GetString(content.GetBuffer(), 0, (int)content.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string>? List(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public string Canonical(string path)
    {
        try
        {
            string full = Path.GetFullPath(path);
            return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return path;
        }
    }

    /// <inheritdoc/>
    public bool IsWorldWritable(string path)
    {
        try
        {
            return File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }
}
