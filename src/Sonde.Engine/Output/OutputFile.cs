using Sonde.Linux;

namespace Sonde.Engine.Output;

/// <summary>A file to be written: opened before anything is done, so that what is wrong with it is told before, and begun once there is something to write.</summary>
/// <remarks>What an earlier file of the name held stays until <see cref="Begin"/>; one that was made and not begun is removed again, also where a link led to it.</remarks>
public sealed class OutputFile : IDisposable
{
    /// <summary>Where the file is that was made; null when there was one already.</summary>
    readonly string? _made;
    FileStream? _stream;

    OutputFile(FileStream stream, string? made) => (_stream, _made) = (stream, made);

    /// <summary>Opens a file.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public static OutputFile Open(string path)
    {
        try
        {
            return OpenOrFail(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot write '{path}': {FileError.Describe(error)}. Choose another place.");
        }
    }

    /// <summary>Opens a file, for those who say themselves what is wrong (<see cref="FileError"/>).</summary>
    internal static OutputFile OpenOrFail(string path)
    {
        var isNew = !FileStatus.TryRead(path, followsLinks: true, out _);
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        return new OutputFile(stream, isNew ? PlaceOf(stream, path) : null);
    }

    /// <summary>Where a new file is. A link that led nowhere stays as it is: what was made is at its end. Null when that cannot be found out.</summary>
    static string? PlaceOf(FileStream stream, string path)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/self/fd/{stream.SafeFileHandle.DangerousGetHandle()}", returnFinalTarget: false)?.FullName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new FileInfo(path).LinkTarget is null ? Path.GetFullPath(path) : null;
        }
    }

    /// <summary>Empties the file and gives it; whoever takes it owns it.</summary>
    public Stream Begin()
    {
        var stream = _stream ?? throw new InvalidOperationException("the file was begun before");
        if (stream.CanSeek && stream.Length > 0)
        {
            stream.SetLength(0);
        }

        _stream = null;
        return stream;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_stream is null)
        {
            return;
        }

        // Somebody else may have found the file, and written to it.
        var isEmpty = _stream.CanSeek && _stream.Length == 0;
        _stream.Dispose();
        _stream = null;
        if (_made is not null && isEmpty)
        {
            try
            {
                File.Delete(_made);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // An empty file stays, or its directory has gone. Why nothing was written is being told, and matters more.
            }
        }
    }
}
