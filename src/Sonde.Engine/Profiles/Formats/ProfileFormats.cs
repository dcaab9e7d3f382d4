using Sonde.Engine.Output;
using Sonde.Engine.Profiles.FlameGraph;
using Sonde.Linux;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>All formats for profiles, and the way from a file to a profile and back.</summary>
public static class ProfileFormats
{
    /// <summary>The formats. Where an extension belongs to several the first has it.</summary>
    public static IReadOnlyList<IProfileFormat> All { get; } =
    [
        new FlameGraphSvgFormat(),
        new FlameGraphHtmlFormat(),
        new SpeedscopeFormat(),
        new RawFormat(),
        new PprofFormat(),
        new ChromeFormat(),
        new GeckoFormat(),
        new PerfettoFormat(),
        new JsonLinesFormat(),
    ];

    /// <summary>The names of all formats, which all can be written, for messages and help.</summary>
    public static string Names => string.Join(", ", All.Select(format => format.Name));

    /// <summary>The names of those that can be read.</summary>
    public static string ReadableNames => string.Join(", ", All.Where(format => format.IsReadable).Select(format => format.Name));

    /// <summary>The format of that name.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static IProfileFormat ByName(string name) =>
        All.FirstOrDefault(format => format.Name == name) ?? throw new UsageException($"format '{name}': there is none of that name; there are {Names}");

    /// <summary>The format that a file name's extension asks for; the longest extension counts, so that <c>.chrome.json</c> is not <c>.json</c>.</summary>
    /// <exception cref="UsageException">None does.</exception>
    public static IProfileFormat ForFile(string path) =>
        All.SelectMany(format => format.Extensions, (format, extension) => (Format: format, Extension: extension))
            .Where(entry => path.EndsWith(entry.Extension, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(entry => entry.Extension.Length)
            .Select(entry => entry.Format)
            .FirstOrDefault()
        ?? throw new UsageException(
            $"'{path}': no format has this extension; use one of {string.Join(' ', All.SelectMany(format => format.Extensions.Take(1)))}, or name the format with -f");

    /// <summary>Reads a profile of whatever format, which its content tells.</summary>
    /// <exception cref="UserErrorException">The file cannot be read, is of no known format, or is damaged.</exception>
    public static Profile ReadFile(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            return Read(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot read '{path}': {FileError.Describe(exception)}");
        }
        catch (FormatException exception)
        {
            throw new UserErrorException($"cannot read '{path}': {exception.Message}");
        }
    }

    /// <summary>Reads a profile of whatever format, which its content tells.</summary>
    /// <exception cref="FormatException">It is of no known format, or damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Profile Read(Stream input)
    {
        var plain = FileContent.Unpack(input);
        var format = FileContent.Recognize(plain);
        try
        {
            return format.Read(plain) ?? throw new FormatException($"a {format.Name} is made to be looked at; keep the profile as .jsonl too, which holds everything");
        }
        catch (FormatException exception) when (exception.InnerException is not FormatException)
        {
            throw new FormatException($"as {format.Name}: {exception.Message}", exception);
        }
        catch (OverflowException exception)
        {
            throw new FormatException($"as {format.Name}: its numbers are too large to be summed", exception);
        }
    }

    /// <summary>Writes a profile to a file, replacing what was there. When that fails no half a file stays behind.</summary>
    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public static void WriteFile(Profile profile, IProfileFormat format, string path) => WriteFile(path, file => format.Write(profile, file));

    internal static void WriteFile(string path, Action<Stream> write)
    {
        bool created = false;
        try
        {
            using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0))
            {
                created = true;
                write(file);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Half a file misleads; a pipe, a device or a link is not ours to remove.
            if (created && FileStatus.TryRead(path, followsLinks: false, out var status) && status.IsRegularFile)
            {
                File.Delete(path);
            }

            throw new UserErrorException($"cannot write '{path}': {FileError.Describe(exception)}");
        }
    }
}
