using Sonde.Engine.Output;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Linux;

namespace Sonde.Engine.Recording;

/// <summary>Where a profile was written, and what was in the way of writing it where it should be.</summary>
/// <param name="Path">The file.</param>
/// <param name="Problem">Why it is another one than asked for; null when it is not.</param>
public readonly record struct WrittenProfile(string Path, string? Problem);

/// <summary>Writes profiles so that a file is whole or not there.</summary>
public static class ProfileFile
{
    /// <summary>Writes a profile to a temporary name beside the file, which it then takes the place of. When there is no room, it is kept in another directory.</summary>
    /// <exception cref="UserErrorException">It can be written nowhere.</exception>
    public static WrittenProfile Write(Profile profile, IProfileFormat format, string path)
    {
        var problem = TryWrite(profile, format, path);
        if (problem is null)
        {
            return new WrittenProfile(path, null);
        }

        foreach (var directory in new[] { Path.GetTempPath(), "/dev/shm", "/var/tmp" })
        {
            var elsewhere = Path.Combine(directory, $"{Path.GetFileNameWithoutExtension(path)}-{Environment.ProcessId}{Path.GetExtension(path)}");
            if (TryWrite(profile, format, elsewhere) is null)
            {
                return new WrittenProfile(elsewhere, $"writing '{path}' failed: {problem}");
            }
        }

        throw new UserErrorException($"writing '{path}' failed: {problem}; nor was there room for it in the directories for temporary files");
    }

    /// <returns>Why it could not be written; null when it was.</returns>
    static string? TryWrite(Profile profile, IProfileFormat format, string path)
    {
        // A pipe or a device must not be replaced, and has no halves; of a link only what it leads to is replaced.
        var exists = FileStatus.TryRead(path, followsLinks: true, out var status);
        var direct = exists && !status.IsRegularFile;
        if (exists && !direct)
        {
            path = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }

        var temporary = direct ? path : $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, direct ? FileMode.Open : FileMode.Create, FileAccess.Write))
            {
                format.Write(profile, stream);
            }

            if (!direct)
            {
                File.Move(temporary, path, overwrite: true);
            }

            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (!direct)
            {
                Discard(temporary);
            }

            return FileError.Describe(exception);
        }
    }

    static void Discard(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It was never made, or its directory is gone.
        }
    }
}
