using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Linux;

namespace Sonde.Engine.Recording;

/// <summary>Where a profile was written, and what was in the way of writing it where it should be.</summary>
/// <param name="Path">The file.</param>
/// <param name="Problem">Why it is another one than asked for, or not whole; null when it is neither.</param>
public readonly record struct WrittenProfile(string Path, string? Problem);

/// <summary>Writes profiles so that a file is whole or not there.</summary>
public static class ProfileFile
{
    /// <summary>The error number of a file that is there already, which .NET keeps as the result code.</summary>
    const int AlreadyThere = 17;

    /// <summary>Writes a profile to a temporary name beside the file, which it then takes the place of. When there is no room, it is kept in another directory.</summary>
    /// <exception cref="UserErrorException">It can be written nowhere.</exception>
    public static WrittenProfile Write(Profile profile, IProfileFormat format, string path)
    {
        string? problem;
        try
        {
            problem = TryWrite(profile, format, path);
            if (problem is null)
            {
                return new WrittenProfile(path, null);
            }
        }
        catch (IOException exception) when (FileError.IsClosedPipe(exception))
        {
            // That is how a pipeline ends: who did not read on does not want it elsewhere either.
            return new WrittenProfile(path, $"writing '{path}' ended early: {FileError.Describe(exception)}");
        }

        foreach (var directory in new[] { Path.GetTempPath(), "/dev/shm", "/var/tmp" })
        {
            if (TryWriteInto(directory, profile, format, path) is { } elsewhere)
            {
                return new WrittenProfile(elsewhere, $"writing '{path}' failed: {problem}");
            }
        }

        throw new UserErrorException($"writing '{path}' failed: {problem}; nor was there room for it in the directories for temporary files");
    }

    /// <summary>Writes a file of a new name into a directory that others may write into, too. Only the user may read it.</summary>
    /// <returns>Its name; null when there is no room for it.</returns>
    static string? TryWriteInto(string directory, Profile profile, IProfileFormat format, string path)
    {
        const int names = 100;
        for (var i = 0; i < names; i++)
        {
            var elsewhere = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(path)}-{Environment.ProcessId}{(i == 0 ? "" : $"-{i}")}{Path.GetExtension(path)}"));
            try
            {
                // Never one that is there: it may be another user's link to anywhere.
                WriteNew(elsewhere, profile, format, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                return elsewhere;
            }
            catch (IOException exception) when (exception.HResult == AlreadyThere)
            {
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }

        return null;
    }

    /// <returns>Why it could not be written; null when it was.</returns>
    static string? TryWrite(Profile profile, IProfileFormat format, string path)
    {
        try
        {
            // A pipe or a device must not be replaced, and has no halves; of a link only what it leads to is replaced.
            var exists = FileStatus.TryRead(path, followsLinks: true, out var status);
            if (exists && !status.IsRegularFile)
            {
                using var stream = new FileStream(path, FileMode.Open, FileAccess.Write);
                format.Write(profile, stream);
                return null;
            }

            path = exists ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
            var temporary = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp";
            WriteNew(temporary, profile, format, mode: null);
            try
            {
                File.Move(temporary, path, overwrite: true);
            }
            catch
            {
                Discard(temporary);
                throw;
            }

            return null;
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException || (exception is IOException failure && !FileError.IsClosedPipe(failure)))
        {
            return FileError.Describe(exception);
        }
    }

    /// <summary>Writes a file that is not there yet; when that fails it is not there afterwards either.</summary>
    static void WriteNew(string path, Profile profile, IProfileFormat format, UnixFileMode? mode)
    {
        using var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode });
        try
        {
            format.Write(profile, stream);
            stream.Flush();
        }
        catch
        {
            Discard(path);
            throw;
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
