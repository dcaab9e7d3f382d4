using Sonde.Engine.Output;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>Makes the sink an output file asks for by its extension.</summary>
public static class FlowSinks
{
    /// <summary>Opens a file, replacing what it held: <c>.jsonl</c> JSON lines, <c>.json</c> a Chrome/Perfetto trace, <c>.txt</c> text.</summary>
    /// <param name="path">The file.</param>
    /// <param name="startNs">Where time begins, on the kernel's monotonic clock.</param>
    /// <param name="wallOffsetNs">As in <see cref="TextSink"/>; only text shows the time of day.</param>
    /// <exception cref="UsageException">The extension names no format; nothing was opened.</exception>
    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public static IFlowSink ForFile(string path, long startNs, long? wallOffsetNs = null)
    {
        switch (Path.GetExtension(path))
        {
            case ".jsonl":
                return new JsonLinesSink(Create(path), startNs);
            case ".json":
                return new ChromeTraceSink(Create(path), startNs);
            case ".txt":
                return new TextSink(Create(path), startNs, wallOffsetNs);
            default:
                throw new UsageException(
                    $"cannot write '{path}': its extension names no format. Use .jsonl (JSON lines), .json (Chrome/Perfetto trace) or .txt (text).");
        }
    }

    static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot write '{path}': {FileError.Describe(error)}. Choose another place.");
        }
    }
}
