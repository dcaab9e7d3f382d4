using Sonde.Engine.Output;
using Sonde.Linux;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>The file that a flow is written to: opened before anything is attached, so that what is wrong with it is told before, and begun once everything is.</summary>
/// <remarks>What an earlier file of the name held stays until <see cref="Begin"/>; one that was made and not begun is removed again, unless there was a link by that name.</remarks>
public sealed class FlowFile : IDisposable
{
    readonly string _path;
    readonly string _extension;
    readonly bool _isNew;
    FileStream? _stream;

    FlowFile(string path, string extension, bool isNew, FileStream stream) => (_path, _extension, _isNew, _stream) = (path, extension, isNew, stream);

    /// <summary>Opens a file: <c>.jsonl</c> JSON lines, <c>.json</c> a Chrome/Perfetto trace, <c>.txt</c> text. What is no ordinary file, such as /dev/null or a pipe, gets text.</summary>
    /// <exception cref="UsageException">The extension names no format; nothing was opened.</exception>
    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public static FlowFile Open(string path)
    {
        var extension = Path.GetExtension(path);
        if (extension is not (".jsonl" or ".json" or ".txt"))
        {
            extension = IsSpecial(path) ? ".txt" : throw new UsageException(
                $"cannot write '{path}': its extension names no format. Use .jsonl (JSON lines), .json (Chrome/Perfetto trace) or .txt (text).");
        }

        try
        {
            // A link that leads nowhere yet is something by that name: it is the user's.
            var isNew = !FileStatus.TryRead(path, followsLinks: false, out _);
            return new FlowFile(path, extension, isNew, new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot write '{path}': {FileError.Describe(error)}. Choose another place.");
        }
    }

    /// <summary>Empties the file and gives what writes to it, which owns it from then on.</summary>
    /// <param name="startNs">Where time begins, on the kernel's monotonic clock.</param>
    /// <param name="wallOffsetNs">As in <see cref="TextSink"/>; only text shows the time of day.</param>
    public IFlowSink Begin(long startNs, long? wallOffsetNs = null)
    {
        var stream = _stream ?? throw new InvalidOperationException("the file was begun before");
        _stream = null;
        if (stream.CanSeek && stream.Length > 0)
        {
            stream.SetLength(0);
        }

        return _extension switch
        {
            ".jsonl" => new JsonLinesSink(stream, startNs),
            ".json" => new ChromeTraceSink(stream, startNs),
            _ => new TextSink(stream, startNs, wallOffsetNs),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_stream is null)
        {
            return;
        }

        _stream.Dispose();
        _stream = null;
        if (_isNew)
        {
            File.Delete(_path);
        }
    }

    /// <summary>Whether there is something of that name that is neither an ordinary file nor a directory.</summary>
    static bool IsSpecial(string path) => FileStatus.TryRead(path, followsLinks: true, out var status) && !status.IsRegularFile && !status.IsDirectory;
}
