using Sonde.Engine.Output;
using Sonde.Linux;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>The file that a flow is written to (<see cref="OutputFile"/>), in the format that its extension names.</summary>
public sealed class FlowFile : IDisposable
{
    readonly string _extension;
    readonly OutputFile _file;

    FlowFile(string extension, OutputFile file) => (_extension, _file) = (extension, file);

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

        return new FlowFile(extension, OutputFile.Open(path));
    }

    /// <summary>Empties the file and gives what writes to it, which owns it from then on.</summary>
    /// <param name="startNs">Where time begins, on the kernel's monotonic clock.</param>
    /// <param name="wallOffsetNs">As in <see cref="TextSink"/>; only text shows the time of day.</param>
    public IFlowSink Begin(long startNs, long? wallOffsetNs = null)
    {
        var stream = _file.Begin();
        return _extension switch
        {
            ".jsonl" => new JsonLinesSink(stream, startNs),
            ".json" => new ChromeTraceSink(stream, startNs),
            _ => new TextSink(stream, startNs, wallOffsetNs),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Whether there is something of that name that is neither an ordinary file nor a directory.</summary>
    static bool IsSpecial(string path) => FileStatus.TryRead(path, followsLinks: true, out var status) && !status.IsRegularFile && !status.IsDirectory;
}
